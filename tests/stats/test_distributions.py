"""Distribution functions against scipy's."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from callcheck.stats.distributions import (
    binomial_at_most,
    chi_square_above,
    incomplete_beta,
    kuiper_at_most,
    student_above,
)

_sizes = st.floats(0.1, 5000)


@given(_sizes, _sizes, st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_the_incomplete_beta_function_is_scipys(a: float, b: float, x: float) -> None:
    assert incomplete_beta(a, b, x) == pytest.approx(float(special.betainc(a, b, x)), rel=1e-8, abs=1e-12)


@given(st.integers(0, 2000), st.integers(0, 2000), st.floats(0.001, 0.999))
@settings(max_examples=30, deadline=None)
def test_the_binomial_distribution_is_scipys(count: int, more: int, ratio: float) -> None:
    total = count + more
    assert binomial_at_most(count, total, ratio) == pytest.approx(float(special.bdtr(count, total, ratio)), abs=1e-9)


@given(st.floats(-40, 40), st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_students_distribution_is_scipys(t: float, degrees: int) -> None:
    assert student_above(t, degrees) == pytest.approx(float(special.stdtr(degrees, -t)), rel=1e-7, abs=1e-14)


@given(st.floats(0, 300), st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_the_chi_square_distribution_is_scipys(x: float, degrees: int) -> None:
    assert chi_square_above(x, degrees) == pytest.approx(float(special.chdtrc(degrees, x)), rel=1e-9, abs=1e-14)


def test_without_a_degree_of_freedom_nothing_speaks_against_a_fit() -> None:
    assert chi_square_above(1e9, 0) == 1.0


@pytest.mark.parametrize("span", [0.4, 0.6, 0.8, 1.0, 1.2, 1.6, 2.0, 2.9])
def test_kuipers_distribution_is_the_sum_he_gave(span: float) -> None:
    kuiper = 1 - 2 * math.fsum((4 * (k * span) ** 2 - 1) * math.exp(-2 * (k * span) ** 2) for k in range(1, 100))
    assert kuiper_at_most(span) == pytest.approx(kuiper, abs=1e-9)


def test_kuipers_distribution_ends_at_0_and_1() -> None:
    assert [kuiper_at_most(span) for span in (-1.0, 0.0, 0.01, 3.1, 1e9)] == [0, 0, 0, 1, 1]


def test_the_span_of_a_shuffled_walk_follows_kuipers_distribution() -> None:
    random, spans = Random(11), []
    for _ in range(400):
        steps = [1] * 200 + [-1] * 200
        random.shuffle(steps)
        at = high = low = 0
        for step in steps:
            at += step
            high, low = max(high, at), min(low, at)
        spans.append((high - low) / math.sqrt(len(steps)))
    for share in (0.1, 0.5, 0.9):
        below = sum(kuiper_at_most(span) <= share for span in spans) / len(spans)
        # The walk has whole steps, and four standard errors are 0.1 at most.
        assert below == pytest.approx(share, abs=0.14)
