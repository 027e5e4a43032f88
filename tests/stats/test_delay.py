"""Jitter, percentiles and queueing delay."""

from __future__ import annotations

import statistics
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.delay import above_minimum_ms, jitter_ms, percentile, rises_before_loss

_times = st.lists(st.integers(0, 10**9), max_size=60)


@pytest.mark.parametrize(
    ("packets", "expected_ms"),
    [
        ([], 0.0),
        ([(0, 500)], 0.0),
        ([(0, 500), (20_000, 20_500), (40_000, 40_500)], 0.0),
        # |D| is 16 ms, then 8 ms: J = 1, then 1 + (8 - 1) / 16.
        ([(0, 0), (20_000, 36_000)], 1.0),
        ([(0, 0), (20_000, 36_000), (40_000, 48_000)], 1.4375),
        # The second packet overtook the first: D = (9 - 10) - (0 - 5) = 4 ms.
        ([(5_000, 10_000), (0, 9_000)], 0.25),
    ],
)
def test_jitter_is_that_of_rfc_3550(packets: list[tuple[int, int]], expected_ms: float) -> None:
    assert jitter_ms(packets) == pytest.approx(expected_ms)


@given(_times, st.integers(-(10**9), 10**9))
@settings(max_examples=25, deadline=None)
def test_a_clock_that_is_off_makes_no_jitter(times: list[int], offset_us: int) -> None:
    assert jitter_ms((at, at + offset_us) for at in times) == 0.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60))
@settings(max_examples=25, deadline=None)
def test_percentiles_are_those_of_the_standard_library(values: list[float]) -> None:
    theirs = statistics.quantiles(values, n=20, method="inclusive")
    assert [percentile(values, place / 20) for place in range(1, 20)] == pytest.approx(theirs, abs=1e-6)
    assert (percentile(values, 0), percentile(values, 1)) == (min(values), max(values))


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_queueing_delay_counts_from_the_fastest_packet() -> None:
    assert above_minimum_ms([31_000, 30_000, 70_500]) == (1.0, 0.0, 40.5)
    assert above_minimum_ms([]) == ()


def test_a_queue_that_fills_rises_before_loss() -> None:
    filling = [30_000 + 5_000 * step for step in range(20)] + [None, None]
    assert rises_before_loss(filling * 5) == 1.0


def test_a_policer_does_not_rise_before_loss() -> None:
    random = Random(4)
    rtts_us = [None if index % 7 == 6 else round(random.gauss(40_000, 2_000)) for index in range(300)]
    assert rises_before_loss(rtts_us) == 0.0


def test_a_long_run_counts_once() -> None:
    fast, slow = 20_000, 90_000
    assert rises_before_loss([fast] * 10 + [slow, None] + [fast, *[None] * 20]) == 0.5


@pytest.mark.parametrize("rtts_us", [[], [None, None], [40_000, 41_000], [None, 40_000]])
def test_without_a_loss_behind_an_answer_nothing_is_said(rtts_us: list[int | None]) -> None:
    assert rises_before_loss(rtts_us) is None


@given(st.lists(st.none() | st.integers(0, 10**7), max_size=60))
@settings(max_examples=25, deadline=None)
def test_the_share_is_a_share(rtts_us: list[int | None]) -> None:
    share = rises_before_loss(rtts_us)
    assert share is None or 0 <= share <= 1
