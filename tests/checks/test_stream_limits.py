"""Speed limits: policers seen with their rate, and lines that are merely slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest

from callcheck.api import Evidence
from callcheck.stats.policer import policer_signature
from callcheck_stream.plan import Round
from callcheck_stream.reading.limits import stream_rate_limited
from callcheck_stream.reading.shared import controls_of, subjects_of
from callcheck_stream.series import all_series
from tests.checks.stream_made import DEEP, STANDARD, TELEGRAM, observed
from tests.checks.stream_rules import (
    Bucket,
    Packet,
    Queue,
    Rule,
    both,
    clear,
    cut_after_packets,
    in_runs,
    one_by_one,
    subjects_only,
)

Key = Callable[[Packet], object]
KEYS: dict[str, Key] = {
    "flow": lambda packet: packet.five_tuple,
    "endpoint": lambda packet: packet.arm.target.endpoint,
    "service": lambda _packet: "all of it",
}
SHORT: Sequence[Round] = ("whole", "ladder")


def limited(rule: Rule, rounds: Sequence[Round] = SHORT) -> Evidence | None:
    streams = all_series(observed(TELEGRAM, rule, rounds=rounds))
    return stream_rate_limited("telegram", subjects_of(streams, "telegram"), controls_of(streams))


def assert_holds(found: Evidence | None, kbps: float, *, width_ratio: float = 0.1) -> Evidence:
    assert found is not None
    low, high = found.facts["limit_low_kbps"], found.facts["limit_high_kbps"]
    assert low <= kbps <= high
    assert high - low <= width_ratio * kbps
    return found


@pytest.mark.parametrize(
    ("counted", "kbps"), [*((counted, kbps) for counted in KEYS for kbps in (24, 40)), ("flow", 100), ("service", 150)]
)
def test_a_policer_s_rate_is_found_whatever_it_counts(counted: str, kbps: int) -> None:
    found = assert_holds(limited(subjects_only(Bucket(KEYS[counted], kbps * 1000))), kbps)
    assert found.facts["controls_limited"] == 0
    assert found.facts["delay_rises_ratio"] == 0
    # 24 kbit/s show in the matched flows as well, and so do 40 where the flows of the service are counted together.
    matched = kbps == 24 or (kbps == 40 and counted == "service")
    assert found.strength == (3 if matched else 2)


@pytest.mark.parametrize("kbps", [24, 64, 128])
def test_other_loss_behind_a_policer_is_allowed_for(kbps: int) -> None:
    random = Random(kbps)
    rule = both(subjects_only(Bucket(KEYS["flow"], kbps * 1000)), one_by_one(random, 0.02))
    assert_holds(limited(rule), kbps, width_ratio=0.15)


def test_200_kbps_are_seen_but_the_line_may_end_there() -> None:
    found = assert_holds(limited(subjects_only(Bucket(KEYS["flow"], 200_000))), 200)
    assert found.facts["line_kbps"] < 200
    assert found.strength == 1


@pytest.mark.parametrize("counted", KEYS)
def test_one_round_shows_a_limit_once_for_each_relay_or_once_for_the_service(counted: str) -> None:
    found = assert_holds(limited(subjects_only(Bucket(KEYS[counted], 24_000)), STANDARD), 24)
    assert found.facts["flows"] == (1 if counted == "service" else 2)
    assert found.strength == (2 if counted == "service" else 3)


def test_a_limit_above_the_rate_of_the_matched_flows_needs_the_ladder() -> None:
    rule = subjects_only(Bucket(KEYS["flow"], 64_000))
    assert limited(rule, STANDARD) is None


def test_the_loop_may_pass_one_policer_on_the_way_there_and_one_back() -> None:
    there, back = (Bucket(KEYS["flow"], 24_000) for _ in range(2))

    def rule(packet: Packet) -> float | None:
        return None if there(packet) is None else back(packet)

    assert assert_holds(limited(subjects_only(rule), STANDARD), 24).strength == 3


def test_a_bucket_that_counts_both_ways_of_the_loop_holds_more_than_what_is_told() -> None:
    found = limited(subjects_only(Bucket(KEYS["flow"], 40_000, times=2)), STANDARD)
    assert found is not None
    assert 40 / 3 - 1 <= found.facts["limit_low_kbps"] <= found.facts["limit_high_kbps"] < 40
    assert found.strength == 3


@pytest.mark.parametrize("kbps", [20, 64, 180, 256])
def test_a_policer_that_meets_controls_too_is_the_line_s(kbps: int) -> None:
    found = limited(Bucket(KEYS["service"], kbps * 1000))
    assert found is not None
    assert found.strength == 1


@pytest.mark.parametrize("kbps", [20, 24])
def test_a_policer_on_every_flow_of_everybody_is_nobody_s_choice(kbps: int) -> None:
    found = limited(Bucket(KEYS["flow"], kbps * 1000))
    assert found is not None
    assert found.facts["controls_limited"] >= 4
    assert found.strength == 1


@pytest.mark.parametrize(("kbps", "depth_packets"), [(30, 3), (30, 200), (128, 3), (128, 30), (256, 10)])
def test_a_slow_line_with_a_queue_is_no_policer(kbps: int, depth_packets: int) -> None:
    found = limited(Queue(kbps * 1000, depth_packets))
    assert found is None or found.strength <= 1


def test_a_queue_that_only_the_service_meets_shows_in_its_delay() -> None:
    found = limited(subjects_only(Queue(40_000, 20)))
    assert found is not None
    assert found.facts["delay_rises_ratio"] == 1
    assert found.strength == 1


@pytest.mark.parametrize(
    "rule",
    [
        one_by_one(Random(1), 0.1),
        one_by_one(Random(2), 0.3),
        one_by_one(Random(3), 0.6),
        in_runs(Random(4), 0.1, 4.0),
        in_runs(Random(5), 0.3, 4.0),
        cut_after_packets(25),
    ],
    ids=["10 %", "30 %", "60 %", "10 % in runs", "30 % in runs", "cut-off"],
)
def test_other_losses_are_no_limit(rule: Rule) -> None:
    found = limited(subjects_only(rule))
    assert found is None or found.strength <= 0


def test_a_ladder_without_losses_denies_a_limit_up_to_its_rate() -> None:
    found = limited(clear)
    assert found is not None
    assert found.strength == -2
    assert found.facts["offered_kbps"] == pytest.approx(300.8, rel=0.01)


def test_without_a_ladder_a_clean_stream_says_nothing_of_limits() -> None:
    assert limited(clear, STANDARD) is None
    assert limited(clear, DEEP[1:2]) is None


def test_a_mark_that_chance_gives_to_one_of_several_flows_is_not_believed() -> None:
    """Seed 776 of 3000: of 10 % random loss on two relays, one flow keeps to a line as 1 in 20 000 does."""
    streams = all_series(observed(TELEGRAM[:2], one_by_one(Random(776), 0.1)))
    marks = [policer_signature(one.sent_us, [one.ip_bytes] * one.sent, one.lost) for one in streams]
    assert any(mark is not None and mark.is_policed for mark in marks)
    assert stream_rate_limited("telegram", streams, []) is None
