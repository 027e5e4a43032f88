"""How far a rate that was counted may be from the true one. Pure; the runs are taken to be independent."""

from __future__ import annotations

import math
from typing import Final

# Of the standard normal distribution: 95 % lie within so many deviations.
_Z_95: Final = 1.959963984540054
_HALVINGS: Final = 60  # of the interval 0..1: beyond the precision of a float near 1


def clopper_pearson_upper(hits: int, of: int, *, error: float = 0.05) -> float:
    """The largest rate at which `hits` or fewer out of `of` still have the probability `error`: an exact one-sided
    upper bound (Clopper and Pearson, Biometrika 26, 1934). 1 where nothing was counted. Raises ValueError.
    """
    _check(hits, of)
    if not 0 < error < 1:
        raise ValueError(f"an error between 0 and 1 is wanted, not {error}")
    if hits == of:
        return 1.0
    low, high = hits / of, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_most(hits, of, middle) > error:
            low = middle
        else:
            high = middle
    return high


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % score interval of a rate, both ends (Wilson, JASA 22, 1927). (0, 1) where nothing was counted. Raises
    ValueError."""
    _check(hits, of)
    if of == 0:
        return 0.0, 1.0
    share, z_squared = hits / of, _Z_95**2
    scale = 1 + z_squared / of
    centre = (share + z_squared / (2 * of)) / scale
    half = _Z_95 * math.sqrt(share * (1 - share) / of + z_squared / (4 * of * of)) / scale
    # At 0 of n and n of n the end is exact, which rounding would miss by a little.
    return (0.0 if hits == 0 else centre - half), (1.0 if hits == of else centre + half)


def _check(hits: int, of: int) -> None:
    if not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no rate")


def _at_most(hits: int, of: int, rate: float) -> float:
    """The binomial probability of `hits` or fewer; `rate` lies strictly between 0 and 1."""
    log_rate, log_rest = math.log(rate), math.log1p(-rate)
    return math.fsum(
        math.exp(_log_choose(of, count) + count * log_rate + (of - count) * log_rest) for count in range(hits + 1)
    )


def _log_choose(of: int, count: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(count + 1) - math.lgamma(of - count + 1)
