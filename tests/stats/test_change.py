"""Where the loss changes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.change import best_split, change_point
from tests.stats.made import bucket, gilbert, ticks_us


@pytest.mark.parametrize("cut", [12, 25, 125, 500])
def test_a_cut_off_is_found_at_its_packet(cut: int) -> None:
    change = change_point([False] * cut + [True] * (750 - cut), Random(1), permutations=99)
    assert change is not None
    assert change.index == cut
    assert (change.loss_before_ratio, change.loss_after_ratio) == (0, 1)
    assert change.p == 1 / 100


def test_the_onset_of_a_policer_is_found() -> None:
    sent_us = ticks_us(1500, 50)
    change = change_point(bucket(sent_us, 188, rate_bps=64_000, depth_bytes=8000), Random(1), permutations=99)
    assert change is not None
    assert sent_us[change.index] == pytest.approx(5.7e6, abs=0.4e6)
    assert change.p == 1 / 100


@pytest.mark.parametrize("loss_ratio", [0.1, 0.3, 0.6])
def test_random_dropping_that_sets_in_is_found_near_its_beginning(loss_ratio: float) -> None:
    random = Random(9)
    change = change_point(gilbert(random, 250, 0.005) + gilbert(random, 500, loss_ratio), random, permutations=99)
    assert change is not None
    assert change.index == pytest.approx(250, abs=10 + 3 / loss_ratio)
    assert change.loss_after_ratio == pytest.approx(loss_ratio, abs=0.06)
    assert change.p == 1 / 100


@pytest.mark.parametrize(("loss_ratio", "mean_run"), [(0.02, None), (0.3, None), (0.1, 3.0), (0.3, 5.0), (0.9, 12.0)])
def test_even_loss_rarely_seems_to_change_however_bursty(loss_ratio: float, mean_run: float | None) -> None:
    random, runs = Random(13), 25
    changes = [change_point(gilbert(random, 400, loss_ratio, mean_run), random, permutations=49) for _ in range(runs)]
    # At a level of 2 % four or more of 25 have a chance of 1 in 600.
    assert sum(change is not None and change.p <= 0.02 for change in changes) < 4


@pytest.mark.parametrize("lost", [[], [False], [True], [False] * 9, [True] * 9])
def test_a_series_of_one_kind_has_no_change(lost: list[bool]) -> None:
    assert change_point(lost, Random(1)) is None
    assert best_split(lost) == (0, 0)


@given(st.lists(st.booleans(), max_size=40))
@settings(max_examples=30, deadline=None)
def test_the_split_is_the_best_of_all(lost: list[bool]) -> None:
    change = change_point(lost, Random(5), permutations=19)
    if change is None:
        assert len(set(lost)) < 2
        return
    assert 0 < change.index < len(lost)
    assert 0 < change.p <= 1
    rests = [abs_gain(lost, index) for index in range(1, len(lost))]
    assert change.log_likelihood_ratio == pytest.approx(max(rests))
    assert abs_gain(lost, change.index) == pytest.approx(max(rests))
    assert best_split(lost) == (change.log_likelihood_ratio, change.index)


def abs_gain(lost: list[bool], index: int) -> float:
    """The log likelihood ratio of one split, from scipy's entropies."""
    from scipy.special import xlogy

    def height(part: list[bool]) -> float:
        losses, total = sum(part), len(part)
        return float(xlogy(losses, losses / total) + xlogy(total - losses, 1 - losses / total))

    return height(lost[:index]) + height(lost[index:]) - height(lost)


def test_the_same_chance_gives_the_same_p() -> None:
    lost = gilbert(Random(3), 300, 0.2)
    assert change_point(lost, Random(7)) == change_point(lost, Random(7))
