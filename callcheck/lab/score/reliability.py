"""Whether callcheck may be believed when it says how sure it is: stated confidence against the share that is right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from callcheck.lab.score.lines import Answer
from callcheck.stats.intervals import wilson

# Finer where verdicts are given (DESIGN 7 decides at 0.8 and accuses at 0.9); the first bin leaves nothing out.
EDGES: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class Bin:
    """Verdicts stated with a confidence from `low` up to but without `high`; the last bin holds 1 too. The means are
    None where there are none; the interval is Wilson's at 95 %."""

    low: float
    high: float
    count: int
    mean_confidence: float | None
    right_ratio: float | None
    right_low: float
    right_high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of the verdicts that name a cause, where there is a truth; who abstains states no confidence in a cause.

    `brier` is the mean squared distance of the stated confidence from 1 (right) or 0 (wrong); `ece` the mean distance
    between stated confidence and share right over the bins, weighted by their counts.
    """

    verdicts: int
    bins: tuple[Bin, ...]
    brier: float | None
    ece: float | None


def reliability(answers: Iterable[Answer]) -> Reliability:
    stated = [
        (one.said.confidence, one.said.cause in one.truth.cause)
        for one in answers
        if one.truth is not None and one.said is not None and one.said.cause != "unknown"
    ]
    bins = tuple(_bin(low, high, stated) for low, high in pairwise(EDGES))
    count = len(stated)
    if not count:
        return Reliability(0, bins, None, None)
    brier = math.fsum((confidence - right) ** 2 for confidence, right in stated) / count
    ece = math.fsum(_gap(one) * one.count for one in bins) / count
    return Reliability(count, bins, brier, ece)


def _bin(low: float, high: float, stated: Sequence[tuple[float, bool]]) -> Bin:
    inside = [
        (confidence, right) for confidence, right in stated if low <= confidence < high or confidence == high == 1
    ]
    count, right = len(inside), sum(right for _, right in inside)
    within = wilson(right, count)
    mean = math.fsum(confidence for confidence, _ in inside) / count if count else None
    return Bin(low, high, count, mean, right / count if count else None, within.low, within.high)


def _gap(one: Bin) -> float:
    if one.mean_confidence is None or one.right_ratio is None:
        return 0.0
    return abs(one.mean_confidence - one.right_ratio)
