"""Does a service's stream lose more than the same stream to neutral hosts, second by second?"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

from callcheck.api import Claim, Evidence
from callcheck.stats.excess import LEAST_DIFFERENCE_RATIO, ExcessLoss, excess_loss
from callcheck.stats.loss import fit_gilbert_all
from callcheck_stream.reading.shared import blocks_of, by_endpoint, by_round, seqs_of, span_of, undisturbed
from callcheck_stream.series import Series

_ROUNDS_FOR_SURE: Final = 2
# A saved run is read again with the same result.
_SEED: Final = 20_260_821


def stream_loses_more(service: str, streams: Sequence[Series], controls: Sequence[Series]) -> Evidence | None:
    """The claim for one service over all rounds; None where no second of any round can be compared."""
    controls_by_round = by_round(controls)
    rounds = [
        compared
        for number, own in sorted(by_round(streams).items())
        if (compared := _compared(own, controls_by_round.get(number, []))) is not None
    ]
    if not rounds:
        return None
    worst = max(rounds, key=lambda one: one.difference.low)
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
        strength=_strength(rounds, held),
        group=f"stream:{service}",
        seqs=seqs_of([*streams, *controls]),
    )


def _compared(streams: Sequence[Series], controls: Sequence[Series]) -> ExcessLoss | None:
    """All flows of the service against each neutral host, in the seconds in which all of them ran."""
    arms = [found for found in by_endpoint(controls).values() if any(one.sent for one in found)]
    origin_us, seconds = span_of(streams)
    if not arms or not seconds:
        return None
    fit = fit_gilbert_all([stream.lost for stream in streams])
    blocks = [blocks_of(arm, origin_us=origin_us, seconds=seconds) for arm in (streams, *arms)]
    subject, *others = undisturbed(blocks, [*streams, *controls], origin_us=origin_us)
    return excess_loss(
        subject,
        others,
        Random(_SEED),
        design_effect=fit.design_effect if fit else 1.0,
    )


def _strength(rounds: Sequence[ExcessLoss], held: int) -> int:
    if held:
        return 3 if held >= _ROUNDS_FOR_SURE else 2
    return -2 if all(one.difference.high < LEAST_DIFFERENCE_RATIO for one in rounds) else 0
