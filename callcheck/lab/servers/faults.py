"""What may be wrong with a server: its answers are withheld, held back or replaced on their way out."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final, Literal, Protocol

Fault = Literal["silent", "refusing", "slow", "garbage"]
FAULTS: Final = frozenset({"silent", "refusing", "slow", "garbage"})

SLOW_MIN_S: Final = 2.0
SLOW_MAX_S: Final = 6.0
_GARBAGE_MAX_BYTES: Final = 512
_MOST_WAITING_ANSWERS: Final = 4096


class Timer(Protocol):
    """What `Scheduler.call_later` gives back."""

    def cancel(self) -> None: ...


class Scheduler(Protocol):
    """The part of an asyncio loop that an outlet needs."""

    def time(self) -> float: ...
    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer: ...


class Outlet:
    """The door through which answers leave an endpoint or a connection.

    Slow answers leave 2 to 6 s later (drawn by the seed) and never overtake each other; at most 4096 wait at a time.
    Garbage is 1 to 512 random bytes in place of each answer.
    """

    def __init__(self, fault: Fault | None, random: Random, scheduler: Scheduler) -> None:
        self._fault = fault
        self._random = random
        self._scheduler = scheduler
        self._waiting: dict[int, Timer] = {}
        self._next_ticket = 0
        self._last_due_s = 0.0

    def pass_on(self, answer: bytes, deliver: Callable[[bytes], None]) -> None:
        """Hand the answer, or what the fault makes of it, to `deliver` at once, later or never."""
        match self._fault:
            case None:
                deliver(answer)
            case "garbage":
                deliver(self._random.randbytes(self._random.randint(1, _GARBAGE_MAX_BYTES)))
            case "slow":
                self._hold(answer, deliver)
            case "silent" | "refusing":
                return

    def close(self) -> None:
        """Forget the answers that are still waiting."""
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    def _hold(self, answer: bytes, deliver: Callable[[bytes], None]) -> None:
        if len(self._waiting) >= _MOST_WAITING_ANSWERS:
            return
        ticket = self._next_ticket
        self._next_ticket += 1

        def leave() -> None:
            self._waiting.pop(ticket, None)
            deliver(answer)

        now_s = self._scheduler.time()
        due_s = max(now_s + self._random.uniform(SLOW_MIN_S, SLOW_MAX_S), self._last_due_s)
        self._last_due_s = due_s
        self._waiting[ticket] = self._scheduler.call_later(due_s - now_s, leave)
