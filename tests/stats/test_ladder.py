"""Several rates to one endpoint."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.intervals import Counted
from callcheck.stats.ladder import LadderStep, Saturation, ladder_step, saturation
from tests.stats.made import bucket, gilbert, ticks_us

_BYTES = 188
_RATES_PPS = (25, 50, 100, 150)


def policed(random: Random, rate_bps: float) -> Saturation | None:
    steps = []
    for rate_pps in _RATES_PPS:
        sent_us = ticks_us(8 * rate_pps, rate_pps)
        lost = bucket(
            sent_us, _BYTES, rate_bps=rate_bps, depth_bytes=4000, random=random, jitter_ms=3, other_loss_ratio=0.003
        )
        steps.append(ladder_step(sent_us, [_BYTES] * len(lost), lost))
    return saturation([step for step in steps if step is not None])


def lossy(random: Random, loss_ratio: float, mean_run: float | None) -> Saturation | None:
    steps = []
    for rate_pps in _RATES_PPS:
        lost = gilbert(random, 8 * rate_pps, loss_ratio, mean_run)
        steps.append(ladder_step(ticks_us(len(lost), rate_pps), [_BYTES] * len(lost), lost))
    return saturation([step for step in steps if step is not None])


@pytest.mark.parametrize("rate_bps", [24_000, 64_000, 128_000])
def test_a_policer_below_two_rates_is_seen_with_its_rate(rate_bps: float) -> None:
    found = [policed(Random(seed), rate_bps) for seed in range(3)]
    assert all(one is not None and one.saturates for one in found)
    assert sum(one is not None and one.rate_bps.low <= rate_bps <= one.rate_bps.high for one in found) >= 2
    assert all(one is not None and one.rate_bps.high < 1.3 * one.rate_bps.low for one in found)


def test_a_policer_below_one_rate_only_is_not_claimed() -> None:
    found = policed(Random(1), 200_000)
    assert found is not None
    assert found.saturated == 1
    assert not found.saturates


@pytest.mark.parametrize(("loss_ratio", "mean_run"), [(0.02, None), (0.1, 3.0), (0.3, None), (0.6, 4.0), (0.9, 15.0)])
def test_loss_that_does_not_depend_on_the_rate_is_no_ceiling(loss_ratio: float, mean_run: float | None) -> None:
    random = Random(3)
    found = [lossy(random, loss_ratio, mean_run) for _ in range(3)]
    assert not any(one is not None and one.saturates for one in found)


def test_loss_that_came_later_does_not_look_like_a_ceiling_to_two_rates() -> None:
    steps = [
        LadderStep(rate_bps, Counted(lost, 400)) for rate_bps, lost in ((38e3, 0), (75e3, 0), (150e3, 32), (226e3, 120))
    ]
    found = saturation(steps)
    assert found is not None
    assert not found.saturates


def test_the_ceiling_and_the_loss_below_it_are_both_found() -> None:
    steps = [
        LadderStep(rate_bps, Counted(round(4000 * max(0.02, 1 - 80e3 / rate_bps)), 4000))
        for rate_bps in (40e3, 100e3, 200e3)
    ]
    found = saturation(steps)
    assert found is not None
    assert found.saturates
    assert found.rate_bps.low <= 80e3 <= found.rate_bps.high
    assert found.base_loss_ratio == pytest.approx(0.02, abs=1e-6)
    assert found.fit_p > 0.5


def test_a_step_begins_behind_the_first_loss() -> None:
    step = ladder_step(ticks_us(11, 10), [100] * 11, [False] * 4 + [True] + [False] * 3 + [True, False, False])
    assert step == LadderStep(8000.0, Counted(1, 6))


@pytest.mark.parametrize("lost", [[], [True], [False], [False, False, True]])
def test_a_step_needs_two_packets(lost: list[bool]) -> None:
    assert ladder_step(ticks_us(len(lost), 10), [100] * len(lost), lost) is None


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_two_rates_are_too_few(steps: int) -> None:
    assert saturation([LadderStep(1000.0 * (place + 1), Counted(5, 100)) for place in range(steps)]) is None


def test_where_nothing_came_through_there_is_no_ceiling_to_find() -> None:
    assert saturation([LadderStep(1000.0, Counted(50, 50))] * 3) is None


_steps = st.builds(
    LadderStep,
    st.floats(1e3, 1e6),
    st.integers(1, 500).flatmap(
        lambda total: st.builds(Counted, st.integers(0, total), st.just(total), st.floats(1, 9))
    ),
)


@given(st.lists(_steps, min_size=3, max_size=5))
@settings(max_examples=10, deadline=None)
def test_any_ladder_may_be_asked(steps: list[LadderStep]) -> None:
    found = saturation(steps)
    if found is not None:
        assert 0 < found.rate_bps.low <= found.rate_bps.high
        assert 0 <= found.base_loss_ratio <= 1
        assert 0 <= found.chance <= 1
        assert 0 <= found.fit_p <= 1
