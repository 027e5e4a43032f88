"""Intervals of ratios and of their differences, against published values, scipy and what they promise."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from callcheck.stats.intervals import Counted, Interval, exact_upper, newcombe, wilson
from callcheck.stats.loss import design_effect_of
from tests.stats.made import gilbert

_counts = st.integers(1, 3000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(10, 500, 1.1, 3.6), (30, 1500, 1.4, 2.8), (50, 500, 7.7, 12.9), (0, 0, 0, 100)],
)
def test_wilsons_interval_has_the_values_of_the_facts(count: int, total: int, low: float, high: float) -> None:
    interval = wilson(count, total)
    assert (round(interval.low * 100, 1), round(interval.high * 100, 1)) == (low, high)


@given(_counts, st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=30, deadline=None)
def test_the_ends_of_wilsons_interval_are_as_many_deviations_away_as_the_confidence_says(
    counts: tuple[int, int], confidence: float
) -> None:
    count, total = counts
    interval = wilson(count, total, confidence)
    assert 0 <= interval.low <= count / total <= interval.high <= 1
    for end in {interval.low, interval.high} - {0.0, 1.0}:
        deviations = abs(count / total - end) / math.sqrt(end * (1 - end) / total)
        assert deviations == pytest.approx(float(special.ndtri((1 + confidence) / 2)), rel=1e-4)


@given(_counts, st.floats(1, 50))
@settings(max_examples=30, deadline=None)
def test_packets_that_are_worth_less_make_the_interval_wider(counts: tuple[int, int], effect: float) -> None:
    count, total = counts
    inner, outer = wilson(count, total), wilson(count, total, design_effect=effect)
    assert outer.low <= inner.low + 1e-12
    assert inner.high <= outer.high + 1e-12
    assert 0 <= outer.low <= count / total + 1e-12
    assert count / total <= outer.high + 1e-12 <= 1 + 2e-12


def test_with_the_design_effect_wilsons_interval_covers_losses_in_runs() -> None:
    random, effect = Random(3), design_effect_of(0.1, 3.0)
    counts = [sum(gilbert(random, 750, 0.1, 3.0)) for _ in range(300)]

    def covered(design_effect: float) -> float:
        intervals = [wilson(count, 750, design_effect=design_effect) for count in counts]
        return sum(one.low <= 0.1 <= one.high for one in intervals) / len(counts)

    assert covered(effect) >= 0.91
    assert covered(1.0) <= 0.75


@pytest.mark.parametrize(
    ("total", "percent"), [(100, 4.5), (250, 1.8), (500, 0.92), (1000, 0.46), (1500, 0.31), (3000, 0.15)]
)
def test_no_loss_at_all_has_the_upper_bounds_of_the_facts(total: int, percent: float) -> None:
    assert exact_upper(0, total, 0.99) * 100 == pytest.approx(percent, abs=0.006 if percent < 1 else 0.06)


@given(_counts, st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=30, deadline=None)
def test_the_exact_bound_is_clopper_and_pearsons(counts: tuple[int, int], confidence: float) -> None:
    count, total = counts
    theirs = 1.0 if count == total else float(special.betaincinv(count + 1, total - count, confidence))
    assert exact_upper(count, total, confidence) == pytest.approx(theirs, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_difference_of_ratios_has_the_interval_of_newcombes_table(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    interval = newcombe(Counted(*one), Counted(*other))
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=6e-5)


@given(_counts, _counts, st.floats(1, 20))
@settings(max_examples=30, deadline=None)
def test_exchanging_the_ratios_turns_their_difference_round(
    one: tuple[int, int], other: tuple[int, int], effect: float
) -> None:
    here = newcombe(Counted(*one, effect), Counted(*other))
    there = newcombe(Counted(*other), Counted(*one, effect))
    assert here.low == pytest.approx(-there.high)
    assert -1 - 1e-9 <= here.low <= one[0] / one[1] - other[0] / other[1] <= here.high <= 1 + 1e-9


def test_where_nothing_was_counted_everything_is_possible() -> None:
    assert newcombe(Counted(0, 0), Counted(1, 3)) == Interval(-1, 1)
    assert exact_upper(0, 0) == 1.0
    assert Counted(0, 0).ratio == 0.0


@pytest.mark.parametrize(("count", "total", "effect"), [(-1, 3, 1.0), (4, 3, 1.0), (1, 3, 0.9), (1, 3, math.nan)])
def test_what_is_no_ratio_is_refused(count: int, total: int, effect: float) -> None:
    with pytest.raises(ValueError, match="is no ratio"):
        wilson(count, total, design_effect=effect)
