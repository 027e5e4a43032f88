"""Exact tests of small counts: did more of one kind fail than of another, where 0 of 5 stands against 5 of 5?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import accumulate
from typing import Final

from callcheck.stats.intervals import Counted

# Even steps of the angle whose squared sine is the ratio: its peaks are at least 1 / sqrt(packets) wide there.
_FEWEST_STEPS: Final = 64
_STEPS_PER_ROOT: Final = 16
# A peak between two steps is higher than they are by less than this.
_HIDDEN: Final = 0.05
_NARROWINGS: Final = 30
_GOLDEN: Final = (math.sqrt(5) - 1) / 2


def fisher_p(count: int, total: int, other_count: int, other_total: int) -> float:
    """One-sided p of "more of the first than of the second" (Fisher's exact test, The Design of Experiments, 1935).

    The chance that so many or more of all that happened fall on the first, whatever the common ratio. 1 where either
    counted nothing. Raises ValueError on what is no count.
    """
    if not _can_compare(count, total, other_count, other_total):
        return 1.0
    return float(_tail(count, total, other_count, other_total))


def boschloo_p(count: int, total: int, other_count: int, other_total: int) -> float:
    """One-sided p of "more of the first than of the second", for two independent binomials of one unknown ratio
    (Boschloo, Statistica Neerlandica 24, 1970; facts/inference.md 3.6). Never above Fisher's, mostly well below it.

    The largest chance, over all common ratios, of any outcome whose Fisher p is at most the one seen. 1 where either
    counted nothing. Raises ValueError on what is no count. The cost grows with the square of the totals.
    """
    if not _can_compare(count, total, other_count, other_total):
        return 1.0
    seen = _tail(count, total, other_count, other_total)
    both = total + other_total
    log_weights = [
        (happened, math.log(math.comb(both, happened)) + math.log(chance))
        for happened in range(both + 1)
        if (chance := _largest_tail(seen, happened, total, other_total))
    ]

    def chance_at(angle: float) -> float:
        ratio = math.sin(angle) ** 2
        if not 0 < ratio < 1:
            return math.fsum(math.exp(weight) for happened, weight in log_weights if happened == round(ratio) * both)
        yes, no = math.log(ratio), math.log1p(-ratio)
        return math.fsum(math.exp(weight + happened * yes + (both - happened) * no) for happened, weight in log_weights)

    steps = _FEWEST_STEPS + round(_STEPS_PER_ROOT * math.sqrt(both))
    return min(float(seen), _highest(chance_at, steps))


def _can_compare(count: int, total: int, other_count: int, other_total: int) -> bool:
    Counted(count, total)
    Counted(other_count, other_total)
    return total > 0 and other_total > 0


def _tail(count: int, total: int, other_count: int, other_total: int) -> Fraction:
    happened = count + other_count
    ways = sum(_ways(happened, total, other_total, down_to=count))
    return Fraction(ways, math.comb(total + other_total, happened))


def _largest_tail(most: Fraction, happened: int, total: int, other_total: int) -> float:
    """The largest Fisher p of at most `most` among the outcomes in which `happened` of all happened; 0 if none."""
    ways, all_ways = 0, math.comb(total + other_total, happened)
    # In whole numbers outcomes tie exactly, which rounding would part.
    limit = most.numerator * all_ways // most.denominator
    for so_many in accumulate(_ways(happened, total, other_total)):
        if so_many > limit:
            break
        ways = so_many
    return ways / all_ways


def _ways(happened: int, total: int, other_total: int, *, down_to: int = 0) -> Iterator[int]:
    """In how many ways `happened` fall on the two, from the most on the first downwards."""
    least = max(down_to, happened - other_total)
    for count in range(min(happened, total), least - 1, -1):
        yield math.comb(total, count) * math.comb(other_total, happened - count)


def _highest(chance_at: Callable[[float], float], steps: int) -> float:
    """The highest value between 0 and a right angle: on even steps, then within those around each high one."""
    step = math.pi / 2 / steps
    values = [chance_at(step * number) for number in range(steps + 1)]
    best = max(values)
    for number in range(1, steps):
        around = values[number - 1 : number + 2]
        if around[1] == max(around) and around[1] >= best * (1 - _HIDDEN):
            best = max(best, _peak(chance_at, step * (number - 1), step * (number + 1)))
    return best


def _peak(chance_at: Callable[[float], float], low: float, high: float) -> float:
    """The highest value of one hill, by golden section (Kiefer 1953)."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = chance_at(left), chance_at(right)
    for _ in range(_NARROWINGS):
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = chance_at(right)
        else:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = chance_at(left)
    return max(at_left, at_right)
