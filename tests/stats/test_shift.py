"""The shift of paired block medians, with brute force and scipy as oracles."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from itertools import combinations_with_replacement, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from callcheck.stats.shift import (
    DelayShift,
    delay_shift,
    design_effect_of,
    hodges_lehmann,
    outlier_shift_p,
    tukey_rank,
)

Arm = list[float | None]
_BLOCKS = 30


def noisy(random: Random, level_ms: float, blocks: int = _BLOCKS) -> Arm:
    return [level_ms + random.expovariate(1 / 5) for _ in range(blocks)]


def compared(subject: Arm, controls: list[Arm]) -> DelayShift:
    found = delay_shift(subject, controls, Random(1))
    assert found is not None
    return found


# --- the estimate and its interval


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=25))
@settings(max_examples=30, deadline=None)
def test_the_estimate_is_the_median_of_all_walsh_averages(differences: list[float]) -> None:
    averages = [(one + other) / 2 for one, other in combinations_with_replacement(differences, 2)]
    found = hodges_lehmann(differences)
    assert found.estimate == pytest.approx(statistics.median(averages), rel=1e-9, abs=1e-6)
    assert min(differences) <= found.interval.low <= found.estimate <= found.interval.high <= max(differences)


@pytest.mark.parametrize(
    ("pairs", "rank"), [(5, 1), (6, 1), (8, 4), (10, 9), (15, 26), (20, 53), (25, 90), (30, 138), (50, 435)]
)
def test_ranks_are_those_of_the_printed_tables(pairs: int, rank: int) -> None:
    """One above the two-sided 5 % critical values of Wilcoxon's T (1, 4, 9, 26, 53, 90, 138, 435 less 1)."""
    assert tukey_rank(pairs, 0.95) == rank


@pytest.mark.parametrize("pairs", [8, 10, 12])
@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_few_pairs_are_counted_out_over_all_signs(pairs: int, confidence: float) -> None:
    sums = [sum(rank for rank, sign in enumerate(signs, 1) if sign) for signs in product((False, True), repeat=pairs)]
    rank = tukey_rank(pairs, confidence)
    tail = (1 - confidence) / 2
    assert sum(total < rank for total in sums) / len(sums) <= tail
    assert sum(total <= rank for total in sums) / len(sums) > tail


@pytest.mark.parametrize("pairs", [51, 80, 120])
def test_the_normal_distribution_goes_on_where_counting_ends(pairs: int) -> None:
    mean, variance = pairs * (pairs + 1) / 4, pairs * (pairs + 1) * (2 * pairs + 1) / 24
    assert tukey_rank(pairs, 0.95) == pytest.approx(mean - 1.96 * math.sqrt(variance), abs=1.01)
    assert 17 < tukey_rank(51, 0.95) - tukey_rank(50, 0.95) < 21, "no step where the method changes"


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_holds_what_wilcoxons_test_does_not_reject(seed: int) -> None:
    random = Random(seed)
    differences = [random.gauss(40, 20) for _ in range(24)]
    found = hodges_lehmann(differences).interval
    for end, step in ((found.low, 1), (found.high, -1)):
        inside, outside = ([value - end - step * way for value in differences] for way in (1e-6, -1e-6))
        assert wilcoxon(inside, method="exact").pvalue > 0.05
        assert wilcoxon(outside, method="exact").pvalue <= 0.05


@pytest.mark.parametrize("pairs", [20, 60])
@pytest.mark.parametrize(
    "draw",
    [
        lambda random: random.gauss(0, 1),
        lambda random: random.choice((1, -1)) * random.expovariate(1),
        lambda random: random.gauss(0, 1) / random.gauss(0, 1),
    ],
)
def test_the_interval_covers_the_shift_as_often_as_promised(draw: Callable[[Random], float], pairs: int) -> None:
    random, covered = Random(3), 0
    for _ in range(300):
        found = hodges_lehmann([7 + draw(random) for _ in range(pairs)]).interval
        covered += found.low <= 7 <= found.high
    # 285 are expected; 274 and 296 are three standard errors off.
    assert 274 <= covered <= 296


