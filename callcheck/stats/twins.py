"""Packets sent in pairs: does what hits one hit its twin, as a full queue does and independent dropping does not?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from callcheck.stats.intervals import Interval, wilson

_FEWEST_HIT_PAIRS: Final = 5


class TwinLoss(msgspec.Struct, frozen=True):
    """`correlation` is phi of the two losses of a pair: 0 independent, 1 always together, below 0 one at a time.
    `both_expected` is how many pairs independent loss of the same ratio would lose."""

    pairs: int
    both_lost: int
    single_lost: int
    loss_ratio: float
    correlation: float
    correlation_interval: Interval
    both_expected: float


def twin_loss(
    pairs: Sequence[tuple[bool, bool]], confidence: float = 0.95, *, design_effect: float = 1.0
) -> TwinLoss | None:
    """Whether twins fall together; None where fewer than five pairs lost anything or no packet came through.

    Both twins share one loss ratio q. With u the share of pairs that lost both among those that lost any, the twin of a
    lost packet is lost with 2u / (1 + u), and phi = (that - q) / (1 - q); the interval is Wilson's for u.
    `design_effect` says how many hit pairs are worth one independent pair.
    """
    both = sum(first and second for first, second in pairs)
    hit = sum(first or second for first, second in pairs)
    loss_ratio = (both + hit) / (2 * len(pairs)) if pairs else 0.0
    if hit < _FEWEST_HIT_PAIRS or loss_ratio == 1:
        return None

    def phi(share_of_both: float) -> float:
        return (2 * share_of_both / (1 + share_of_both) - loss_ratio) / (1 - loss_ratio)

    shares = wilson(both, hit, confidence, design_effect=design_effect)
    return TwinLoss(
        pairs=len(pairs),
        both_lost=both,
        single_lost=hit - both,
        loss_ratio=loss_ratio,
        correlation=phi(both / hit),
        correlation_interval=Interval(phi(shares.low), phi(shares.high)),
        both_expected=len(pairs) * loss_ratio**2,
    )
