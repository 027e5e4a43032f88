"""Holm's correction."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.holm import holm


def test_each_p_is_multiplied_by_the_number_of_those_not_smaller() -> None:
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(adjusted) == ["a", "b", "c", "d"]


def test_no_question_needs_no_correction() -> None:
    assert holm({}) == {}
    assert holm({"only": 0.02}) == {"only": 0.02}


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=12))
@settings(max_examples=30, deadline=None)
def test_correction_raises_every_p_and_keeps_their_order(p_values: dict[str, float]) -> None:
    adjusted = holm(p_values)
    assert all(p_values[name] <= adjusted[name] <= 1 for name in p_values)
    by_p = sorted(p_values, key=p_values.__getitem__)
    assert [adjusted[name] for name in by_p] == sorted(adjusted.values())
    assert all(adjusted[name] <= min(1.0, len(p_values) * p_values[name]) or name != by_p[0] for name in p_values)
