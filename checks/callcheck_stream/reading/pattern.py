"""How losses lie: each packet by itself, as random dropping does it, or in runs, as queues and radio links do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from callcheck.api import Claim, Evidence
from callcheck.stats.loss import fit_gilbert_all
from callcheck.stats.twins import TwinLoss, twin_loss
from callcheck_stream.reading.deaths import death_of
from callcheck_stream.reading.shared import seqs_of
from callcheck_stream.series import Series

_FEWEST_LOSSES: Final = 20
_FEWEST_PASSED: Final = 20
# Of a chain fitted to 20 losses or more: independent loss stays within these, bursts of two or a policer do not.
_INDEPENDENT_BURST_RATIO: Final = (0.8, 1.25)
_BURSTY: Final = 1.5
# Twins that are lost together more often than this correlation were in one queue.
_TWINS_TOGETHER: Final = 0.3


def loss_independent(service: str, streams: Sequence[Series]) -> Evidence | None:
    """The claim for one service, over the flows that lived to the end; None with too few losses or successes. Silence
    from the first packet on is no pattern either."""
    alive = [stream for stream in streams if stream.received and death_of(stream) is None]
    fit = fit_gilbert_all([stream.lost for stream in alive])
    losses = sum(sum(stream.lost) for stream in alive)
    if fit is None or losses < _FEWEST_LOSSES or sum(stream.received for stream in alive) < _FEWEST_PASSED:
        return None
    twins = twin_loss(list(_pairs(alive)))
    facts: dict[str, Any] = {
        "loss_ratio": round(fit.loss_ratio, 4),
        "mean_run": round(fit.mean_run, 2),
        "burst_ratio": round(fit.burst_ratio, 2),
    }
    if twins is not None:
        facts |= {
            "twins": twins.pairs,
            "twins_both_lost": twins.both_lost,
            "twins_correlation": round(max(0.0, twins.correlation), 2),
        }
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.loss_independent,
        facts=facts,
        strength=_strength(fit.burst_ratio, twins),
        group=f"stream:{service}",
        seqs=seqs_of(alive),
    )


def _pairs(streams: Sequence[Series]) -> Iterator[tuple[bool, bool]]:
    """The two losses of each pair of twins, both of which left."""
    for stream in streams:
        if stream.part == "twins":
            lost = {packet.number: packet.is_lost for packet in stream.packets}
            yield from ((lost[even], lost[even + 1]) for even in lost if even % 2 == 0 and even + 1 in lost)


def _strength(burst_ratio: float, twins: TwinLoss | None) -> int:
    low, high = _INDEPENDENT_BURST_RATIO
    together = twins is not None and twins.correlation_interval.low > _TWINS_TOGETHER
    if burst_ratio > _BURSTY or together:
        return -2
    if not low <= burst_ratio <= high:
        return 0
    apart = twins is not None and twins.correlation_interval.high < _TWINS_TOGETHER
    return 3 if apart else 2