def test_wild_numbers_move_the_estimate_little_and_nothing_is_no_shift() -> None:
    random = Random(7)
    tame = [random.gauss(50, 5) for _ in range(25)]
    assert hodges_lehmann([*tame, *[1e300] * 5]).estimate == pytest.approx(50, abs=5)
    assert hodges_lehmann([*tame, 1e308, -1e308]).estimate == pytest.approx(50, abs=3)
    with pytest.raises(ValueError, match="no differences"):
        hodges_lehmann([])


def test_blocks_that_hang_together_are_worth_fewer() -> None:
    random = Random(9)
    even = [random.gauss(0, 1) for _ in range(400)]
    assert design_effect_of(even, 0.0) < 1.3
    assert design_effect_of([1.0] * 10 + [-1.0] * 10 + [1.0] * 10, 0.0) > 6
    assert design_effect_of([1.0, -1.0] * 10, 0.0) == 1
    assert design_effect_of([5.0] * 30, 5.0) == 1
    assert design_effect_of([1.0] * 30, 0.0) == pytest.approx(19)


# --- the subject against its controls


@pytest.mark.parametrize("shift_ms", [60.0, 200.0])
def test_a_subject_that_is_held_up_holds_through_queues_that_all_share(shift_ms: float) -> None:
    random = Random(5)
    shared = [120.0 if 8 <= block < 16 else 3.0 for block in range(_BLOCKS)]
    arms = [[level + random.expovariate(1 / 5) for level in shared] for _ in range(5)]
    found = compared([value + shift_ms for value in arms[0]], [[*arm] for arm in arms[1:]])
    assert found.holds
    assert found.interval_ms.low <= shift_ms <= found.interval_ms.high
    assert found.interval_ms.high - found.interval_ms.low < 30
    assert (found.pairs, found.controls) == (30, 4)
    assert found.p < 0.001


def test_a_subject_like_its_controls_does_not_hold_however_slow_all_are() -> None:
    random = Random(7)
    for level_ms in (0.0, 50.0, 2000.0):
        assert not compared(noisy(random, level_ms), [noisy(random, level_ms) for _ in range(4)]).holds


def test_less_than_thirty_milliseconds_do_not_hold_however_certain() -> None:
    random = Random(11)
    found = compared(noisy(random, 25), [noisy(random, 0) for _ in range(6)])
    assert found.p < 0.001
    assert found.is_outlier
    assert not found.holds


def test_the_shift_must_exceed_what_controls_wait_themselves() -> None:
    random = Random(13)
    for shift_ms, holds in ((100.0, False), (200.0, True)):
        found = compared(noisy(random, 100 + shift_ms), [noisy(random, 100) for _ in range(4)])
        assert found.controls_ms == pytest.approx(104, abs=3)
        assert found.is_outlier
        assert found.holds is holds


def test_a_control_that_is_as_slow_takes_the_claim_away_and_three_are_too_few() -> None:
    random = Random(15)
    subject = noisy(random, 150)
    calm = [noisy(random, 0) for _ in range(4)]
    assert compared(subject, calm).holds
    assert not compared(subject, [*calm[:3], noisy(random, 140)]).holds
    few = compared(subject, calm[:3])
    assert few.outlier_p is None
    assert not few.holds


def test_nineteen_pairs_are_too_few_and_twenty_are_enough() -> None:
    random = Random(17)
    subject, controls = noisy(random, 150), [noisy(random, 0) for _ in range(4)]
    assert delay_shift(subject[:19], [arm[:19] for arm in controls], Random(1)) is None
    assert compared(subject[:20], [arm[:20] for arm in controls]).holds


def test_silent_blocks_and_silent_controls_are_left_out() -> None:
    random = Random(19)
    subject, controls = noisy(random, 150), [noisy(random, 0) for _ in range(4)]
    dead: Arm = [None] * _BLOCKS
    gaps: Arm = [*[None] * 4, *subject[4:]]
    assert compared(gaps, [*controls, dead]).pairs == 26
    assert compared(gaps, [*controls, dead]).controls == 4
    # Half of the controls do not speak for all of them.
    halved = [*controls[:2], *([*[None] * 6, *arm[6:]] for arm in controls[2:])]
    assert compared(subject, halved).pairs == 24
    assert delay_shift(subject, [dead] * 4, Random(1)) is None
    assert delay_shift(subject, [], Random(1)) is None
    assert delay_shift([], [[]] * 4, Random(1)) is None


