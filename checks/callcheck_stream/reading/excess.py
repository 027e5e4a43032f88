"""Does a service's stream lose more than the same stream to neutral hosts, second by second?"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

from callcheck.api import Claim, Evidence
from callcheck.stats.excess import LEAST_DIFFERENCE_RATIO, ExcessLoss, excess_loss
from callcheck.stats.loss import fit_gilbert_all
from callcheck.stats.paired import Block
from callcheck_stream.reading.shared import (
    SEED,
    blocks_of,
    by_endpoint,
    compared_by_round,
    disturbed_seconds,
    seqs_of,
    span_of,
    strength_over,
)
from callcheck_stream.series import Series

_NOTHING: Final = Block(0, 0)


def stream_loses_more(service: str, streams: Sequence[Series], controls: Sequence[Series]) -> Evidence | None:
    """The claim for one service over all rounds; None where no second of any round can be compared."""
    rounds = compared_by_round(_compared, streams, controls)
    if not rounds:
        return None
    worst = max(rounds, key=lambda one: one.difference.low)
    is_small = all(one.difference.high < LEAST_DIFFERENCE_RATIO for one in rounds)
    held = sum(one.holds for one in rounds)
    facts: dict[str, Any] = {
        "loss_ratio": round(worst.subject_ratio, 4),
        "controls_loss_ratio": round(worst.controls_ratio, 4),
        "more_low_ratio": round(max(0.0, worst.difference.low), 4),
        "more_high_ratio": round(max(0.0, worst.difference.high), 4),
        "p_value": round(worst.p, 5),
        "pairs": worst.pairs,
        "rounds": len(rounds),
        "rounds_held": held,
        "controls": len(by_endpoint(controls)),
    }
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.stream_loses_more,
        facts=facts,
        strength=strength_over(held, is_small=is_small),
        group=f"stream:{service}",
        seqs=seqs_of([*streams, *controls]),
    )


def _compared(streams: Sequence[Series], controls: Sequence[Series]) -> ExcessLoss | None:
    """All flows of the service against each neutral host, in the seconds in which all of them ran and none stood
    still."""
    arms = [found for found in by_endpoint(controls).values() if any(one.sent for one in found)]
    origin_us, seconds = span_of(streams)
    if not arms or not seconds:
        return None
    fit = fit_gilbert_all([stream.lost for stream in streams])
    disturbed = disturbed_seconds((*streams, *controls), origin_us)
    subject, *others = [
        [
            _NOTHING if second in disturbed else block
            for second, block in enumerate(blocks_of(arm, origin_us=origin_us, seconds=seconds))
        ]
        for arm in (streams, *arms)
    ]
    return excess_loss(subject, others, Random(SEED), design_effect=fit.design_effect if fit else 1.0)
