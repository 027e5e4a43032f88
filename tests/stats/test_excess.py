"""The subject against its controls."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.excess import ExcessLoss, excess_loss, outlier_p
from callcheck.stats.intervals import Counted
from callcheck.stats.paired import Block
from tests.bench.sim_false_alarms import tally


def arm(lost: list[int], sent: int = 25) -> list[Block]:
    return [Block(sent, count) for count in lost]


def steady(random: Random, ratio: float, blocks: int = 30) -> list[Block]:
    return arm([sum(random.random() < ratio for _ in range(25)) for _ in range(blocks)])


def compared(subject: list[Block], controls: list[list[Block]]) -> ExcessLoss:
    found = excess_loss(subject, controls, Random(1))
    assert found is not None
    return found


def test_a_subject_that_loses_much_more_than_quiet_controls_holds() -> None:
    random = Random(5)
    found = compared(steady(random, 0.2), [steady(random, 0.005) for _ in range(4)])
    assert found.holds
    assert found.difference.low <= 0.195 <= found.difference.high
    assert found.pairs == 30
    assert found.p < 0.001


def test_a_dead_subject_holds() -> None:
    found = compared(arm([25] * 30), [arm([0] * 30)] * 4)
    assert found.holds
    assert found.outlier_p is not None
    assert found.outlier_p < 0.001


@pytest.mark.parametrize("ratio", [0.0, 0.01, 0.3, 1.0])
def test_a_subject_like_its_controls_does_not_hold(ratio: float) -> None:
    random = Random(7)
    assert not compared(steady(random, ratio), [steady(random, ratio) for _ in range(4)]).holds


def test_a_subject_among_controls_that_differ_as_much_is_no_outlier() -> None:
    random = Random(9)
    found = compared(steady(random, 0.15), [steady(random, ratio) for ratio in (0.0, 0.0, 0.01, 0.12)])
    assert found.p < 0.01
    assert not found.is_outlier
    assert not found.holds


def test_three_controls_are_too_few() -> None:
    found = compared(arm([10] * 30), [arm([0] * 30)] * 3)
    assert found.outlier_p is None
    assert not found.holds


def test_nineteen_pairs_are_too_few_and_twenty_are_enough() -> None:
    assert not compared(arm([10] * 19), [arm([0] * 19)] * 4).holds
    assert compared(arm([10] * 20), [arm([0] * 20)] * 4).holds


def test_a_difference_below_three_points_does_not_hold_however_certain() -> None:
    found = compared(arm([20] * 60, 1000), [arm([0] * 60, 1000)] * 4)
    assert found.p < 0.001
    assert found.is_outlier
    assert 0.015 < found.difference.low < 0.03
    assert not found.holds


def test_a_difference_below_three_times_the_controls_loss_does_not_hold() -> None:
    random = Random(11)
    found = compared(steady(random, 0.35), [steady(random, 0.1) for _ in range(4)])
    assert found.is_outlier
    assert found.difference.low > 0.1
    assert found.difference.low < 3 * found.controls_upper_ratio
    assert not found.holds


def test_blocks_in_which_an_arm_did_not_send_are_left_out() -> None:
    quiet = [Block(25, 0)] * 30
    gap = [Block(0, 0)] * 5 + [Block(25, 0)] * 25
    assert compared(arm([10] * 30), [gap, quiet, quiet, quiet]).pairs == 25
    assert excess_loss(arm([1] * 3), [[Block(0, 0)] * 3] * 4, Random(1)) is None


def test_without_controls_there_is_no_comparison() -> None:
    assert excess_loss(arm([1] * 30), [], Random(1)) is None


def test_arms_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        excess_loss(arm([1] * 3), [arm([0] * 2)] * 4, Random(1))


def test_losses_in_runs_widen_the_difference() -> None:
    even, bursty = arm([5] * 30), arm([25] * 6 + [0] * 24)
    quiet = [arm([0, 1] * 15)] * 4
    narrow, wide = compared(even, quiet).difference, compared(bursty, quiet).difference
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_congestion_that_all_arms_share_does_not_widen_the_difference() -> None:
    random = Random(15)
    ratios = [0.4 if 10 <= block < 20 else 0.0 for block in range(30)]
    arms = [arm([sum(random.random() < ratio for _ in range(25)) for ratio in ratios]) for _ in range(5)]
    assert compared(arms[0], arms[1:]).design_effect < 2


def test_a_design_effect_from_the_flows_is_a_floor() -> None:
    found = excess_loss(arm([3] * 30), [arm([0] * 30)] * 4, Random(1), design_effect=4.0)
    assert found is not None
    assert found.design_effect == 4.0


def test_one_more_control_is_an_outlier_as_often_as_promised() -> None:
    random, low = Random(19), 0
    for _ in range(500):
        level = random.uniform(0.05, 0.3)
        ratios = [min(1.0, max(0.0, random.gauss(level, 0.04))) for _ in range(5)]
        arms = [Counted(sum(random.random() < ratio for _ in range(60)), 200) for ratio in ratios]
        p = outlier_p(arms[0], arms[1:])
        assert p is not None
        low += p <= 0.05
    # 40 is three standard errors above 25.
    assert low <= 40


@pytest.mark.parametrize("mean_run", [1.0, 3.0])
def test_shared_congestion_raises_hardly_an_alarm(mean_run: float) -> None:
    found = tally(77, 80, extra_ratio=0.0, mean_run=mean_run)
    # At a level of 1 % five or more of 80 have a chance of 1 in 700.
    assert found.sign_flip < 5
    assert found.holds == 0


def test_throttling_by_ten_points_is_seen_where_controls_are_calm() -> None:
    found = tally(78, 40, extra_ratio=0.10, mean_run=1.0, congested=False)
    assert found.holds >= 38


def test_throttling_by_eight_points_is_seen_through_shared_congestion_by_the_sign_flip_test() -> None:
    found = tally(79, 40, extra_ratio=0.08, mean_run=1.0)
    assert found.sign_flip >= 38
    assert found.outlier >= 36


_blocks = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: Block(max(pair), min(pair)))


@given(st.lists(st.lists(_blocks, min_size=21, max_size=21), min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_any_arms_may_be_compared(arms: list[list[Block]]) -> None:
    found = excess_loss(arms[0], arms[1:], Random(1))
    if found is not None:
        assert -1 - 1e-9 <= found.difference.low <= found.difference.high <= 1 + 1e-9
        assert 0 < found.p <= 1
        assert found.design_effect >= 1
        assert found.outlier_p is None or 0 <= found.outlier_p <= 1
        assert not found.holds or found.subject_ratio > found.controls_ratio
