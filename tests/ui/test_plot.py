"""Charts of characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.ui.glyphs import ASCII, UNICODE, glyphs_for
from callcheck.ui.plot import axis, axis_columns, bar, chart, column_seconds, spread


def test_bars_rise_with_their_values_and_gaps_are_gaps() -> None:
    assert chart([0.0, 0.5, 1.0, None], 0.0, 1.0, UNICODE) == ["▁▄█·"]
    assert chart([0.0, 0.5, 1.0, None], 0.0, 1.0, UNICODE, rows=2) == ["  █ ", "▁██·"]


@given(st.lists(st.none() | st.floats(0, 1), max_size=200), st.integers(1, 5))
def test_a_chart_has_a_column_for_each_value_and_its_rows(values: list[float | None], rows: int) -> None:
    drawn = chart(values, 0.0, 1.0, UNICODE, rows=rows)
    assert [len(row) for row in drawn] == [len(values)] * rows


@given(st.integers(1, 600), st.integers(1, 300))
def test_an_axis_fits_its_room_and_seconds_their_axis(seconds: int, columns: int) -> None:
    per_second, per_column = column_seconds(seconds, columns)
    assert min(per_second, per_column) == 1
    width = axis_columns(seconds, columns)
    assert width <= max(columns, 1)
    assert len(spread([0.0] * seconds, seconds, width)) == width
    assert axis(seconds, width).startswith("0")


def test_of_seconds_that_share_a_column_the_worst_is_seen() -> None:
    assert spread([0.0, 1.0, 0.0, 0.0], 4, 2) == [1.0, 0.0]


@pytest.mark.parametrize(("share", "filled"), [(0.0, 0), (0.004, 0), (0.01, 1), (0.5, 5), (1.0, 10), (7.0, 10)])
def test_a_bar_is_filled_by_its_share_and_what_is_there_is_seen(share: float, filled: int) -> None:
    assert bar(share, 10, UNICODE) == ("█" * filled, "░" * (10 - filled))


@pytest.mark.parametrize(
    ("encoding", "found"), [("utf-8", UNICODE), ("koi8-r", ASCII), ("ascii", ASCII), (None, ASCII), ("?", ASCII)]
)
def test_signs_are_chosen_by_what_the_terminal_can_show(encoding: str | None, found: object) -> None:
    assert glyphs_for(encoding) is found
