"""How well callcheck itself kept time: a late instrument may accuse nobody (facts/inference.md 6)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from callcheck.model import FlowSecond, Instrument, Observation
from callcheck.report.flows import flow_second

# Beyond 20 ms at p99, or more than 1 % of intervals missed by half, a run is invalid (irtt's timer_miss).
_LATEST_P99_MS = 20.0
_MISSED_SHARE = 0.01

_Interval = tuple[int, int]
"""How long after the packet before it a packet was due, and how long after it left, in microseconds."""


def instrument_of(observations: Iterable[Observation]) -> Instrument:
    """Read the send times of every flow: each interval between two packets against the same interval of the schedule.

    A packet that is late makes one interval too long and the next too short; a schedule that is late as a whole, or a
    clock that drifts, makes none.
    """
    seconds = [second for one in observations if (second := flow_second(one)) is not None]
    if not any(second.sent_us for second in seconds):
        return Instrument(send_lateness_p99_ms=None, valid=None)
    events = tuple(sorted({event for second in seconds for event in second.events}))
    intervals = list(_intervals(seconds))
    if not intervals:
        return Instrument(send_lateness_p99_ms=None, valid=False if events else None, events=events)
    p99_ms = _percentile(sorted(abs(left - due) for due, left in intervals), 0.99) / 1000
    missed = sum(2 * (left - due) >= due > 0 for due, left in intervals)
    return Instrument(
        send_lateness_p99_ms=round(p99_ms, 3),
        valid=p99_ms <= _LATEST_P99_MS and missed <= _MISSED_SHARE * len(intervals) and not events,
        events=events,
    )


def _intervals(seconds: Iterable[FlowSecond]) -> Iterator[_Interval]:
    """Between neighbours of one arm. An arm's name comes again in another round, whose numbers begin anew."""
    last: dict[str, tuple[int, int, int]] = {}
    for second in seconds:
        packets = list(zip(second.scheduled_us, second.sent_us, strict=False))
        before = last.get(second.arm)
        if before is not None and packets and before[0] == second.first_number:
            packets.insert(0, before[1:])
        yield from (
            (due - due_before, left - left_before) for (due_before, left_before), (due, left) in pairwise(packets)
        )
        if packets:
            last[second.arm] = (second.first_number + len(second.sent_us), *packets[-1])


def _percentile(ordered: Sequence[int], share: float) -> int:
    """Nearest rank."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
