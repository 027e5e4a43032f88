"""The accounting of packets, in made-up nanoseconds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.flow.ledger import DEAD_AFTER_NS, DEAD_AFTER_PACKETS, Departure, Ledger
from callcheck.flow.schedule import NS_PER_S, Schedule
from callcheck.model import FlowSecond
from tests.flow.test_schedule import schedules

MS = 1_000_000
ORIGIN_NS = 7 * NS_PER_S
START_NS = 9 * NS_PER_S
TAKEN_NS = 50 * NS_PER_S


def _schedule(seconds: float = 2.2, rate_pps: float = 10) -> Schedule:
    return Schedule(START_NS, START_NS, START_NS + round(seconds * NS_PER_S), rate_pps)


def _ledger(schedule: Schedule) -> Ledger:
    return Ledger("arm", schedule, origin_ns=ORIGIN_NS)


def _send(ledger: Ledger, count: int, late_ns: int = 0) -> None:
    for _ in range(count):
        ledger.sent(Departure(ledger.schedule.due_ns(ledger.next_number) + late_ns, 188))


def _answer(ledger: Ledger, number: int, at_ns: int) -> int | None:
    return ledger.received(number, at_ns, TAKEN_NS)


def test_a_second_whose_packets_all_came_back_is_finished_at_its_end() -> None:
    ledger = _ledger(_schedule())
    _send(ledger, 10)
    for number in range(10):
        _answer(ledger, number, START_NS + number * 100 * MS + 20 * MS)
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
        taken_us=(43_000_000,) * 10,
    )


def test_a_second_with_a_missing_packet_waits_and_then_reports_it_lost() -> None:
    ledger = _ledger(_schedule())
    _send(ledger, 10)
    for number in set(range(10)) - {4}:
        _answer(ledger, number, START_NS + NS_PER_S)
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
    assert _answer(ledger, 0, START_NS + 30 * MS) == 30 * MS
    assert _answer(ledger, 0, START_NS + 10 * MS) is None
    _answer(ledger, 1, START_NS + 130 * MS)
    (second,) = ledger.finished(START_NS + 200 * MS, 300 * MS)
    assert second.received_us[0] == 2_030_000


@pytest.mark.parametrize("number", [-1, 3, 4, 1 << 31])
def test_an_answer_to_a_packet_not_sent_is_no_answer(number: int) -> None:
    ledger = _ledger(_schedule())
    _send(ledger, 3)
    assert _answer(ledger, number, START_NS + NS_PER_S) is None


def test_an_answer_after_its_second_was_reported_changes_nothing_but_tells_a_round_trip() -> None:
    ledger = _ledger(_schedule(seconds=1))
    _send(ledger, 10)
    (second,) = ledger.finished(START_NS + 2 * NS_PER_S, 300 * MS)
    assert _answer(ledger, 0, START_NS + 3 * NS_PER_S) == 3 * NS_PER_S
    assert second.received_us == (None,) * 10
    assert ledger.all_reported
    assert list(ledger.finished(START_NS + 9 * NS_PER_S, 300 * MS)) == []


def test_what_is_noticed_counts_in_the_second_that_is_given_out_next() -> None:
    ledger = _ledger(_schedule(seconds=3))
    _send(ledger, 20)
    for number in (0, 2, 1, 1, 1):
        _answer(ledger, number, START_NS + number * 100 * MS + 30 * MS)
    ledger.unnumbered()
    ledger.icmp_errors(2)
    ledger.befell("clock_set")
    ledger.befell("clock_set")
    (first,) = ledger.finished(START_NS + 1500 * MS, 300 * MS)
    assert (first.reordered, first.duplicates, first.unnumbered, first.icmp_errors) == (1, 2, 1, 2)
    assert first.events == ("clock_set",)
    _answer(ledger, 5, START_NS + 1600 * MS)
    (second,) = ledger.finished(START_NS + 2500 * MS, 300 * MS)
    assert (second.late, second.duplicates, second.events) == (1, 0, ())
    assert first.received_us[5] is None


def test_a_packet_that_our_own_system_refused_is_named() -> None:
    ledger = _ledger(_schedule(seconds=0.3))
    for left in (True, False, True):
        ledger.sent(Departure(ledger.schedule.due_ns(ledger.next_number), 188, left))
    (second,) = ledger.finished(START_NS + 3 * NS_PER_S, 300 * MS)
    assert second.unsent == (1,)


def test_a_second_tells_how_old_its_5_tuple_was() -> None:
    ledger = _ledger(_schedule(seconds=0.2))
    opened_ns = START_NS - 400 * MS
    for sent_before in (3, 4):
        at_ns = ledger.schedule.due_ns(ledger.next_number)
        ledger.sent(Departure(at_ns, 188, opened_ns=opened_ns, sent_before=sent_before))
    (second,) = ledger.finished(START_NS + 3 * NS_PER_S, 300 * MS)
    assert (second.opened_us, second.sent_before) == (1_600_000, 3)


@pytest.mark.parametrize(
    ("answered", "sent", "after_ns", "dead"),
    [
        (range(3), 3 + DEAD_AFTER_PACKETS, DEAD_AFTER_NS, True),
        (range(3), 2 + DEAD_AFTER_PACKETS, DEAD_AFTER_NS, False),  # too few packets into the silence
        (range(3), 3 + DEAD_AFTER_PACKETS, DEAD_AFTER_NS - 1, False),  # too short a silence
        (range(0), 12, 9 * NS_PER_S, False),  # never answered, so nothing died
        ((0, 11), 12, 9 * NS_PER_S, False),  # one packet came through after a gap
    ],
)
def test_a_flow_is_dead_once_answers_were_followed_by_a_silence(
    answered: Sequence[int], sent: int, after_ns: int, dead: bool
) -> None:
    ledger = _ledger(_schedule())
    _send(ledger, sent)
    for number in answered:
        _answer(ledger, number, ledger.schedule.due_ns(number) + MS)
    first_silent_ns = ledger.schedule.due_ns(max(answered, default=-1) + 1)
    assert ledger.is_dead(first_silent_ns + after_ns) is dead


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
            ledger.sent(Departure(schedule.due_ns(number), 188))
            if number in delays_ms:
                _answer(ledger, number, schedule.due_ns(number) + delays_ms[number] * MS)
        seconds += ledger.finished(now_ns, 300 * MS)
    assert ledger.all_reported
    assert [second.second for second in seconds] == list(schedule.seconds)
    assert [s.first_number + at for s in seconds for at in range(len(s.sent_us))] == list(range(schedule.packets))
    came = [at_us is not None for second in seconds for at_us in second.received_us]
    assert came == [number in delays_ms for number in range(schedule.packets)]
