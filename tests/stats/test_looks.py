"""Levels of several looks, the sequential test, and sample sizes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.looks import LossSprt, Stop, alpha_spent, packets_needed
from callcheck.stats.loss import design_effect_of
from tests.stats.made import gilbert


def test_the_levels_of_looks_are_lan_and_demets() -> None:
    # alpha 0.025 at a fifth, two fifths, ... of the information, as their paper's spending function gives it.
    spent = alpha_spent((0.2, 0.4, 0.6, 0.8, 1.0), alpha=0.025)
    totals = [sum(spent[: place + 1]) for place in range(5)]
    assert totals == pytest.approx([0.0000005, 0.00039, 0.0038, 0.0122, 0.025], rel=0.05, abs=1e-7)


def test_one_look_at_the_end_has_the_whole_level() -> None:
    assert alpha_spent((1.0,), alpha=0.01) == pytest.approx((0.01,))
    assert alpha_spent(()) == ()


@given(st.sets(st.floats(0.01, 1), max_size=8), st.floats(0.001, 0.2))
@settings(max_examples=30, deadline=None)
def test_looks_share_out_no_more_than_the_level(shares: set[float], alpha: float) -> None:
    spent = alpha_spent(sorted(shares), alpha)
    assert all(part >= 0 for part in spent)
    assert sum(spent) <= alpha * (1 + 1e-9)


@pytest.mark.parametrize("shares", [(0.0, 1.0), (0.5, 0.5), (0.6, 0.4), (0.5, 1.1), (-0.1,)])
def test_shares_that_do_not_rise_to_one_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="rise"):
        alpha_spent(shares)


def test_the_sequential_test_has_walds_bounds() -> None:
    low, high = LossSprt(0.02, 0.10).bounds
    assert (round(low, 3), round(high, 3)) == (-2.986, 4.554)


@pytest.mark.parametrize(
    ("text", "stop", "packets"),
    [("", Stop.GO_ON, 0), ("...", Stop.GO_ON, 3), ("xx.x", Stop.HIGH, 4), ("." * 99, Stop.LOW, 36)],
)
def test_the_sequential_test_stops_where_it_knows(text: str, stop: Stop, packets: int) -> None:
    assert LossSprt(0.02, 0.10).run(mark == "x" for mark in text) == (stop, packets)


def stops(sprt: LossSprt, loss_ratio: float, mean_run: float | None, runs: int) -> tuple[float, float]:
    """Share of runs that stopped high, and the mean number of packets."""
    random = Random(51)
    found = [sprt.run(gilbert(random, 1500, loss_ratio, mean_run)) for _ in range(runs)]
    return sum(stop is Stop.HIGH for stop, _ in found) / runs, sum(packets for _, packets in found) / runs


def test_independent_loss_needs_the_packets_of_the_facts() -> None:
    sprt = LossSprt(0.02, 0.10)
    false, packets_low = stops(sprt, 0.02, None, 400)
    seen, packets_high = stops(sprt, 0.10, None, 400)
    assert false <= 0.02
    assert seen >= 0.92
    assert packets_low == pytest.approx(59, abs=6)
    assert packets_high == pytest.approx(57, abs=6)


def test_losses_in_runs_deceive_the_plain_test_and_not_the_scaled_one() -> None:
    plain, _ = stops(LossSprt(0.02, 0.10), 0.02, 3.0, 300)
    scaled = LossSprt(0.02, 0.10, design_effect=design_effect_of(0.02, 3.0))
    false, packets = stops(scaled, 0.02, 3.0, 300)
    seen, _ = stops(scaled, 0.10, 3.0, 150)
    assert plain == pytest.approx(0.09, abs=0.05)
    assert false <= 0.035
    assert seen >= 0.93
    assert packets == pytest.approx(280, rel=0.2)


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.1), (0.1, 0.1), (0.2, 0.1), (0.1, 1.0)])
def test_ratios_that_cannot_be_told_apart_are_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="a test wants"):
        LossSprt(low, high)


@pytest.mark.parametrize(
    ("low", "high", "packets"),
    [
        (0.005, 0.02, 1686),
        (0.005, 0.05, 376),
        (0.01, 0.03, 1546),
        (0.01, 0.05, 555),
        (0.02, 0.04, 2331),
        (0.02, 0.05, 1193),
        (0.02, 0.10, 271),
        (0.02, 0.20, 87),
        (0.05, 0.10, 891),
        (0.05, 0.15, 287),
        (0.10, 0.20, 411),
    ],
)
def test_as_many_packets_are_needed_as_the_facts_say(low: float, high: float, packets: int) -> None:
    assert 0.97 * packets <= packets_needed(low, high) <= 1.105 * packets


@pytest.mark.parametrize(("high", "packets"), [(0.02, 590), (0.05, 234)])
def test_without_loss_on_one_side_rather_too_many_are_asked_for(high: float, packets: int) -> None:
    assert packets <= packets_needed(0.0, high) <= 1.5 * packets


@pytest.mark.parametrize(("low", "high"), [(0.1, 0.1), (0.2, 0.1), (-0.1, 0.2), (0.1, 1.1)])
def test_no_number_of_packets_tells_ratios_apart_that_do_not_rise(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="told apart"):
        packets_needed(low, high)


def test_losses_in_runs_need_more_packets() -> None:
    effect = design_effect_of(0.02, 2.0)
    assert packets_needed(0.02, 0.10, design_effect=effect) == pytest.approx(14 * 50, rel=0.2)
