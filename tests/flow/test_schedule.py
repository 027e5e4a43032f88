"""Due times, in made-up nanoseconds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.flow.schedule import NS_PER_S, Schedule, answer_wait_ns

MS = 1_000_000
ORIGIN_NS = 7 * NS_PER_S
START_NS = 9 * NS_PER_S

schedules = st.builds(
    lambda start_ms, length_ms, rate_pps, twins: Schedule(
        START_NS,
        START_NS + start_ms * MS,
        START_NS + start_ms * MS + length_ms * MS,
        rate_pps,
        round(twins * NS_PER_S / rate_pps),
    ),
    st.integers(0, 4000),
    st.integers(0, 8000),
    st.floats(0.3, 60),
    st.sampled_from([0, 0.1, 1, 1.9]),
)


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


def test_twins_keep_the_rate_and_leave_a_little_apart() -> None:
    schedule = Schedule(0, 0, 2 * NS_PER_S, 20, twins_apart_ns=5 * MS)
    assert [schedule.due_ns(number) // MS for number in range(5)] == [0, 5, 100, 105, 200]
    assert schedule.packets == 40
