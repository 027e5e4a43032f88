"""What may be wrong with a server: its answers are withheld, held back, replaced or rationed on their way out."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from random import Random
from typing import Final, Literal, Protocol

from callcheck.lab.servers.responder import (
    Address,
    Datagram,
    DatagramFactory,
    DatagramResponder,
    Setting,
    StreamFactory,
    StreamResponder,
)
from callcheck.lab.servers.tcp_accept import Listener

Fault = Literal["silent", "refusing", "slow", "garbage", "rate_limited"]
FAULTS: Final = frozenset({"silent", "refusing", "slow", "garbage", "rate_limited"})

ANSWERS_PER_SECOND: Final = 10.0
ANSWERS_AT_ONCE: Final = 10.0
"""What a rate-limited server gives one client address; both are the lab's choice, no real server's figure."""
_MOST_LIMITED_CLIENTS: Final = 4096

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
    Garbage is 1 to 512 random bytes in place of each answer. Rationing needs to know who asked: see `limited_datagrams`
    and `limited_streams`, which stand before this door.
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
            case None | "rate_limited":
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


class AskerLimit:
    """A token bucket for each client's IP address: so many answers at once, and so many a second after them.

    It remembers 4096 addresses; the one that asked longest ago is forgotten first, and begins anew if it comes back.
    """

    def __init__(
        self,
        monotonic_s: Callable[[], float],
        *,
        per_second: float = ANSWERS_PER_SECOND,
        at_once: float = ANSWERS_AT_ONCE,
    ) -> None:
        self._monotonic_s = monotonic_s
        self._per_second = per_second
        self._at_once = at_once
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def admits(self, client_ip: str) -> bool:
        """Whether one more answer may go to the client; if so it is counted."""
        now_s = self._monotonic_s()
        left, counted_s = self._left.pop(client_ip, (self._at_once, now_s))
        left = min(self._at_once, left + (now_s - counted_s) * self._per_second)
        is_admitted = left >= 1.0
        self._left[client_ip] = (left - is_admitted, now_s)
        if len(self._left) > _MOST_LIMITED_CLIENTS:
            self._left.popitem(last=False)
        return is_admitted


class AnswerDoor:
    """The whole fault of an endpoint that has sockets of its own: an outlet, and a limit where there is one."""

    def __init__(self, fault: Fault | None, setting: Setting) -> None:
        loop = asyncio.get_running_loop()
        self._outlet = Outlet(fault, Random(setting.random.getrandbits(64)), loop)
        self._limit = AskerLimit(setting.monotonic_s) if fault == "rate_limited" else None

    def answer(self, answer: bytes, asker: Address, deliver: Callable[[bytes], None]) -> None:
        """Hand the answer to `deliver`, unless it is withheld from this asker."""
        if self._limit is None or self._limit.admits(asker[0]):
            self._outlet.pass_on(answer, deliver)

    def close(self) -> None:
        """Forget the answers that are still waiting."""
        self._outlet.close()


def limited_datagrams(make_responder: DatagramFactory) -> DatagramFactory:
    """The same kind of server, which withholds answers from a client that asks too often.

    What it hands on to somebody else (a relay's data) is no answer, and is not limited.
    """

    def make(setting: Setting) -> DatagramResponder:
        return _LimitedDatagrams(make_responder(setting), AskerLimit(setting.monotonic_s))

    return make


def limited_streams(make_responder: StreamFactory, monotonic_s: Callable[[], float]) -> StreamFactory:
    """The same kind of server, which leaves a client's connections unanswered when there are too many in a second.

    Such a connection is accepted and read, as a process cannot refuse a handshake that the system has made.
    """
    limit = AskerLimit(monotonic_s)

    def make(setting: Setting, peer: Address) -> StreamResponder:
        return make_responder(setting, peer) if limit.admits(peer[0]) else Listener()

    return make


class _LimitedDatagrams:
    def __init__(self, responder: DatagramResponder, limit: AskerLimit) -> None:
        self._responder = responder
        self._limit = limit

    def received(self, data: bytes, source: Address) -> Iterable[Datagram]:
        for answer in self._responder.received(data, source):
            if answer.destination != source or self._limit.admits(source[0]):
                yield answer
