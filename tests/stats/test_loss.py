"""Runs of losses, the gaps between them, and the chain fitted to them."""

from __future__ import annotations

import math
from collections import Counter
from itertools import chain, pairwise, repeat
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.loss import design_effect_of, fit_gilbert, fit_gilbert_all, gap_variation, loss_runs, steps_of
from tests.stats.made import bucket, gilbert, ticks_us

_series = st.lists(st.booleans(), max_size=80)


def flags(text: str) -> list[bool]:
    """`x` is a loss."""
    return [mark == "x" for mark in text]


@pytest.mark.parametrize(
    ("text", "runs"), [("", ()), ("...", ()), ("xxx", (3,)), (".x..xx.x", (1, 2, 1)), ("xx.", (2,)), ("x", (1,))]
)
def test_runs_are_counted_in_order(text: str, runs: tuple[int, ...]) -> None:
    assert loss_runs(flags(text)) == runs


@given(lost=_series)
def test_every_step_is_counted_once(lost: list[bool]) -> None:
    steps = Counter(pairwise(lost))
    assert steps_of(lost) == (steps[False, True], steps[False, False], steps[True, False], steps[True, True])


@given(_series)
@settings(max_examples=30, deadline=None)
def test_runs_hold_all_losses_and_no_success(series: list[bool]) -> None:
    runs = loss_runs(series)
    assert sum(runs) == sum(series)
    assert all(runs)


def test_a_chain_is_counted_from_its_steps() -> None:
    fit = fit_gilbert(flags("...xx..x.."))
    assert fit is not None
    assert (fit.loss_after_received, fit.received_after_loss) == (2 / 6, 2 / 3)
    assert (fit.loss_ratio, fit.mean_run, fit.burst_ratio, fit.design_effect) == (0.3, 1.5, 1.0, 1.0)


@pytest.mark.parametrize("text", ["", ".", "x", "....", "xxxx"])
def test_without_both_losses_and_successes_there_is_no_chain(text: str) -> None:
    assert fit_gilbert(flags(text)) is None


@pytest.mark.parametrize(
    ("text", "burst_ratio"),
    [("...x", 1.0), ("xxx.", 1.0), ("x...", 1.0), ("..xxx", 2.0), ("x.x.x.", 0.5)],
)
def test_a_state_that_is_never_followed_makes_no_nonsense(text: str, burst_ratio: float) -> None:
    fit = fit_gilbert(flags(text))
    assert fit is not None
    assert fit.burst_ratio == pytest.approx(burst_ratio)


@pytest.mark.parametrize(("loss_ratio", "mean_run"), [(0.05, 3.0), (0.3, 2.0), (0.02, 8.0)])
def test_the_fit_finds_the_chain_that_made_the_series(loss_ratio: float, mean_run: float) -> None:
    fit = fit_gilbert(gilbert(Random(2), 40_000, loss_ratio, mean_run))
    assert fit is not None
    assert fit.mean_run == pytest.approx(mean_run, rel=0.1)
    assert fit.loss_ratio == pytest.approx(loss_ratio, rel=0.2)
    assert fit.burst_ratio == pytest.approx(mean_run * (1 - loss_ratio), rel=0.1)
    assert fit.design_effect == pytest.approx(design_effect_of(loss_ratio, mean_run), rel=0.2)


def test_the_design_effect_is_the_variance_it_stands_for() -> None:
    random, packets, loss_ratio, mean_run = Random(6), 500, 0.1, 3.0
    counts = [sum(gilbert(random, packets, loss_ratio, mean_run)) for _ in range(400)]
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / (len(counts) - 1)
    # A variance from 400 values is within 21 % in 997 of 1000 cases.
    assert variance / (packets * loss_ratio * (1 - loss_ratio)) == pytest.approx(
        design_effect_of(loss_ratio, mean_run), rel=0.21
    )


@pytest.mark.parametrize(("mean_run", "effect"), [(1.0, 1.0), (2.0, 2.8), (5.0, 8.6)])
def test_design_effects_are_those_of_the_facts(mean_run: float, effect: float) -> None:
    assert design_effect_of(0.03, mean_run) == pytest.approx(effect, rel=0.03)


def test_the_end_of_a_flow_is_no_neighbour_of_the_next_one() -> None:
    joined, apart = fit_gilbert(flags("..x" + "x..")), fit_gilbert_all([flags("..x"), flags("x..")])
    assert joined is not None
    assert apart is not None
    assert joined.mean_run == 2.0
    assert apart.mean_run == 1.0
    assert apart.loss_ratio == joined.loss_ratio


def test_flows_that_are_dead_or_perfect_are_worth_one_packet_each() -> None:
    fit = fit_gilbert_all([flags("x" * 50), flags("." * 50)])
    assert fit is not None
    assert fit.design_effect == 50
    assert fit.mean_run == 50
    assert math.isfinite(fit.burst_ratio)


@given(st.lists(_series, max_size=4))
@settings(max_examples=30, deadline=None)
def test_a_fit_is_finite_whatever_the_flows(series: list[list[bool]]) -> None:
    fit = fit_gilbert_all(series)
    packets = list(chain.from_iterable(series))
    assert (fit is None) == (len(set(packets)) < 2)
    if fit is not None:
        assert fit.loss_ratio == sum(packets) / len(packets)
        assert 1 <= fit.design_effect <= len(packets)
        assert 1 <= fit.mean_run <= len(packets)
        assert 0.5 <= fit.burst_ratio <= len(packets)


@pytest.mark.parametrize("text", ["", "x", "x..x", "...."])
def test_gaps_need_three_losses(text: str) -> None:
    assert gap_variation(flags(text)) is None


def test_gaps_of_one_length_do_not_vary() -> None:
    assert gap_variation(flags("..x...x...x")) == 0.0
    assert gap_variation(flags("x.x...x")) == pytest.approx(1 / 3)


@pytest.mark.parametrize("loss_ratio", [0.05, 0.15, 0.57, 0.9])
def test_gaps_of_independent_loss_vary_less_where_more_is_lost(loss_ratio: float) -> None:
    variation = gap_variation(gilbert(Random(8), 20_000, loss_ratio))
    assert variation == pytest.approx(math.sqrt(1 - loss_ratio), rel=0.1)


def test_the_gaps_of_a_policer_vary_as_in_the_facts() -> None:
    lost = bucket(ticks_us(3000, 50), 188, rate_bps=64_000, depth_bytes=8000)
    variation, fit = gap_variation(lost), fit_gilbert(lost[400:])
    assert variation == pytest.approx(0.07, abs=0.01)
    assert fit is not None
    assert fit.burst_ratio == pytest.approx(0.85, abs=0.01)


@given(_series)
@settings(max_examples=30, deadline=None)
def test_turning_a_series_round_changes_no_gap(series: list[bool]) -> None:
    forward, back = gap_variation(series), gap_variation(series[::-1])
    assert forward == (None if back is None else pytest.approx(back))


def test_an_endless_burst_is_worth_little() -> None:
    fit = fit_gilbert([*repeat(False, 100), *repeat(True, 100)])
    assert fit is not None
    assert fit.design_effect > 100
