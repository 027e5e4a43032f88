"""Is the subject held up longer than its controls in the same blocks, and more than the controls differ themselves?"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, combinations_with_replacement, pairwise, starmap
from operator import add
from random import Random
from statistics import NormalDist
from typing import Final

import msgspec

from callcheck.stats.distributions import predicted_above
from callcheck.stats.intervals import Interval
from callcheck.stats.paired import FEWEST_CONTROLS, FEWEST_PAIRS, AgainstControls, sign_flip_p

# Floors of DESIGN 7 and facts/inference.md 3.6 on the lower bound of the shift.
LEAST_SHIFT_MS: Final = 30.0
LEAST_TIMES_CONTROLS: Final = 1.5

# Up to here the signed-rank distribution is counted out; above it is normal enough (Hollander and Wolfe, 3.1).
_MOST_COUNTED: Final = 50
# No packet takes a day: what is beyond is a damaged number.
_LONGEST_MS: Final = 86_400_000.0
# Neighbours that are more alike than this make one or two stretches of a round, too few to tell how much more.
_MOST_ALIKE: Final = 0.9
# Controls are never taken to be more alike than clocks and schedulers let anything be.
_LEAST_SPREAD_MS: Final = 1.0

Medians = Sequence[float | None]
"""Of one arm: the median delay of each block above the arm's own minimum, in ms; None where nothing was answered."""


class Located(msgspec.Struct, frozen=True):
    """How far differences lie from 0, in their own unit, between which ends, and how many are worth one."""

    estimate: float
    interval: Interval
    design_effect: float


class DelayShift(AgainstControls, frozen=True, kw_only=True):
    """How much longer the subject is held up than its controls, and the ends of that, which the design effect in blocks
    widens. `controls_ms` is the median of the `controls` that answered, above their own minima."""

    shift_ms: float
    interval_ms: Interval
    controls_ms: float
    controls: int

    @property
    def holds(self) -> bool:
        """Whether all the floors of DESIGN 7 are passed. It says that delay differs, never why."""
        return (
            self.is_shown
            and self.interval_ms.low >= LEAST_SHIFT_MS
            and self.interval_ms.low >= LEAST_TIMES_CONTROLS * self.controls_ms
        )


def delay_shift(
    subject: Medians,
    controls: Sequence[Medians],
    random: Random,
    *,
    alpha: float = 0.01,
    outlier_alpha: float = 0.01,
    confidence: float = 0.95,
) -> DelayShift | None:
    """The comparison over the blocks that the subject and more than half of the controls answered; None with fewer
    than 20 such blocks (facts/inference.md 3.6).

    Arms have equally many blocks from the same origin (ValueError otherwise). A control that never answered is left
    out; numbers that no packet can have count as no answer. Ways differ more in their delays than in their losses, so
    the level for an outlier is stricter than that of `excess_loss`.
    """
    mine, *others = _sane([subject, *controls])
    others = [other for other in others if any(value is not None for value in other)]
    rows = _rows(mine, others)
    if len(rows) < FEWEST_PAIRS:
        return None
    differences = [own - statistics.median(rest) for own, rest in rows]
    found = hodges_lehmann(differences, confidence, design_effect=None)
    return DelayShift(
        shift_ms=found.estimate,
        interval_ms=found.interval,
        design_effect=found.design_effect,
        controls_ms=statistics.median(statistics.median(rest) for _, rest in rows),
        controls=len(others),
        # Delays are skewed, so that where all arms are alike only the differences to a mean are even around 0.
        p=sign_flip_p([own - statistics.fmean(rest) for own, rest in rows], random),
        pairs=len(rows),
        outlier_p=outlier_shift_p(found.estimate, _shifts_left_out(others)),
        alpha=alpha,
        outlier_alpha=outlier_alpha,
    )


