"""How late callcheck itself sent its packets: a late instrument may accuse nobody (facts/inference.md 6)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

import msgspec

from callcheck.model import FlowSecond, Instrument, Observation

FLOW_OP = "flow.second"
# facts/inference.md 6: beyond 20 ms at p99, or more than 1 % of intervals missed by half, a run is invalid.
_LATEST_P99_MS = 20.0
_MISSED_SHARE = 0.01


def instrument_of(observations: Iterable[Observation]) -> Instrument:
    """Read the send times of every flow: `sent_us - scheduled_us` packet by packet, against each arm's own interval."""
    arms: dict[str, list[tuple[int, int]]] = {}
    for observation in observations:
        second = _flow_second(observation)
        if second is not None:
            arms.setdefault(second.arm, []).extend(zip(second.scheduled_us, second.sent_us, strict=False))
    lateness_us = sorted(sent - scheduled for sends in arms.values() for scheduled, sent in sends)
    if not lateness_us:
        return Instrument(send_lateness_p99_ms=None, valid=None)
    p99_ms = _percentile(lateness_us, 0.99) / 1000
    missed = sum(_missed(sends) for sends in arms.values())
    return Instrument(
        send_lateness_p99_ms=round(p99_ms, 3),
        valid=p99_ms <= _LATEST_P99_MS and missed <= _MISSED_SHARE * len(lateness_us),
    )


def _flow_second(observation: Observation) -> FlowSecond | None:
    if observation.op != FLOW_OP:
        return None
    try:
        return msgspec.convert(observation.data, FlowSecond)
    except msgspec.ValidationError:
        return None


def _missed(sends: Sequence[tuple[int, int]]) -> int:
    """How many packets of one arm left half an interval late or more (irtt's timer_miss)."""
    schedule = sorted(scheduled for scheduled, _ in sends)
    gaps = [later - earlier for earlier, later in pairwise(schedule) if later > earlier]
    if not gaps:
        return 0
    half_us = median(gaps) / 2
    return sum(sent - scheduled >= half_us for scheduled, sent in sends)


def _percentile(ordered: Sequence[int], share: float) -> int:
    """Nearest rank."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
