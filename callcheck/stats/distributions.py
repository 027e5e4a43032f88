"""The few distribution functions the rest of stats needs; the standard library is all there is at run time."""

from __future__ import annotations

import math
from typing import Final

_TINY: Final = 1e-300
_CONVERGED: Final = 1e-15
_MOST_STEPS: Final = 10_000
_KUIPER_TERMS: Final = 20


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), a and b above 0, by its continued fraction (DLMF 8.17.22)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / a * _beta_fraction(a, b, x)


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for part in (even, odd):
            d = 1 / _away_from_zero(1 + part * d)
            c = _away_from_zero(1 + part / c)
            value *= c * d
        if abs(c * d - 1) < _CONVERGED:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def binomial_at_most(count: int, total: int, ratio: float) -> float:
    """P(`count` or fewer of `total`) where each happens with the probability `ratio`."""
    return 1.0 if count >= total else incomplete_beta(total - count, count + 1, 1 - ratio)


def student_above(t: float, degrees: int) -> float:
    """P(T > t) of Student's distribution."""
    tail = incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2
    return tail if t > 0 else 1 - tail


def predicted_above(distance: float, spread: float, number: int) -> float:
    """How likely one more of `number` values with this standard deviation lies so far above their mean, or further: the
    prediction by Student's distribution with one degree of freedom less."""
    return student_above(distance / (spread * math.sqrt(1 + 1 / number)), number - 1)


def chi_square_above(x: float, degrees: int) -> float:
    """P(X > x) of the chi-square distribution; 1 where there is no degree of freedom."""
    half = x / 2
    if degrees <= 0 or half <= 0:
        return 1.0
    above = math.erfc(math.sqrt(half)) if degrees % 2 else math.exp(-half)
    for below in range(2 - degrees % 2, degrees, 2):
        above += math.exp(below / 2 * math.log(half) - half - math.lgamma(below / 2 + 1))
    return min(1.0, above)


def kuiper_at_most(span: float) -> float:
    """P(the span between the highest and the lowest point of a standard Brownian bridge is at most `span`).

    Kuiper (1960) gives it as a sum that converges for wide spans; Jacobi's theta identity turns that into this one.
    """
    if span <= 0:
        return 0.0
    if span > 3:  # beyond this the rest is below 1e-6
        return 1.0
    step = math.pi**2 / (2 * span**2)
    total = math.fsum(m * m * math.exp(-m * m * step) for m in range(1, _KUIPER_TERMS))
    return min(1.0, math.sqrt(2 * math.pi) * math.pi**2 / span**3 * total)
