"""How far a counted ratio may be from the true one, where packets need not be independent of each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import msgspec

from callcheck.stats.distributions import binomial_at_most

_NORMAL: Final = NormalDist()
_HALVINGS: Final = 60  # of the interval 0..1: beyond the precision of a float near 1


class Interval(msgspec.Struct, frozen=True):
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Counted:
    """`count` of `total`; `design_effect` packets are worth one independent packet (see `GilbertFit`)."""

    count: int
    total: int
    design_effect: float = 1.0

    def __post_init__(self) -> None:
        """Raises ValueError on what is no count."""
        if not 0 <= self.count <= self.total or not self.design_effect >= 1:
            raise ValueError(f"{self.count} of {self.total} with a design effect of {self.design_effect} is no ratio")

    @property
    def ratio(self) -> float:
        return self.count / self.total if self.total else 0.0


def wilson(count: int, total: int, confidence: float = 0.95, *, design_effect: float = 1.0) -> Interval:
    """Two-sided score interval of a ratio (Wilson, JASA 22, 1927), of `total / design_effect` independent packets.

    0 to 1 where nothing was counted. Raises ValueError.
    """
    counted = Counted(count, total, design_effect)
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    if total == 0:
        return Interval(0.0, 1.0)
    ratio, effective = counted.ratio, total / design_effect
    scale = 1 + z * z / effective
    centre = (ratio + z * z / (2 * effective)) / scale
    half = z * math.sqrt(ratio * (1 - ratio) / effective + z * z / (4 * effective * effective)) / scale
    # At 0 of n and n of n the end is exact, which rounding would miss by a little.
    return Interval(0.0 if count == 0 else centre - half, 1.0 if count == total else centre + half)


def exact_upper(count: int, total: int, confidence: float = 0.95) -> float:
    """One-sided upper bound of a ratio (Clopper and Pearson, Biometrika 26, 1934): the ratio at which so few or fewer
    have the probability 1 - confidence. 1 where nothing was counted. Raises ValueError."""
    Counted(count, total)
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence between 0 and 1 is wanted, not {confidence}")
    if count == total:
        return 1.0
    low, high = count / total, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if binomial_at_most(count, total, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def newcombe(one: Counted, other: Counted, confidence: float = 0.95) -> Interval:
    """Two-sided interval of `one.ratio - other.ratio`, two independent ratios, from their score intervals (Newcombe,
    Statistics in Medicine 17, 1998, method 10). -1 to 1 where one of them counted nothing."""
    if not one.total or not other.total:
        return Interval(-1.0, 1.0)
    mine = wilson(one.count, one.total, confidence, design_effect=one.design_effect)
    others = wilson(other.count, other.total, confidence, design_effect=other.design_effect)
    difference = one.ratio - other.ratio
    return Interval(
        difference - math.hypot(one.ratio - mine.low, others.high - other.ratio),
        difference + math.hypot(mine.high - one.ratio, other.ratio - others.low),
    )
