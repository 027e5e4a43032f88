"""Burst ratio and bounds of loss."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.quality.loss import burst_ratio, loss_bounds
from tests.quality.series import gilbert

STEP_US = 40_000


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("....", 1),
        ("x...", 0.75),
        ("xx..", 1),
        (".xx..xx.", 1),
        ("xxxx....", 2),
        (".x.x.x.x", 0.5),
        ("x.........", 0.9),
    ],
)
def test_the_burst_ratio_is_the_mean_run_over_that_of_independent_loss(pattern: str, expected: float) -> None:
    assert burst_ratio([sign == "x" for sign in pattern]) == pytest.approx(expected)


@pytest.mark.parametrize(("loss_ratio", "mean_run"), [(0.05, 3), (0.3, 5), (0.3, 1 / 0.7)])
def test_a_gilbert_chain_has_the_burst_ratio_of_its_two_chances(loss_ratio: float, mean_run: float) -> None:
    # 1/(p + r); taking the mean run itself, as amplet2 does, would be off by the share that passes.
    ends = 1 / mean_run
    begins = ends * loss_ratio / (1 - loss_ratio)
    lost = gilbert(random.Random(4), 60_000, loss_ratio, mean_run)
    assert burst_ratio(lost) == pytest.approx(1 / (begins + ends), rel=0.07)


@pytest.mark.parametrize(
    ("losses", "total", "low", "high"),
    [(10, 500, 0.011, 0.036), (50, 500, 0.077, 0.129), (0, 750, 0, 0.0051), (30, 1500, 0.014, 0.028)],
)
def test_evenly_spread_losses_have_wilsons_bounds(losses: int, total: int, low: float, high: float) -> None:
    lost = [number * losses // total != (number + 1) * losses // total for number in range(total)]
    bounds = loss_bounds(range(0, total * STEP_US, STEP_US), lost)
    assert (bounds.low, bounds.high) == pytest.approx((low, high), abs=6e-4)


def test_a_second_lost_and_a_second_passed_are_worth_one_packet() -> None:
    # Wilson's interval for a half of one packet, z 1.96.
    bounds = loss_bounds(range(0, 50 * STEP_US, STEP_US), [True] * 25 + [False] * 25)
    assert (bounds.low, bounds.high) == pytest.approx((0.0546, 0.9454), abs=5e-4)


@given(st.lists(st.booleans(), min_size=1, max_size=300), st.integers(1, 2_000_000))
@settings(max_examples=60, deadline=None)
def test_the_bounds_hold_the_ratio_that_was_seen(lost: list[bool], step_us: int) -> None:
    bounds = loss_bounds([number * step_us for number in range(len(lost))], lost)
    assert 0 <= bounds.low <= sum(lost) / len(lost) <= bounds.high <= 1
    assert bounds.low < bounds.high


@pytest.mark.parametrize(("loss_ratio", "mean_run"), [(0.05, 1 / 0.95), (0.05, 4), (0.3, 6)])
def test_the_bounds_hold_the_paths_own_loss_nine_times_in_ten_or_more(loss_ratio: float, mean_run: float) -> None:
    sent_us = range(0, 750 * STEP_US, STEP_US)
    chance = random.Random(11)
    held = 0
    for _ in range(200):
        bounds = loss_bounds(sent_us, gilbert(chance, 750, loss_ratio, mean_run))
        held += bounds.low <= loss_ratio <= bounds.high
    assert held >= 176  # 90 % of 200, less twice the spread of such a count
