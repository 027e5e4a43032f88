"""Bounds of rates, against published values and against what they promise."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.intervals import exact_upper, wilson

_counts = st.integers(1, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


def at_most(hits: int, of: int, rate: float) -> float:
    """The binomial distribution function, in whole numbers as far as they go."""
    return math.fsum(math.comb(of, count) * rate**count * (1 - rate) ** (of - count) for count in range(hits + 1))


@pytest.mark.parametrize(
    ("hits", "of", "percent"),
    [(0, 300, 0.99), (1, 300, 1.57), (0, 1, 95.0), (0, 59, 4.95), (3, 3, 100.0), (0, 0, 100.0)],
)
def test_the_upper_bound_has_its_known_values(hits: int, of: int, percent: float) -> None:
    assert round(exact_upper(hits, of) * 100, 2) == percent


@given(_counts, st.sampled_from([0.01, 0.05, 0.2]))
@settings(max_examples=150)
def test_at_the_upper_bound_so_few_hits_have_just_the_probability_of_the_error(
    counts: tuple[int, int], error: float
) -> None:
    hits, of = counts
    bound = exact_upper(hits, of, 1 - error)
    if hits == of:
        assert bound == 1.0
    else:
        assert hits / of < bound < 1
        assert at_most(hits, of, bound) == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.1, 0.5, 0.97])
@pytest.mark.parametrize("of", [5, 60, 300])
def test_the_upper_bound_lies_below_the_true_rate_in_at_most_one_case_of_twenty(rate: float, of: int) -> None:
    too_low = [hits for hits in range(of + 1) if exact_upper(hits, of) < rate]
    assert at_most(max(too_low, default=-1), of, rate) <= 0.05


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (0, 0, 0, 1)]
)
def test_wilsons_interval_has_its_known_values(hits: int, of: int, low: float, high: float) -> None:
    within = wilson(hits, of)
    assert [within.low, within.high] == pytest.approx([low, high], abs=5e-5)


@given(_counts)
@settings(max_examples=150)
def test_wilsons_ends_are_the_rates_that_are_196_deviations_away(counts: tuple[int, int]) -> None:
    hits, of = counts
    within = wilson(hits, of)
    low, high = within.low, within.high
    assert 0 <= low <= hits / of <= high <= 1
    for end in {low, high} - {0.0, 1.0}:
        deviations = abs(hits / of - end) / math.sqrt(end * (1 - end) / of)
        assert deviations == pytest.approx(1.96, abs=1e-3)


@pytest.mark.parametrize(("hits", "of"), [(-1, 3), (4, 3), (0, -1)])
def test_what_is_no_rate_is_refused(hits: int, of: int) -> None:
    with pytest.raises(ValueError, match="is no ratio"):
        exact_upper(hits, of)
    with pytest.raises(ValueError, match="is no ratio"):
        wilson(hits, of)


def test_a_confidence_that_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        exact_upper(1, 2, 0.0)
