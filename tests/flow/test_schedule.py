"""Due times and the accounting of packets, in made-up nanoseconds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.flow.schedule import NS_PER_S, Ledger, Schedule, answer_wait_ns
from callcheck.model import FlowSecond

MS = 1_000_000
ORIGIN_NS = 7 * NS_PER_S
START_NS = 9 * NS_PER_S

schedules = st.builds(
    lambda start_ms, length_ms, rate_pps: Schedule(
        START_NS, START_NS + start_ms * MS, START_NS + start_ms * MS + length_ms * MS, rate_pps
    ),
    st.integers(0, 4000),
    st.integers(0, 8000),
    st.floats(0.3, 60),
)


def _schedule(seconds: float = 2.2, rate_pps: float = 10) -> Schedule:
    return Schedule(START_NS, START_NS, START_NS + round(seconds * NS_PER_S), rate_pps)


def _ledger(schedule: Schedule) -> Ledger:
    return Ledger("arm", schedule, origin_ns=ORIGIN_NS)


def _send(ledger: Ledger, count: int, late_ns: int = 0) -> None:
    for _ in range(count):
        ledger.sent(ledger.schedule.due_ns(ledger.next_number) + late_ns, 188)


@given(schedules)
@settings(max_examples=150)
def test_every_packet_that_is_due_before_the_end_belongs_to_exactly_one_second(schedule: Schedule) -> None:
    numbers = [number for second in schedule.seconds for number in schedule.numbers_of(second)]
    assert numbers == list(range(schedule.packets))
    assert all(schedule.due_ns(number) < schedule.end_ns for number in numbers)
    assert schedule.due_ns(schedule.packets) >= schedule.end_ns
    for second in schedule.seconds:
        for number in schedule.numbers_of(second):
            assert second == (schedule.due_ns(number) - START_NS) // NS_PER_S


def test_due_times_do_not_drift_at_a_rate_that_nanoseconds_cannot_divide() -> None:
    schedule = Schedule(0, 0, 3600 * NS_PER_S, 30.0)
    assert schedule.due_ns(30 * 3599) == 3599 * NS_PER_S


def test_a_quick_run_of_any_phase_sends_the_125_packets_that_works_needs() -> None:
    for phase_ms in range(40):
        assert Schedule(START_NS, START_NS + phase_ms * MS, START_NS + 5200 * MS, 25).packets >= 125


@pytest.mark.parametrize(
    ("longest_rtt_ms", "wait_ms"), [(None, 2000), (0, 300), (50, 300), (150, 450), (1300, 3900), (2000, 4000)]
)
def test_the_wait_for_answers_follows_the_longest_round_trip(longest_rtt_ms: int | None, wait_ms: int) -> None:
    assert answer_wait_ns(None if longest_rtt_ms is None else longest_rtt_ms * MS) == wait_ms * MS


def test_a_second_whose_packets_all_came_back_is_finished_at_its_end() -> None:
    ledger = _ledger(_schedule())
    _send(ledger, 10)
    for number in range(10):
        ledger.received(number, START_NS + number * 100 * MS + 20 * MS)
    assert list(ledger.finished(START_NS + NS_PER_S - 1, 300 * MS)) == []
    (second,) = ledger.finished(START_NS + NS_PER_S, 300 * MS)
    assert second == FlowSecond(
        arm="arm",
        second=0,
        first_number=0,
        ip_bytes=188,
        scheduled_us=tuple(2_000_000 + number * 100_000 for number in range(10)),
        sent_us=tuple(2_000_000 + number * 100_000 for number in range(10)),
        received_us=tuple(2_020_000 + number * 100_000 for number in range(10)),
    )


def test_a_second_with_a_missing_packet_waits_and_then_reports_it_lost() -> None:
    ledger = _ledger(_schedule())
    _send(ledger, 10)
    for number in set(range(10)) - {4}:
        ledger.received(number, START_NS + NS_PER_S)
    assert list(ledger.finished(START_NS + NS_PER_S + 299 * MS, 300 * MS)) == []
    (second,) = ledger.finished(START_NS + NS_PER_S + 300 * MS, 300 * MS)
    assert [number for number, at_us in enumerate(second.received_us) if at_us is None] == [4]


def test_a_packet_sent_late_gets_its_full_time_to_come_back() -> None:
    ledger = _ledger(_schedule(seconds=1))
    _send(ledger, 10, late_ns=900 * MS)
    sent_ns = START_NS + 1800 * MS
    assert list(ledger.finished(sent_ns + 299 * MS, 300 * MS)) == []
    assert len(list(ledger.finished(sent_ns + 300 * MS, 300 * MS))) == 1


def test_a_second_is_not_reported_before_its_packets_are_sent() -> None:
    ledger = _ledger(_schedule(seconds=1))
    _send(ledger, 9)
    assert list(ledger.finished(START_NS + 10 * NS_PER_S, 300 * MS)) == []
    assert not ledger.all_sent


def test_of_duplicates_the_first_arrival_counts() -> None:
    ledger = _ledger(_schedule(seconds=0.2))
    _send(ledger, 2)
    assert ledger.received(0, START_NS + 30 * MS) == 30 * MS
    assert ledger.received(0, START_NS + 10 * MS) is None
    ledger.received(1, START_NS + 130 * MS)
    (second,) = ledger.finished(START_NS + 200 * MS, 300 * MS)
    assert second.received_us[0] == 2_030_000


@pytest.mark.parametrize("number", [-1, 3, 4, 1 << 31])
def test_an_answer_to_a_packet_not_sent_is_no_answer(number: int) -> None:
    ledger = _ledger(_schedule())
    _send(ledger, 3)
    assert ledger.received(number, START_NS + NS_PER_S) is None


def test_an_answer_after_its_second_was_reported_changes_nothing_but_tells_a_round_trip() -> None:
    ledger = _ledger(_schedule(seconds=1))
    _send(ledger, 10)
    (second,) = ledger.finished(START_NS + 2 * NS_PER_S, 300 * MS)
    assert ledger.received(0, START_NS + 3 * NS_PER_S) == 3 * NS_PER_S
    assert second.received_us == (None,) * 10
    assert ledger.all_reported
    assert list(ledger.finished(START_NS + 9 * NS_PER_S, 300 * MS)) == []


@given(
    schedules,
    st.dictionaries(st.integers(0, 60), st.integers(0, 3000)),
    st.lists(st.integers(0, 12_000), min_size=1, max_size=20),
)
@settings(max_examples=150)
def test_whenever_one_asks_each_packet_is_reported_once_and_in_order(
    schedule: Schedule, delays_ms: dict[int, int], asked_ms: list[int]
) -> None:
    ledger = _ledger(schedule)
    seconds: list[FlowSecond] = []
    for asked in [*sorted(asked_ms), 20_000]:
        now_ns = START_NS + asked * MS
        while not ledger.all_sent and schedule.due_ns(ledger.next_number) <= now_ns:
            number = ledger.next_number
            ledger.sent(schedule.due_ns(number), 188)
            if number in delays_ms:
                ledger.received(number, schedule.due_ns(number) + delays_ms[number] * MS)
        seconds += ledger.finished(now_ns, 300 * MS)
    assert ledger.all_reported
    assert [second.second for second in seconds] == list(schedule.seconds)
    assert [s.first_number + at for s in seconds for at in range(len(s.sent_us))] == list(range(schedule.packets))
    came = [at_us is not None for second in seconds for at_us in second.received_us]
    assert came == [number in delays_ms for number in range(schedule.packets)]
