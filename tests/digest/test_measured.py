"""What packets met, side by side, with the bounds that bursts leave."""

from __future__ import annotations

import pytest

from callcheck.digest import call_of, measured_of
from callcheck.digest.course import Call, Moment, Round
from tests.journals.golden import report_of_family


def _call(seconds: list[tuple[int, int]], part: str = "stream") -> Call:
    """One round of one service; each second is (sent, received)."""
    one = Round(0, 0, part)
    for at, (sent, received) in enumerate(seconds):
        one.sides["telegram"][at] = Moment(sent, received, [50.0 + at] * received)
    return Call([one])


def test_counts_and_delays_are_those_of_the_seconds() -> None:
    (row,) = measured_of(_call([(25, 25), (25, 20), (25, 0)]), "en")
    assert (row.sent, row.received) == (75, 45)
    assert row.loss_ratio == pytest.approx(0.4)
    assert (row.delay_low_ms, row.delay_ms, row.delay_high_ms) == (50.0, 50.5, 51.0)
    assert row.loss_low_ratio < 0.4 < row.loss_high_ratio


def test_losses_in_bursts_leave_wider_bounds_than_the_same_number_spread_out() -> None:
    (burst,) = measured_of(_call([(25, 25)] * 9 + [(25, 0)]), "en")
    (spread,) = measured_of(_call([(25, 22), (25, 23)] * 5), "en")
    assert burst.loss_ratio == spread.loss_ratio
    assert burst.loss_high_ratio - burst.loss_low_ratio > 1.5 * (spread.loss_high_ratio - spread.loss_low_ratio)


def test_rounds_that_are_no_call_do_not_count() -> None:
    assert measured_of(_call([(25, 0)], part="ladder"), "en") == ()


def test_nothing_sent_is_no_row_and_nothing_received_no_delay() -> None:
    assert measured_of(_call([]), "en") == ()
    (row,) = measured_of(_call([(25, 0)]), "en")
    assert (row.loss_ratio, row.delay_ms) == (1.0, None)


def test_a_cut_off_call_loses_and_its_neutral_neighbours_do_not() -> None:
    rows = {row.service: row for row in measured_of(call_of(report_of_family("cutoff-packets").observations), "en")}
    assert rows["telegram"].loss_low_ratio > 0.8
    assert rows[""].loss_high_ratio < 0.01
