"""How well callcheck itself kept time: a late instrument may accuse nobody (facts/inference.md 6)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from callcheck.model import FlowSecond, Instrument, Observation
from callcheck.report.flows import flow_second

# An interval that is off by more, or by half of itself (irtt's timer_miss), disturbs the second that it lies in.
_LATEST_US = 20_000
# What is disturbed is left out where seconds are compared; where more than a fifth is, and more than 1 % of intervals,
# the run is invalid.
_DISTURBED_SHARE = 0.2
_MISSED_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class _Interval:
    """How long after the packet before it a packet was due, and how long after it left, in microseconds."""

    due_us: int
    left_us: int

    @property
    def error_us(self) -> int:
        return self.left_us - self.due_us

    @property
    def is_missed(self) -> bool:
        return 2 * self.error_us >= self.due_us > 0 or abs(self.error_us) > _LATEST_US


def instrument_of(observations: Iterable[Observation]) -> Instrument:
    """Read the send times of every flow: each interval between two packets against the same interval of the schedule.

    A packet that is late makes one interval too long and the next too short; a schedule that is late as a whole, or a
    clock that drifts, makes none.
    """
    seconds = [second for one in observations if (second := flow_second(one)) is not None]
    if not any(second.sent_us for second in seconds):
        return Instrument(send_lateness_p99_ms=None, valid=None)
    events = tuple(sorted({event for second in seconds for event in second.events}))
    by_second = [found for found in _intervals(seconds) if found]
    if not by_second:
        return Instrument(send_lateness_p99_ms=None, valid=False if events else None, events=events)
    errors_us = sorted(abs(one.error_us) for found in by_second for one in found)
    return Instrument(
        send_lateness_p99_ms=round(_percentile(errors_us, 0.99) / 1000, 3),
        valid=_is_punctual(by_second) and not events,
        events=events,
    )


def _is_punctual(by_second: Sequence[Sequence[_Interval]]) -> bool:
    """A machine that stands still for a moment now and then is late in few seconds, and alike for all arms."""
    missed = [sum(one.is_missed for one in found) for found in by_second]
    disturbed = sum(count > 0 for count in missed)
    few_missed = sum(missed) <= _MISSED_SHARE * sum(map(len, by_second))
    return few_missed or disturbed <= _DISTURBED_SHARE * len(by_second)


def _intervals(seconds: Iterable[FlowSecond]) -> Iterator[list[_Interval]]:
    """Between neighbours of one arm, a list a second. An arm's name comes again in another round, numbered anew."""
    last: dict[str, tuple[int, int, int]] = {}
    for second in seconds:
        packets = list(zip(second.scheduled_us, second.sent_us, strict=False))
        before = last.get(second.arm)
        if before is not None and packets and before[0] == second.first_number:
            packets.insert(0, before[1:])
        yield [
            _Interval(due - due_before, left - left_before)
            for (due_before, left_before), (due, left) in pairwise(packets)
        ]
        if packets:
            last[second.arm] = (second.first_number + len(second.sent_us), *packets[-1])


def _percentile(ordered: Sequence[int], share: float) -> int:
    """Nearest rank."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
