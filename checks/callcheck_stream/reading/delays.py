"""Are a service's packets held up longer than the same stream to neutral hosts, second by second?"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from random import Random
from typing import Any

from callcheck.api import Claim, Evidence
from callcheck.stats.shift import LEAST_SHIFT_MS, DelayShift, Medians, delay_shift
from callcheck_stream.reading.shared import (
    FEWEST_CONTROLS,
    SEED,
    US_PER_S,
    by_endpoint,
    compared_by_round,
    disturbed_seconds,
    seqs_of,
    span_of,
    strength_over,
)
from callcheck_stream.series import Series


def stream_delayed(service: str, streams: Sequence[Series], controls: Sequence[Series]) -> Evidence | None:
    """The claim for one service over all rounds; None where no round has 20 seconds that can be compared.

    It never accuses: other destinations have other queues, and delay alone says nothing about who made it (DESIGN 2).
    Delay is taken above each flow's own shortest round trip, which takes a long way out of it, and with it whatever
    holds all packets of a flow back alike; so neither does a denial say that nobody delays them. A flow that begins in
    a full queue has a high minimum, and shows less delay than it had.
    """
    rounds = compared_by_round(_compared, _steady(streams), _steady(controls))
    if not rounds:
        return None
    worst = max(rounds, key=lambda one: one.interval_ms.low)
    is_small = all(one.interval_ms.high < LEAST_SHIFT_MS and one.controls >= FEWEST_CONTROLS for one in rounds)
    held = sum(one.holds for one in rounds)
    facts: dict[str, Any] = {
        "shift_ms": round(max(0.0, worst.shift_ms), 1),
        "shift_low_ms": round(max(0.0, worst.interval_ms.low), 1),
        "shift_high_ms": round(max(0.0, worst.interval_ms.high), 1),
        "p_value": round(worst.p, 5),
        "pairs": worst.pairs,
        "rounds": len(rounds),
        "rounds_held": held,
        "controls": worst.controls,
    }
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.stream_delayed,
        facts=facts,
        strength=strength_over(held, is_small=is_small),
        group=f"delay:{service}",
        seqs=seqs_of([*streams, *controls]),
    )


def _steady(streams: Sequence[Series]) -> list[Series]:
    return [stream for stream in streams if not stream.clock_set]


def _compared(streams: Sequence[Series], controls: Sequence[Series]) -> DelayShift | None:
    """All flows of the service against each neutral host, in the seconds in which all of them ran and none stood
    still."""
    origin_us, seconds = span_of(streams)
    disturbed = disturbed_seconds((*streams, *controls), origin_us)
    subject, *others = [
        [None if second in disturbed else median for second, median in enumerate(medians)]
        for medians in (_medians(arm, origin_us, seconds) for arm in (streams, *by_endpoint(controls).values()))
    ]
    return delay_shift(subject, others, Random(SEED))


def _medians(streams: Sequence[Series], origin_us: int, seconds: int) -> Medians:
    """One arm, second by second from `origin_us` on: the median of how long its packets were held up, in ms, each above
    the shortest round trip of its own flow; None for a second from which nothing came back."""
    held_up_ms: dict[int, list[float]] = defaultdict(list)
    for stream in streams:
        for sent_us, delay_ms in zip(stream.came_us, stream.held_up_ms, strict=True):
            held_up_ms[(sent_us - origin_us) // US_PER_S].append(delay_ms)
    return [statistics.median(held_up_ms[second]) if second in held_up_ms else None for second in range(seconds)]
