"""How well callcheck itself kept time: a late instrument may accuse nobody (facts/inference.md 6)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import sub

import msgspec

from callcheck.model import FlowSecond, Instrument, Observation
from callcheck.report.flows import flow_second
from callcheck.words import FlowEvent

# An interval that is off by more, or by half of itself (irtt's timer_miss), disturbs the second that it lies in.
_LATEST_US = 20_000
# What is disturbed is left out where seconds are compared; where more than a fifth is, and more than 1 % of intervals,
# the run is invalid.
_DISTURBED_SHARE = 0.2
_MISSED_SHARE = 0.01
# How the router that this line begins at is asked.
_ROUTER_PROTOCOLS = frozenset({"icmp", "closed_port"})


class _Kept(msgspec.Struct, frozen=True):
    """How a second of one arm kept to its schedule: by how much each interval between two packets was off, in
    microseconds, and how many were missed."""

    errors_us: Sequence[int]
    missed: int


def instrument_of(observations: Iterable[Observation]) -> Instrument:
    """Read the send times of every flow: each interval between two packets against the same interval of the schedule.

    A packet that is late makes one interval too long and the next too short; a schedule that is late as a whole, or a
    clock that drifts, makes none.
    """
    observations = list(observations)
    seconds = [second for one in observations if (second := flow_second(one)) is not None]
    befell: set[FlowEvent] = {event for second in seconds for event in second.events}
    if _gateways(observations) > 1:
        befell.add("route_changed")
    events = tuple(sorted(befell))
    if not any(second.sent_us for second in seconds):
        return Instrument(send_lateness_p99_ms=None, valid=None, events=events)
    by_second = [found for found in _kept(seconds) if found.errors_us]
    if not by_second:
        return Instrument(send_lateness_p99_ms=None, valid=False if events else None, events=events)
    errors_us = sorted(map(abs, chain.from_iterable(found.errors_us for found in by_second)))
    return Instrument(
        send_lateness_p99_ms=round(_percentile(errors_us, 0.99) / 1000, 3),
        valid=_is_punctual(by_second) and not events,
        events=events,
    )


def _gateways(observations: Iterable[Observation]) -> int:
    """How many routers this line began at: another one, as a run was continued, is another line."""
    targets = (one.target for one in observations)
    return len({target.address for target in targets if target is not None and target.protocol in _ROUTER_PROTOCOLS})


def _is_punctual(by_second: Sequence[_Kept]) -> bool:
    """A machine that stands still for a moment now and then is late in few seconds, and alike for all arms."""
    disturbed = sum(found.missed > 0 for found in by_second)
    missed, intervals = sum(found.missed for found in by_second), sum(len(found.errors_us) for found in by_second)
    return missed <= _MISSED_SHARE * intervals or disturbed <= _DISTURBED_SHARE * len(by_second)


def _kept(seconds: Iterable[FlowSecond]) -> Iterator[_Kept]:
    """Between neighbours of one arm, second by second. An arm's name comes again in another round, numbered anew."""
    last: dict[str, tuple[int, int, int]] = {}
    for second in seconds:
        packets = min(len(second.scheduled_us), len(second.sent_us))
        due_us, left_us = second.scheduled_us[:packets], second.sent_us[:packets]
        if not packets:
            continue
        number, due_before_us, left_before_us = last.get(second.arm, (None, 0, 0))
        if number == second.first_number:
            due_us, left_us = (due_before_us, *due_us), (left_before_us, *left_us)
        yield _kept_between(due_us, left_us)
        last[second.arm] = (second.first_number + len(second.sent_us), due_us[-1], left_us[-1])


def _kept_between(due_us: Sequence[int], left_us: Sequence[int]) -> _Kept:
    """Each interval between packets that were due and left at these times."""
    dues_us = list(map(sub, due_us[1:], due_us))
    errors_us = list(map(sub, map(sub, left_us[1:], left_us), dues_us))
    if not errors_us or _all_in_time(min(errors_us), max(errors_us), min(dues_us)):
        return _Kept(errors_us, 0)  # as nearly all seconds are: to look at each interval takes ten times as long
    is_missed = [
        2 * error_us >= due > 0 or abs(error_us) > _LATEST_US for due, error_us in zip(dues_us, errors_us, strict=True)
    ]
    return _Kept(errors_us, sum(is_missed))


def _all_in_time(least_us: int, most_us: int, shortest_us: int) -> bool:
    return least_us >= -_LATEST_US and most_us <= _LATEST_US and 2 * most_us < shortest_us


def _percentile(ordered: Sequence[int], share: float) -> int:
    """Nearest rank."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