def test_arms_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        delay_shift([1.0] * 30, [[1.0] * 29] * 4, Random(1))


def test_the_interval_of_blocks_that_hang_together_is_that_of_fewer() -> None:
    random = Random(10)
    differences = [random.gauss(0, 1) for _ in range(40)]
    widths = [
        found.interval.high - found.interval.low
        for effect in (1.0, 2.0, 4.0, 8.0)
        for found in [hodges_lehmann(differences, design_effect=effect)]
    ]
    assert widths[1] / widths[0] == pytest.approx(math.sqrt(2), rel=0.2)
    assert widths[2] / widths[0] == pytest.approx(2, rel=0.2)
    assert widths[3] == max(differences) - min(differences)


def test_a_queue_of_its_own_that_stands_half_the_time_is_not_sure() -> None:
    random = Random(21)
    steady, standing = noisy(random, 100), [*noisy(random, 200, 15), *noisy(random, 0, 15)]
    controls = [noisy(random, 0) for _ in range(4)]
    assert compared(steady, controls).holds
    found = compared(standing, controls)
    assert found.design_effect > 5
    assert not found.holds


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 1e308, -1e308, 1e12])
def test_numbers_that_no_packet_has_are_no_answers(odd: float) -> None:
    random = Random(23)
    subject, controls = noisy(random, 0), [noisy(random, 0) for _ in range(4)]
    spoilt = compared([odd, *subject[1:]], controls)
    assert spoilt == compared([None, *subject[1:]], controls)
    assert spoilt.pairs == 29
    assert spoilt.p > 0.01


def test_one_more_control_is_an_outlier_as_often_as_promised() -> None:
    random, low = Random(25), 0
    for _ in range(1000):
        levels = [random.gauss(80, 30) for _ in range(6)]
        against = [own - statistics.fmean([*levels[:at], *levels[at + 1 :]]) for at, own in enumerate(levels)]
        others = [own - statistics.fmean([*levels[1:at], *levels[at + 1 :]]) for at, own in enumerate(levels) if at]
        p = outlier_shift_p(against[0], others)
        assert p is not None
        low += p <= 0.05
    # 71 is three standard errors above 50.
    assert low <= 71


@pytest.mark.parametrize("controls", [4, 6])
def test_the_level_of_the_sign_flip_is_kept_though_delays_are_skewed(controls: int) -> None:
    random, low, held = Random(27), 0, 0
    for _ in range(60):
        arms: list[Arm] = [[random.expovariate(1 / 40) for _ in range(_BLOCKS)] for _ in range(controls + 1)]
        found = compared(arms[0], arms[1:])
        low += found.p <= 0.05
        held += found.holds
    # 3 are expected, 9 are more than three standard errors above.
    assert low < 9
    assert held == 0


def test_queues_that_each_way_has_for_itself_hardly_ever_hold() -> None:
    """A queue of 150 ms, 4 s in 20 in the mean, on each way by itself; about one in 200 holds."""
    random, held = Random(29), 0
    for _ in range(80):
        arms: list[Arm] = []
        for _ in range(5):
            is_on, arm = random.random() < 0.2, []
            for _ in range(_BLOCKS):
                arm.append((150 if is_on else 0) + random.expovariate(1 / 5))
                is_on = random.random() >= 1 / 4 if is_on else random.random() < 1 / 16
            arms.append([*arm])
        held += compared(arms[0], arms[1:]).holds
    assert held <= 3


_values = st.none() | st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 500)


@given(st.lists(st.lists(_values, min_size=24, max_size=24), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_any_arms_may_be_compared(arms: list[Arm]) -> None:
    found = delay_shift(arms[0], arms[1:], Random(1))
    if found is not None:
        assert 20 <= found.pairs <= 24
        assert 0 < found.p <= 1
        assert found.interval_ms.low <= found.shift_ms <= found.interval_ms.high
        assert found.outlier_p is None or 0 <= found.outlier_p <= 1
