"""Exact tests of small counts, with scipy as the oracle."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, boschloo_exact, fisher_exact

from callcheck.stats.exact import boschloo_p, fisher_p

_counts = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted)


@pytest.mark.parametrize(
    ("counts", "fisher", "boschloo"),
    [
        # All orders of ten are 252, one of which parts them so; at a ratio of one half it is one of 2 ** 10 outcomes.
        ((5, 5, 0, 5), 1 / 252, 2**-10),
        ((1, 1, 0, 1), 1 / 2, 1 / 4),
        # The lady tasting tea.
        ((3, 4, 1, 4), 17 / 70, None),
        ((0, 5, 5, 5), 1.0, 1.0),
        ((5, 5, 5, 5), 1.0, 1.0),
        ((0, 7, 0, 3), 1.0, 1.0),
    ],
)
def test_known_tables(counts: tuple[int, int, int, int], fisher: float, boschloo: float | None) -> None:
    assert fisher_p(*counts) == pytest.approx(fisher, rel=1e-12)
    if boschloo is not None:
        assert boschloo_p(*counts) == pytest.approx(boschloo, rel=1e-9)


@pytest.mark.parametrize("test", [fisher_p, boschloo_p])
def test_nothing_counted_tells_nothing(test: object) -> None:
    assert callable(test)
    assert [test(0, 0, 3, 5), test(3, 5, 0, 0), test(0, 0, 0, 0)] == [1.0, 1.0, 1.0]
    for wrong in ((6, 5, 0, 5), (-1, 5, 0, 5), (0, 5, 6, 5), (0, -1, 0, 5), (1, 0, 0, 5)):
        with pytest.raises(ValueError, match="is no ratio"):
            test(*wrong)


@given(_counts, _counts)
@settings(max_examples=80, deadline=None)
def test_fisher_is_that_of_scipy(one: list[int], other: list[int]) -> None:
    (count, total), (other_count, other_total) = one, other
    table = [[count, other_count], [total - count, other_total - other_count]]
    expected = float(fisher_exact(table, "greater")[1]) if total and other_total else 1.0
    # scipy adds floats where we count; 1e-10 is its rounding.
    assert fisher_p(count, total, other_count, other_total) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("most", [6, 15, 40])
def test_boschloo_is_that_of_scipy(most: int) -> None:
    random = Random(most)
    for _ in range(12):
        total, other_total = random.randint(1, most), random.randint(1, most)
        count, other_count = random.randint(0, total), random.randint(0, other_total)
        table = [[count, other_count], [total - count, other_total - other_count]]
        expected = float(boschloo_exact(table, "greater").pvalue)
        # scipy looks for the highest point with a tolerance of its own.
        assert boschloo_p(count, total, other_count, other_total) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@given(_counts, _counts)
@settings(max_examples=40, deadline=None)
def test_boschloo_never_says_less_than_fisher(one: list[int], other: list[int]) -> None:
    found = boschloo_p(*one, *other)
    assert 0 < found <= fisher_p(*one, *other) <= 1


@pytest.mark.parametrize(("total", "other_total"), [(5, 5), (4, 9)])
@pytest.mark.parametrize("alpha", [0.01, 0.1])
def test_the_level_is_kept_at_every_ratio_and_boschloo_finds_all_that_fisher_does(
    total: int, other_total: int, alpha: float
) -> None:
    tables = [(count, other) for count in range(total + 1) for other in range(other_total + 1)]
    low = {
        test: [(count, other) for count, other in tables if test(count, total, other, other_total) <= alpha]
        for test in (fisher_p, boschloo_p)
    }
    assert set(low[fisher_p]) <= set(low[boschloo_p])
    for percent in range(5, 100, 5):
        mine, others = (binom.pmf(range(number + 1), number, percent / 100) for number in (total, other_total))
        assert sum(mine[count] * others[other] for count, other in low[boschloo_p]) <= alpha + 1e-9


def test_boschloo_finds_what_fisher_misses() -> None:
    # 7 of 12 against 1 of 10, the example of many a textbook: the one is below 2 %, the other is not.
    assert boschloo_p(7, 12, 1, 10) < 0.02 < fisher_p(7, 12, 1, 10)


def test_sixty_each_are_told_apart() -> None:
    assert boschloo_p(60, 60, 0, 60) == pytest.approx(2.0**-120, rel=1e-9)
    expected = float(boschloo_exact([[35, 22], [25, 38]], "greater").pvalue)
    assert boschloo_p(35, 60, 22, 60) == pytest.approx(expected, rel=1e-6)
