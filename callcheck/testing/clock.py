"""An event loop whose clock is a number: sleeping costs nothing, and a test of ten seconds ends at once."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

# A thread cannot be seen from the loop; this much real time is given to one before the loop counts as stuck.
_THREAD_GRACE_S = 1.0
# A run longer than this, or one that turns this often while no time passes, will not end by itself.
_LONGEST_RUN_S = 5_000.0
_MOST_TURNS_AT_ONE_TIME = 50_000


class StalledError(RuntimeError):
    """The run will never end: all wait for what no timer and no peer will bring, or turn in a circle."""


class _VirtualSelector(selectors.SelectSelector):
    """Moves the clock forward where another selector would wait."""

    def __init__(self, now_s: float) -> None:
        super().__init__()
        self.now_s = now_s
        self._turns_at_this_time = 0
        self._ends_s = now_s + _LONGEST_RUN_S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            ready = super().select(_THREAD_GRACE_S)
            if not ready:
                raise StalledError("waits for something that never comes")
        elif not ready and timeout is not None:
            self._advance(timeout)
        return ready

    def _advance(self, seconds: float) -> None:
        self._turns_at_this_time = 0 if seconds > 0 else self._turns_at_this_time + 1
        self.now_s += max(seconds, 0.0)
        if self._turns_at_this_time > _MOST_TURNS_AT_ONE_TIME or self.now_s > self._ends_s:
            # What was running is cancelled next, and gets the same limits for its last words.
            self._turns_at_this_time = 0
            self._ends_s = self.now_s + _LONGEST_RUN_S
            raise StalledError("goes on for ever")


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop in virtual time, from `now_s` on. `asyncio.sleep` and `asyncio.timeout` follow it; threads do
    not."""

    def __init__(self, now_s: float = 0.0) -> None:
        self._virtual_selector = _VirtualSelector(now_s)
        super().__init__(self._virtual_selector)

    def time(self) -> float:
        return self._virtual_selector.now_s


def run_virtual(coroutine: Coroutine[Any, Any, T], *, from_s: float = 0.0) -> T:
    """Run a coroutine to its end in virtual time, as `asyncio.run` does in real time; `from_s` seconds have passed when
    it begins. Raises StalledError."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(from_s)) as runner:
        return runner.run(coroutine)
