"""The instrument judges itself by its own send times."""

from __future__ import annotations

from typing import Any

import pytest

from callcheck.model import Instrument, Observation
from callcheck.report.instrument import instrument_of

NOT_MEASURED = Instrument(send_lateness_p99_ms=None, valid=None)


def flow(lateness_us: list[int], *, arm: str = "a", interval_us: int = 40_000, start_us: int = 0) -> Observation:
    scheduled = [start_us + number * interval_us for number in range(len(lateness_us))]
    data: dict[str, Any] = {
        "arm": arm,
        "second": 0,
        "first_number": 0,
        "ip_bytes": 188,
        "scheduled_us": scheduled,
        "sent_us": [due + late for due, late in zip(scheduled, lateness_us, strict=True)],
        "received_us": [None] * len(scheduled),
    }
    return Observation(op="flow.second", data=data)


def test_without_a_flow_nothing_is_known() -> None:
    assert instrument_of([Observation(op="stun.ask"), Observation(op="flow.none")]) == NOT_MEASURED


def test_a_punctual_instrument_is_valid() -> None:
    assert instrument_of([flow([200] * 100)]) == Instrument(send_lateness_p99_ms=0.2, valid=True)


@pytest.mark.parametrize(
    ("late_packets", "p99_ms", "valid"),
    [(0, 0.1, True), (1, 0.1, True), (2, 19.0, True)],
)
def test_the_99th_percentile_forgives_one_packet_in_a_hundred(late_packets: int, p99_ms: float, valid: bool) -> None:
    lateness = [100] * (100 - late_packets) + [19_000] * late_packets
    assert instrument_of([flow(lateness)]) == Instrument(send_lateness_p99_ms=p99_ms, valid=valid)


def test_more_than_20_ms_at_the_99th_percentile_is_late() -> None:
    assert instrument_of([flow([100] * 98 + [20_001] * 2, interval_us=200_000)]).valid is False


def test_20_ms_at_the_99th_percentile_is_still_good_where_intervals_are_long() -> None:
    assert instrument_of([flow([100] * 98 + [20_000] * 2, interval_us=200_000)]).valid is True


def test_more_than_one_interval_in_a_hundred_missed_by_half_is_late() -> None:
    """11 ms is half of a 20 ms interval, and far below the limit of the percentile."""
    assert instrument_of([flow([100] * 98 + [11_000] * 2, interval_us=20_000)]).valid is False
    assert instrument_of([flow([100] * 99 + [11_000], interval_us=20_000)]).valid is True


def test_each_arm_is_held_against_its_own_interval() -> None:
    """The same 11 ms is nothing to an arm of 10 packets a second; two arms in step do not halve the interval."""
    arms = [flow([11_000] * 100, arm="slow", interval_us=100_000), flow([100] * 900, arm="fast", interval_us=20_000)]
    assert instrument_of(arms).valid is True


def test_seconds_of_one_arm_are_read_together() -> None:
    parts = [flow([300] * 25), flow([300] * 25, start_us=1_000_000)]
    assert instrument_of(parts) == Instrument(send_lateness_p99_ms=0.3, valid=True)


def test_an_early_packet_is_not_late() -> None:
    assert instrument_of([flow([-50] * 10)]) == Instrument(send_lateness_p99_ms=-0.05, valid=True)


@pytest.mark.parametrize("data", [{}, {"arm": 7}, {"sent_us": "soon"}])
def test_a_flow_that_cannot_be_read_tells_nothing(data: dict[str, Any]) -> None:
    assert instrument_of([Observation(op="flow.second", data=data)]) == NOT_MEASURED
