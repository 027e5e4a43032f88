"""Does the subject lose more than its controls in the same blocks, and more than the controls differ by themselves?"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from random import Random
from typing import Final

from callcheck.stats.distributions import predicted_above
from callcheck.stats.intervals import Counted, Interval, newcombe, wilson
from callcheck.stats.paired import FEWEST_CONTROLS, FEWEST_PAIRS, AgainstControls, Block, sign_flip_p

# Floors of DESIGN 7 on the lower bound of the difference.
LEAST_DIFFERENCE_RATIO: Final = 0.03
LEAST_TIMES_CONTROLS: Final = 3.0


class ExcessLoss(AgainstControls, frozen=True, kw_only=True):
    """The subject against its controls. Ratios lie between 0 and 1; `difference` is subject less controls.
    `design_effect` is what the differences from block to block show, in packets."""

    subject_ratio: float
    controls_ratio: float
    controls_upper_ratio: float
    difference: Interval

    @property
    def holds(self) -> bool:
        """Whether all the floors of DESIGN 7 are passed. It says that loss differs, never why."""
        return (
            self.is_shown
            and self.difference.low >= LEAST_DIFFERENCE_RATIO
            and self.difference.low >= LEAST_TIMES_CONTROLS * self.controls_upper_ratio
        )


def excess_loss(
    subject: Sequence[Block],
    controls: Sequence[Sequence[Block]],
    random: Random,
    *,
    alpha: float = 0.01,
    outlier_alpha: float = 0.05,
    confidence: float = 0.95,
    design_effect: float = 1.0,
) -> ExcessLoss | None:
    """The comparison over the blocks in which every arm sent; None where there is none, or no control.

    Arms have equally many blocks from the same origin (ValueError otherwise). What arms share in a block, such as
    congestion, cancels in the differences; so the intervals use the design effect of those differences, at least the
    one given, which may be that of a Gilbert fit within the flows.
    """
    rows = [row for row in zip(subject, *controls, strict=True) if all(block.sent for block in row)]
    if not rows or not controls:
        return None
    arms = list(zip(*rows, strict=True))
    pooled = [_sum(row[1:]) for row in rows]
    differences = [row[0].ratio - statistics.fmean(block.ratio for block in row[1:]) for row in rows]
    effect = max(design_effect, _overdispersion(differences, arms[0], pooled))
    mine, others = _counted(arms[0], effect), _counted(pooled, effect)
    return ExcessLoss(
        subject_ratio=mine.ratio,
        controls_ratio=others.ratio,
        controls_upper_ratio=wilson(others.count, others.total, confidence, design_effect=effect).high,
        difference=newcombe(mine, others, confidence),
        design_effect=effect,
        p=sign_flip_p(differences, random),
        pairs=len(rows),
        outlier_p=outlier_p(mine, [_counted(arm, effect) for arm in arms[1:]]),
        alpha=alpha,
        outlier_alpha=outlier_alpha,
    )


def outlier_p(subject: Counted, controls: Sequence[Counted]) -> float | None:
    """How likely one more control would lose so much above the mean of the controls; None with fewer than four.

    Each control left out lies k / (k - 1) of its distance to the common mean from the mean of the others; the spread of
    these, which is the standard deviation between controls, gives a prediction by Student's distribution with k - 1
    degrees of freedom. The spread is at least what counting so few packets gives, and the subject must lie further out
    than any control left out, else 1.
    """
    number = len(controls)
    if number < FEWEST_CONTROLS:
        return None
    ratios = [control.ratio for control in controls]
    mean = statistics.fmean(ratios)
    left_out = (max(ratios) - mean) * number / (number - 1)
    if subject.ratio - mean <= left_out:
        return 1.0
    spread = math.sqrt(max(statistics.variance(ratios), _counting_variance(controls)))
    return predicted_above(subject.ratio - mean, spread, number)


def _counting_variance(controls: Sequence[Counted]) -> float:
    """Of one control's ratio, if all had the same; one loss and one success more keep it above 0."""
    total = sum(control.total for control in controls)
    ratio = (sum(control.count for control in controls) + 1) / (total + 2)
    packets = total / len(controls) / controls[0].design_effect
    return ratio * (1 - ratio) / max(packets, 1)


def _overdispersion(differences: Sequence[float], subject: Sequence[Block], pooled: Sequence[Block]) -> float:
    """How much more the differences vary from block to block than independent losses of steady ratios would."""
    if len(differences) < FEWEST_PAIRS:
        return 1.0
    mine, others = _sum(subject).ratio, _sum(pooled).ratio
    expected = statistics.fmean(
        mine * (1 - mine) / block.sent + others * (1 - others) / all_others.sent
        for block, all_others in zip(subject, pooled, strict=True)
    )
    return max(1.0, statistics.variance(differences) / expected) if expected else 1.0


def _counted(blocks: Sequence[Block], design_effect: float) -> Counted:
    total = _sum(blocks)
    return Counted(total.lost, total.sent, design_effect)


def _sum(blocks: Sequence[Block]) -> Block:
    return Block(sum(block.sent for block in blocks), sum(block.lost for block in blocks))
