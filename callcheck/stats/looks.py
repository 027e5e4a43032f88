"""How long to look: looks at fixed times that share one level, a test after every packet, and packets needed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import NormalDist
from typing import Final

_NORMAL: Final = NormalDist()


def alpha_spent(information_shares: Sequence[float], alpha: float = 0.01) -> tuple[float, ...]:
    """The level each look may use: Lan and DeMets' (Biometrika 70, 1983) spending like O'Brien and Fleming's.

    `information_shares` are the shares of all packets seen at each look, rising, above 0 and at most 1. A look that
    stops where p is at or below its own part keeps the level over all looks whatever they have in common, since the
    parts add up to at most `alpha`. Raises ValueError on other shares.
    """
    shares = [0.0, *information_shares]
    if any(after <= before for before, after in pairwise(shares)) or shares[-1] > 1:
        raise ValueError("the shares of information rise from above 0 to at most 1")
    z = _NORMAL.inv_cdf(1 - alpha / 2)
    spent = [0.0, *(2 * _NORMAL.cdf(-z / math.sqrt(share)) for share in information_shares)]
    return tuple(after - before for before, after in pairwise(spent))


class Stop(StrEnum):
    """What a sequential test says."""

    HIGH = "high"
    LOW = "low"
    GO_ON = "go_on"


@dataclass(frozen=True, slots=True)
class LossSprt:
    """Wald's sequential test of `low_ratio` against `high_ratio`, packet by packet, for gross effects only.

    Every step is divided by the design effect (see `design_effect_of`): without that, losses in runs of three give
    nine times the false alarms (facts/inference.md 3.5).
    """

    low_ratio: float
    high_ratio: float
    alpha: float = 0.01
    beta: float = 0.05
    design_effect: float = 1.0

    def __post_init__(self) -> None:
        """Raises ValueError where the two ratios cannot be told apart or are no chances."""
        if not 0 < self.low_ratio < self.high_ratio < 1:
            raise ValueError("a test wants 0 < low ratio < high ratio < 1")

    @property
    def bounds(self) -> tuple[float, float]:
        """Log likelihood ratios at and beyond which the test ends: low, high."""
        return math.log(self.beta / (1 - self.alpha)), math.log((1 - self.beta) / self.alpha)

    def run(self, lost: Iterable[bool]) -> tuple[Stop, int]:
        """What the series says, and after how many packets."""
        on_loss = math.log(self.high_ratio / self.low_ratio) / self.design_effect
        on_receipt = math.log((1 - self.high_ratio) / (1 - self.low_ratio)) / self.design_effect
        low, high = self.bounds
        total, packets = 0.0, 0
        for packets, is_lost in enumerate(lost, start=1):
            total += on_loss if is_lost else on_receipt
            if not low < total < high:
                return (Stop.HIGH if total >= high else Stop.LOW), packets
        return Stop.GO_ON, packets


def packets_needed(
    low_ratio: float, high_ratio: float, *, alpha: float = 0.01, power: float = 0.95, design_effect: float = 1.0
) -> int:
    """Packets per arm at which a one-sided test tells two different loss ratios apart, by the normal approximation.

    Between 3 % below and 10 % above the exact numbers of facts/inference.md 3.4 for low ratios of 0.5 to 10 %; above
    them by up to half where the low ratio is 0. Raises ValueError where the ratios do not rise.
    """
    if not 0 <= low_ratio < high_ratio <= 1:
        raise ValueError("two ratios are told apart only where the second is higher")
    middle = (low_ratio + high_ratio) / 2
    by_chance = _NORMAL.inv_cdf(1 - alpha) * math.sqrt(2 * middle * (1 - middle))
    missed = _NORMAL.inv_cdf(power) * math.sqrt(low_ratio * (1 - low_ratio) + high_ratio * (1 - high_ratio))
    return math.ceil(((by_chance + missed) / (high_ratio - low_ratio)) ** 2 * design_effect)
