"""Whether packets of a pair fall together."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.twins import twin_loss


def pairs_of(random: Random, count: int, loss_ratio: float, together: float) -> list[tuple[bool, bool]]:
    """With the chance `together` one draw decides for both, which makes that their correlation."""
    pairs = []
    for _ in range(count):
        first = random.random() < loss_ratio
        pairs.append((first, first if random.random() < together else random.random() < loss_ratio))
    return pairs


def test_a_table_of_pairs_is_counted() -> None:
    found = twin_loss([(True, True)] * 6 + [(True, False)] * 2 + [(False, True)] * 2 + [(False, False)] * 30)
    assert found is not None
    assert (found.pairs, found.both_lost, found.single_lost, found.loss_ratio) == (40, 6, 4, 0.2)
    assert found.both_expected == pytest.approx(1.6)
    assert found.correlation == pytest.approx((12 / 16 - 0.2) / 0.8)


@pytest.mark.parametrize("pairs", [[], [(False, False)] * 99, [(True, False)] * 4, [(True, True)] * 50])
def test_without_enough_losses_or_any_success_nothing_is_said(pairs: list[tuple[bool, bool]]) -> None:
    assert twin_loss(pairs) is None


@pytest.mark.parametrize("loss_ratio", [0.05, 0.3, 0.7])
@pytest.mark.parametrize("together", [0.0, 0.5, 0.9])
def test_the_interval_holds_the_correlation(loss_ratio: float, together: float) -> None:
    random, held = Random(17), 0
    for _ in range(100):
        found = twin_loss(pairs_of(random, 375, loss_ratio, together))
        assert found is not None
        held += found.correlation_interval.low <= together <= found.correlation_interval.high
    assert held >= 88


def test_packets_of_which_just_one_falls_are_set_against_each_other() -> None:
    found = twin_loss([(index % 2 == 0, index % 2 == 1) for index in range(100)])
    assert found is not None
    assert found.correlation == -1.0
    assert found.correlation_interval.high < 0


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80), st.floats(1, 10))
@settings(max_examples=30, deadline=None)
def test_the_correlation_lies_in_its_interval(pairs: list[tuple[bool, bool]], effect: float) -> None:
    found = twin_loss(pairs, design_effect=effect)
    if found is not None:
        interval = found.correlation_interval
        assert interval.low <= found.correlation + 1e-12
        assert found.correlation <= interval.high + 1e-12
        assert found.correlation <= 1
        assert found.both_lost * 2 + found.single_lost == sum(first + second for first, second in pairs)
