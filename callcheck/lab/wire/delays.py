"""What holds packets on a wire whatever they carry: stalls of a radio, and jitter from other people's packets."""

import math
from typing import Final

from callcheck.lab.wire import chance

_JITTER_STEP_NS: Final = 10_000_000
_JITTER_KEPT: Final = math.exp(-10 / 50)  # share of the state kept over one 10 ms step: a memory of 50 ms
_JITTER_FRESH: Final = math.sqrt(1 - _JITTER_KEPT**2)
_JITTER_REACH: Final = 40  # steps after which the past weighs less than one part in 2 000


class Stall:
    """Holds everything for a while, once in a period, as a radio does that is away or asleep; counts what it `held`."""

    __slots__ = ("_held_ns", "_offset_ns", "_period_ns", "held")

    def __init__(self, stall_ms: float, every_ms: float, offset_ns: int) -> None:
        self._held_ns = round(stall_ms * 1e6)
        self._period_ns = round(every_ms * 1e6)
        self._offset_ns = offset_ns
        self.held = 0

    def released_ns(self, arrival_ns: int) -> int:
        left_ns = self._held_ns - (arrival_ns + self._offset_ns) % self._period_ns
        if left_ns <= 0:
            return arrival_ns
        self.held += 1
        return arrival_ns + left_ns


class Jitter:
    """Extra delay that wanders: |x| times `jitter_ms`, where x is a standard normal AR(1) process of time.

    The process has a step of 10 ms and a memory of 50 ms. Between two steps it is their weighted sum, scaled so that it
    stays standard normal. It depends on the source and the time alone: it stands for other people's packets, which do
    not care about ours. Its mean is about 0.8 and its median about 0.7 of `jitter_ms`.
    """

    __slots__ = ("_jitter_ns", "_next", "_source", "_state", "_step")

    def __init__(self, jitter_ms: float, source: bytes) -> None:
        self._jitter_ns = jitter_ms * 1e6
        self._source = source
        self._step = -_JITTER_REACH  # the step that `_state` belongs to; `_next` is the one after it
        self._state = self._next = 0.0

    def extra_ns(self, since_start_ns: int) -> int:
        step, part_ns = divmod(max(0, since_start_ns), _JITTER_STEP_NS)
        if step > self._step:
            self._advance(step)
        part = part_ns / _JITTER_STEP_NS
        mixed = self._state + (self._next - self._state) * part
        spread = math.sqrt(1 - 2 * part * (1 - part) * (1 - _JITTER_KEPT))
        return round(abs(mixed) / spread * self._jitter_ns)

    def _advance(self, step: int) -> None:
        if step - self._step > _JITTER_REACH:
            self._step = step - _JITTER_REACH
            self._state = self._next = 0.0
        while self._step < step:
            self._step += 1
            self._state = self._next
            self._next = _JITTER_KEPT * self._state + _JITTER_FRESH * chance.normal(self._source, self._step)
