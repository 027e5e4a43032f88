"""When the packets of one arm are due: pure arithmetic in monotonic nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass

from callcheck.api import Arm

NS_PER_S = 1_000_000_000
SHORTEST_WAIT_NS = 300_000_000
LONGEST_WAIT_NS = 4 * NS_PER_S  # as irtt waits
UNKNOWN_WAIT_NS = 2 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Schedule:
    """Due times of one arm. Packet n is due at `start_ns` + n / `rate_pps`, as long as that is before `end_ns`.

    With `twins_apart_ns` packets go in pairs: an odd one that long after the even one before it, the pairs at half the
    rate. Seconds are counted from `flow_start_ns`, which the arms of one run share. Times never build upon each other,
    so an error in one does not move the next.
    """

    flow_start_ns: int
    start_ns: int
    end_ns: int
    rate_pps: float
    twins_apart_ns: int = 0

    def due_ns(self, number: int) -> int:
        if not self.twins_apart_ns:
            return self.start_ns + round(number * NS_PER_S / self.rate_pps)
        pair_ns = round((number & ~1) * NS_PER_S / self.rate_pps)
        return self.start_ns + pair_ns + (number & 1) * self.twins_apart_ns

    @property
    def packets(self) -> int:
        """How many packets are due in all."""
        return self._first_due_from(self.end_ns)

    def numbers_of(self, second: int) -> range:
        """The packets that are due in this second of the run."""
        begin_ns = self.flow_start_ns + second * NS_PER_S
        return range(self._first_due_from(begin_ns), self._first_due_from(min(begin_ns + NS_PER_S, self.end_ns)))

    def second_at(self, at_ns: int) -> int:
        return (at_ns - self.flow_start_ns) // NS_PER_S

    def end_of(self, second: int) -> int:
        return min(self.flow_start_ns + (second + 1) * NS_PER_S, self.end_ns)

    @property
    def seconds(self) -> range:
        """The seconds of the run in which packets of this arm are due."""
        if not self.packets:
            return range(0)
        return range(self.second_at(self.due_ns(0)), self.second_at(self.due_ns(self.packets - 1)) + 1)

    def _first_due_from(self, at_ns: int) -> int:
        if at_ns <= self.start_ns:
            return 0
        number = max(0, int((at_ns - self.start_ns) * self.rate_pps / NS_PER_S) - 2)
        while self.due_ns(number) < at_ns:
            number += 1
        return number


def schedule_of(arm: Arm, *, flow_start_ns: int, begin_ns: int, run_end_ns: int) -> Schedule:
    """The schedule of an arm whose times count from `begin_ns`, in a run that ends at `run_end_ns`."""
    start_ns = begin_ns + round(arm.start_s * NS_PER_S)
    stop_ns = run_end_ns if arm.stop_s is None else min(run_end_ns, begin_ns + round(arm.stop_s * NS_PER_S))
    twins_apart_ns = round(arm.twins_apart_s * NS_PER_S)
    return Schedule(flow_start_ns, start_ns, max(start_ns, stop_ns), arm.rate_pps, twins_apart_ns)


def answer_wait_ns(longest_rtt_ns: int | None) -> int:
    """How long after the end of a second its packets may still come back: irtt's three longest round trips, but
    between 0.3 s and 4 s (facts/inference.md 2 and 7); 2 s while no round trip is known."""
    if longest_rtt_ns is None:
        return UNKNOWN_WAIT_NS
    return max(SHORTEST_WAIT_NS, min(3 * longest_rtt_ns, LONGEST_WAIT_NS))
