"""Run time: microseconds of the monotonic clock since a run began."""

from __future__ import annotations

import time

_OLDEST_STAMP_NS = 10_000_000_000


class Clock:
    """Counts from `origin_ns`, a reading of CLOCK_MONOTONIC, which all processes of this boot share."""

    def __init__(self, origin_ns: int | None = None) -> None:
        self.origin_ns = time.monotonic_ns() if origin_ns is None else origin_ns

    @classmethod
    def going_on(cls, elapsed_us: int) -> Clock:
        """The clock of a run that began `elapsed_us` ago."""
        return cls(time.monotonic_ns() - elapsed_us * 1000)

    def now_us(self) -> int:
        return (time.monotonic_ns() - self.origin_ns) // 1000

    def from_realtime_ns(self, realtime_ns: int) -> int:
        """Run time of a kernel stamp, which is CLOCK_REALTIME: both clocks are read together to relate them.

        A stamp that is not of the last seconds belongs to a clock that was set meanwhile; now is nearer the truth.
        """
        monotonic_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        age_ns = wall_ns - realtime_ns
        if not 0 <= age_ns < _OLDEST_STAMP_NS:
            age_ns = 0
        return (monotonic_ns - age_ns - self.origin_ns) // 1000
