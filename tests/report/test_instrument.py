"""The instrument judges itself by its intervals: how far each was off the same interval of its schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Instrument, Observation
from callcheck.report.instrument import instrument_of
from callcheck.words import FlowEvent
from tests.report.flow_made import a_flow
from tests.report.made import HUGE

NOT_MEASURED = Instrument(send_lateness_p99_ms=None, valid=None)
EVENTS: tuple[FlowEvent, ...] = get_args(FlowEvent)


def flow(lateness_us: Sequence[int], *, interval_ms: float = 40, **changes: Any) -> list[Observation]:
    return a_flow([30.0] * len(lateness_us), rate_pps=1000 / interval_ms, lateness_us=lateness_us, **changes)


def late_packets(count: int, late_us: int, of: int) -> list[int]:
    """`count` packets among `of` are late by so much, none of them next to another or at an end."""
    lateness = [0] * of
    for number in range(count):
        lateness[2 * number + 1] = late_us
    return lateness


def test_without_a_flow_nothing_is_known() -> None:
    assert instrument_of([]) == NOT_MEASURED
    assert instrument_of([Observation(op="stun.ask"), Observation(op="flow.none")]) == NOT_MEASURED


def test_a_flow_of_one_packet_has_no_interval_and_tells_nothing() -> None:
    assert instrument_of(flow([0])) == NOT_MEASURED
    assert instrument_of([*flow([0], arm="a"), *flow([900_000], arm="b")]) == NOT_MEASURED


def test_a_punctual_instrument_is_valid() -> None:
    assert instrument_of(flow([0] * 100)) == Instrument(send_lateness_p99_ms=0.0, valid=True)


def test_a_schedule_that_is_late_as_a_whole_is_no_lateness() -> None:
    assert instrument_of(flow([25_000] * 100)) == Instrument(send_lateness_p99_ms=0.0, valid=True)


def test_a_clock_that_drifts_is_no_lateness() -> None:
    """500 ppm, the most that NTP corrects by: 15 ms over 30 s, and 20 us in an interval of 40 ms."""
    drifting = flow([20 * number for number in range(750)])
    assert instrument_of(drifting) == Instrument(send_lateness_p99_ms=0.02, valid=True)


@pytest.mark.parametrize(
    ("late_us", "seconds", "valid"), [(20_000, 100, True), (20_001, 20, True), (20_001, 21, False), (90_000, 20, True)]
)
def test_more_than_20_ms_in_more_than_a_fifth_of_the_seconds_is_late(late_us: int, seconds: int, valid: bool) -> None:
    """A machine that stands still for a moment now and then is late in few seconds, and alike for all arms."""
    disturbed, calm = [0] * 5 + [late_us] + [0] * 4, [0] * 10
    measured = instrument_of(flow(disturbed * seconds + calm * (100 - seconds), interval_ms=100))
    assert measured.valid is valid


@pytest.mark.parametrize(("late", "p99_ms"), [(4, 0.0), (5, 0.0), (6, 19.0)])
def test_a_late_packet_makes_one_interval_too_long_and_the_next_too_short(late: int, p99_ms: float) -> None:
    """Of 1000 intervals the ten worst are beyond the percentile: five late packets."""
    assert instrument_of(flow(late_packets(late, 19_000, of=1001))).send_lateness_p99_ms == p99_ms


@pytest.mark.parametrize(
    ("late", "late_us", "valid"), [(1, 10_000, True), (2, 10_000, False), (1, 15_000, True), (40, 9_999, True)]
)
def test_more_than_one_interval_in_a_hundred_missed_by_half_is_late(late: int, late_us: int, valid: bool) -> None:
    """10 ms is half of a 20 ms interval, and far below the limit of the percentile."""
    assert instrument_of(flow(late_packets(late, late_us, of=101), interval_ms=20)).valid is valid


def test_a_packet_that_left_early_is_held_against_the_instrument_too() -> None:
    assert instrument_of(flow(late_packets(6, -50, of=101))) == Instrument(send_lateness_p99_ms=0.05, valid=True)
    assert instrument_of(flow(late_packets(6, -11_000, of=101), interval_ms=20)).valid is False


def test_each_arm_is_held_against_its_own_interval() -> None:
    """The same 11 ms is nothing to an arm of 10 packets a second; two arms in step do not halve the interval."""
    slow = flow(late_packets(20, 11_000, of=100), arm="slow", interval_ms=100)
    fast = flow([0] * 900, arm="fast", interval_ms=20)
    assert instrument_of([*slow, *fast]).valid is True
    assert instrument_of(flow(late_packets(20, 11_000, of=100), interval_ms=20)).valid is False


def test_a_flow_of_one_packet_a_second_is_read_across_its_seconds() -> None:
    """Each record holds one packet, so that only the step from one record to the next can show lateness."""
    assert instrument_of(flow([0, 30_000] * 10, interval_ms=1000)) == Instrument(send_lateness_p99_ms=30.0, valid=False)


def test_rounds_with_arms_of_one_name_are_read_apart() -> None:
    """Nothing was due between two rounds, however long the break and however late the second one began."""
    rounds = [*flow([0] * 50), *flow([70_000] * 50, start_s=22.0, said={"round": 1})]
    assert instrument_of(rounds) == Instrument(send_lateness_p99_ms=0.0, valid=True)


def test_where_a_second_is_missing_nothing_is_read_across_the_gap() -> None:
    seconds = flow([0] * 25 + [500_000] * 25 + [70_000] * 25)
    assert len(seconds) == 3
    assert instrument_of([seconds[0], seconds[2]]) == Instrument(send_lateness_p99_ms=0.0, valid=True)
    assert instrument_of(seconds).valid is False


def test_the_second_of_two_twins_is_held_against_the_5_ms_between_them() -> None:
    due_us = [(number // 2) * 100_000 + number % 2 * 5_000 for number in range(200)]
    times = {"scheduled_us": due_us, "received_us": [None] * 200, "arm": "twins", "second": 0, "first_number": 0}

    def sent(second_late_us: int) -> Observation:
        left = [due + number % 2 * second_late_us for number, due in enumerate(due_us)]
        return Observation(op="flow.second", data={**times, "ip_bytes": 188, "sent_us": left})

    assert instrument_of([sent(2_000)]) == Instrument(send_lateness_p99_ms=2.0, valid=True)
    assert instrument_of([sent(2_500)]) == Instrument(send_lateness_p99_ms=2.5, valid=False)


@pytest.mark.parametrize("event", EVENTS)
def test_whatever_befell_the_machine_makes_a_punctual_run_invalid(event: FlowEvent) -> None:
    seconds = [*flow([0] * 50), *flow([0] * 50, arm="b", events=(event, event))]
    assert instrument_of(seconds) == Instrument(send_lateness_p99_ms=0.0, valid=False, events=(event,))


def test_what_befell_the_machine_is_told_once_and_in_order() -> None:
    seconds = [*flow([0] * 5, events=("suspended", "clock_set")), *flow([0] * 5, arm="b", events=("clock_set",))]
    assert instrument_of(seconds).events == ("clock_set", "suspended")


def test_an_event_makes_invalid_even_where_no_interval_was_measured() -> None:
    measured = instrument_of(flow([0], events=("route_changed",)))
    assert measured == Instrument(send_lateness_p99_ms=None, valid=False, events=("route_changed",))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"arm": 7},
        {"sent_us": "soon"},
        {"sent_us": [HUGE, -HUGE]},
        {"received_us": [HUGE, 0]},
        {"scheduled_us": [-HUGE, 0]},
        {"sent_us": [None, 1]},
        {"events": ["eclipse"]},
    ],
)
def test_a_flow_that_cannot_be_read_tells_nothing(data: dict[str, Any]) -> None:
    whole = {"arm": "a", "second": 0, "first_number": 0, "ip_bytes": 188, "scheduled_us": [0, 40_000]}
    readable = {**whole, "sent_us": [0, 40_000], "received_us": [None, None]}
    assert instrument_of([Observation(op="flow.second", data=readable)]).valid is True
    wild = {**readable, **data} if data else {}
    assert instrument_of([Observation(op="flow.second", data=wild)]) == NOT_MEASURED


def test_seconds_of_an_earlier_version_are_read() -> None:
    fields = ("arm", "second", "first_number", "ip_bytes", "scheduled_us", "sent_us", "received_us")
    seconds = flow(late_packets(3, 9_000, of=100))
    plain = [msgspec.structs.replace(one, data={key: one.data[key] for key in fields}) for one in seconds]
    assert instrument_of(plain) == instrument_of(seconds)


@settings(max_examples=100, deadline=None)
@given(
    lateness_us=st.lists(st.integers(-30_000, 60_000), min_size=2, max_size=80),
    shift_us=st.integers(0, 10**9),
    as_whole_us=st.integers(0, 10**6),
)
def test_neither_the_start_nor_a_constant_lateness_matters(
    lateness_us: list[int], shift_us: int, as_whole_us: int
) -> None:
    moved = flow([late_us + as_whole_us for late_us in lateness_us], start_s=shift_us / 1_000_000)
    assert instrument_of(moved) == instrument_of(flow(lateness_us))


@settings(max_examples=100, deadline=None)
@given(
    lateness_us=st.lists(st.integers(0, 60_000), min_size=2, max_size=80),
    interval_ms=st.sampled_from([20, 100, 400, 700, 2300]),
)
def test_how_the_packets_fall_into_seconds_does_not_matter(lateness_us: list[int], interval_ms: int) -> None:
    seconds = flow(lateness_us, interval_ms=interval_ms)
    arrays = ("scheduled_us", "sent_us", "received_us")
    merged = {name: [value for one in seconds for value in one.data[name]] for name in arrays}
    whole = msgspec.structs.replace(seconds[0], data={**seconds[0].data, **merged})
    assert instrument_of(seconds) == instrument_of([whole])