def hodges_lehmann(
    differences: Sequence[float], confidence: float = 0.95, *, design_effect: float | None = 1.0
) -> Located:
    """The median of the Walsh averages, that is of the means of all pairs, each difference with itself as well (Hodges
    and Lehmann, Annals of Mathematical Statistics 34, 1963), and Tukey's interval of it from the signed-rank
    distribution, whose ends are two of these averages. Raises ValueError without differences.

    Less than a quarter of wild numbers do not move it far. `design_effect` differences are worth one independent one,
    None takes `design_effect_of` them: the ends are then as far out among the averages as those of fewer differences.
    Where so few cannot give the confidence, the interval is the range.
    """
    if not differences:
        raise ValueError("no differences to locate")
    halves = [difference / 2 for difference in differences]
    averages = sorted(starmap(add, combinations_with_replacement(halves, 2)))
    estimate = statistics.median(averages)
    effect = design_effect_of(differences, estimate) if design_effect is None else design_effect
    worth = max(1, int(len(differences) / effect))
    place = (tukey_rank(worth, confidence) - 1) * len(averages) // (worth * (worth + 1) // 2)
    return Located(estimate, Interval(averages[place], averages[-1 - place]), effect)


@cache
def tukey_rank(pairs: int, confidence: float) -> int:
    """Which Walsh average from either end bounds the interval (Hollander and Wolfe, Nonparametric Statistical Methods,
    3.3): the largest rank below which the signed-rank sum lies by at most half of 1 - confidence, at least 1. Exact up
    to 50 pairs, by the normal distribution above."""
    tail = (1 - confidence) / 2
    if pairs > _MOST_COUNTED:
        variance = pairs * (pairs + 1) * (2 * pairs + 1) / 24
        return max(1, math.floor(pairs * (pairs + 1) / 4 + NormalDist().inv_cdf(tail) * math.sqrt(variance)))
    most: float = tail * 2**pairs
    return max(1, sum(ways <= most for ways in accumulate(_signed_rank_ways(pairs))))


@cache
def _signed_rank_ways(pairs: int) -> tuple[int, ...]:
    """For each sum, how many subsets of the ranks 1 to `pairs` have it."""
    ways = [1]
    for rank in range(1, pairs + 1):
        none = [0] * rank
        ways = list(map(add, ways + none, none + ways))
    return tuple(ways)


def design_effect_of(differences: Sequence[float], centre: float) -> float:
    """How many blocks in a row are worth one independent block: (1 + r) / (1 - r), at least 1 and at most 19, where r
    says how much more often neighbours lie on the same side of the centre than on different ones. A queue that stands
    for ten seconds is one thing that happened, not ten."""
    sides = [difference > centre for difference in differences if difference != centre]
    alike = statistics.fmean(1 if one == other else -1 for one, other in pairwise(sides)) if len(sides) > 1 else 0.0
    alike = min(max(alike, 0.0), _MOST_ALIKE)
    return (1 + alike) / (1 - alike)


def outlier_shift_p(shift_ms: float, controls_ms: Sequence[float]) -> float | None:
    """How likely one more control would be shifted so far from the others; None with fewer than four.

    `controls_ms` has each control's shift against the others, which is k / (k - 1) of its distance to their common
    centre. The spread of these gives a prediction by Student's distribution with k - 1 degrees of freedom, as in
    `excess.outlier_p`, and the subject must lie further out than any control, on whichever side that is, else 1.
    """
    number = len(controls_ms)
    if number < FEWEST_CONTROLS:
        return None
    if shift_ms <= max(map(abs, controls_ms)):
        return 1.0
    to_centre = (number - 1) / number
    variance = sum((to_centre * control_ms) ** 2 for control_ms in controls_ms) / (number - 1)
    spread_ms = max(math.sqrt(variance), _LEAST_SPREAD_MS)
    return predicted_above(shift_ms, spread_ms, number)


def _shifts_left_out(controls: Sequence[Medians]) -> list[float]:
    """Each control as if it were the subject; those that have too few pairs tell nothing."""
    found = []
    for place, control in enumerate(controls):
        rows = _rows(control, [*controls[:place], *controls[place + 1 :]])
        if len(rows) >= FEWEST_PAIRS:
            found.append(hodges_lehmann([own - statistics.median(rest) for own, rest in rows]).estimate)
    return found


def _rows(mine: Medians, others: Sequence[Medians]) -> list[tuple[float, list[float]]]:
    """The blocks that can be compared, each with what the others had."""
    rows = []
    for own, *rest in zip(mine, *others, strict=True):
        known = [value for value in rest if value is not None]
        if own is not None and 2 * len(known) > len(others):
            rows.append((own, known))
    return rows


def _sane(arms: Sequence[Medians]) -> list[list[float | None]]:
    """NaN compares with nothing, and so is none as well."""
    return [[value if value is not None and abs(value) <= _LONGEST_MS else None for value in arm] for arm in arms]
