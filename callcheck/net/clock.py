"""Run time: microseconds of the monotonic clock since a run began."""

from __future__ import annotations

import time


class Clock:
    """Counts from `origin_ns`, a reading of CLOCK_MONOTONIC, which all processes of this boot share."""

    def __init__(self, origin_ns: int | None = None) -> None:
        self.origin_ns = time.monotonic_ns() if origin_ns is None else origin_ns

    def now_us(self) -> int:
        return (time.monotonic_ns() - self.origin_ns) // 1000

    def from_realtime_ns(self, realtime_ns: int) -> int:
        """Run time of a kernel stamp, which is CLOCK_REALTIME: both clocks are read together to relate them."""
        ahead_ns = time.time_ns() - time.monotonic_ns()
        return (realtime_ns - ahead_ns - self.origin_ns) // 1000
