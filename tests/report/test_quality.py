"""How a run's calls would sound: which flows count, and what becomes of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.engine.events import decode_lines, encode_line
from callcheck.model import Observation, Quality, Target
from callcheck.quality.call import LEAST_PACKETS, Assumption, Heard, Word
from callcheck.report.fold import fold
from callcheck.report.quality import qualities_of
from callcheck.report.saved import load
from callcheck.words import FlowEvent
from tests.report.flow_made import a_flow, a_run_of
from tests.report.made import HUGE, RELAY, judge_nothing, read_all

FAR_RELAY = msgspec.structs.replace(RELAY, address="91.108.17.3")
EVENTS: tuple[FlowEvent, ...] = get_args(FlowEvent)
CLEAN = [40.0] * 600
FAR_AND_CLEAN = [90.0] * 600
# One packet in twelve, each by itself: 8.3 %.
LOSSY = [None if number % 12 == 5 else 40.0 for number in range(600)]
SILENT: list[float | None] = [None] * 600


def only(observations: Iterable[Observation]) -> Quality:
    (one,) = qualities_of(observations)
    return one


def in_round(number: int, delays_ms: Sequence[float | None], **changes: Any) -> list[Observation]:
    return a_flow(delays_ms, start_s=60.0 * number, said={"part": "stream", "round": number}, **changes)


def test_a_clean_stream_sounds_clear_and_says_what_it_rests_on() -> None:
    one = only(a_flow(CLEAN))
    assert (one.service, one.function, one.word, one.heard) == ("telegram", "calls", "clear", "nothing")
    assert (one.loss_ratio, one.late_ratio, one.packets, one.seconds) == (0.0, 0.0, 600, 30.0)
    assert 1 <= one.mos_low <= one.mos <= one.mos_high <= 4.5
    assert one.delay_ms > 40
    assert "opus_like_codec" in one.assumptions


def test_loss_and_delay_are_told_apart() -> None:
    gaps, lag = only(a_flow(LOSSY)), only(a_flow([700.0] * 600))
    assert (gaps.loss_ratio, gaps.heard) == (0.0833, "gaps")
    assert (lag.loss_ratio, lag.heard) == (0.0, "lag")
    assert max(gaps.mos, lag.mos) < only(a_flow(CLEAN)).mos


@pytest.mark.parametrize(
    "changes",
    [
        {"form": "padded"},
        {"form": "dtls"},
        {"form": ""},
        {"target": msgspec.structs.replace(RELAY, role="control")},
        {"target": None},
        {"said": {"part": "ladder"}},
        {"said": {"part": "revival"}},
        {"said": {"part": "twins"}},
        {"said": {"part": "single"}},
    ],
)
def test_only_a_loop_through_a_call_relay_at_a_calls_rate_stands_for_a_voice(changes: dict[str, Any]) -> None:
    assert qualities_of(a_flow(CLEAN)) != ()
    assert qualities_of(a_flow(CLEAN, **changes)) == ()


def test_of_whatsapp_no_quality_is_claimed_from_questions_and_their_answers() -> None:
    whatsapp = Target(service="whatsapp", function="calls", address="157.240.1.1", port=3478, protocol="whatsapp_relay")
    seconds = [*a_flow(CLEAN, target=whatsapp, form="dtls"), *a_flow(CLEAN, target=whatsapp, form="padded", arm="b")]
    assert qualities_of(seconds) == ()


@pytest.mark.parametrize(("packets", "scored"), [(LEAST_PACKETS - 1, 0), (LEAST_PACKETS, 1)])
def test_a_stream_of_a_hundred_packets_is_enough_and_one_less_is_not(packets: int, scored: int) -> None:
    assert len(qualities_of(a_flow([40.0] * packets))) == scored


def unsent_seconds(unsent_per_second: int, packets: int) -> list[Observation]:
    """The last packets of each second were refused by our own system, so that they did not come back either."""
    made = []
    for one in a_flow([40.0] * packets):
        first, count = one.data["first_number"], len(one.data["sent_us"])
        gone = range(first + count - unsent_per_second, first + count)
        came = [None if first + at in gone else at_us for at, at_us in enumerate(one.data["received_us"])]
        made.append(msgspec.structs.replace(one, data={**one.data, "unsent": list(gone), "received_us": came}))
    return made


def test_packets_that_our_own_system_refused_to_send_are_no_loss() -> None:
    one = only(unsent_seconds(5, packets=400))
    assert (one.loss_ratio, one.packets) == (0.0, 300)


def test_packets_that_never_left_do_not_make_a_stream_long_enough() -> None:
    assert qualities_of(unsent_seconds(16, packets=400)) == ()


def test_a_relay_that_died_on_the_way_makes_talk_impossible() -> None:
    one = only(a_flow([40.0] * 12 + [None] * 588))
    assert (one.word, one.heard, one.loss_ratio, one.packets) == ("hopeless", "gaps", 0.98, 600)
    assert one.mos < 1.1
    assert "loss_beyond_model" in one.assumptions


def test_of_a_relay_that_brought_nothing_nothing_is_said() -> None:
    assert qualities_of(a_flow(SILENT)) == ()


@pytest.mark.parametrize("nearer_first", [True, False])
def test_of_two_relays_the_nearer_is_scored_even_where_it_is_worse(nearer_first: bool) -> None:
    near, far = a_flow(LOSSY, arm="near"), a_flow(FAR_AND_CLEAN, arm="far", target=FAR_RELAY)
    one = only([*near, *far] if nearer_first else [*far, *near])
    assert one == only(near)
    assert one.mos < only(far).mos


def test_how_near_a_silent_relay_is_nobody_knows_so_another_is_scored() -> None:
    far = a_flow(FAR_AND_CLEAN, arm="far", target=FAR_RELAY)
    assert only([*a_flow(SILENT, arm="near"), *far]) == only(far)


def test_the_nearer_relay_is_scored_by_its_worst_round() -> None:
    near = [*in_round(0, CLEAN), *in_round(2, LOSSY)]
    far = [*in_round(0, FAR_AND_CLEAN, target=FAR_RELAY), *in_round(2, SILENT, target=FAR_RELAY)]
    assert only([*near, *far]) == only(in_round(2, LOSSY))


def test_a_bad_round_counts_although_it_was_ended_early() -> None:
    short = [None if number % 2 else 40.0 for number in range(200)]
    assert only([*in_round(0, CLEAN), *in_round(2, short)]) == only(in_round(2, short))


def test_a_round_in_which_all_was_lost_is_the_worst_one() -> None:
    one = only([*in_round(0, CLEAN), *in_round(2, SILENT)])
    assert (one.mos, one.mos_low, one.mos_high) == (1.0, 1.0, 1.0)
    assert (one.word, one.heard, one.loss_ratio, one.late_ratio) == ("hopeless", "gaps", 1.0, 0.0)
    assert (one.packets, one.seconds) == (600, 30.0)
    assert "loss_beyond_model" in one.assumptions


def test_arms_of_one_name_in_two_rounds_are_two_flows() -> None:
    """Numbers and seconds begin anew in each round: read as one flow, two short ones would be long enough."""
    short = [40.0] * (LEAST_PACKETS - 1)
    assert qualities_of([*in_round(0, short), *in_round(1, short)]) == ()


def test_of_the_flows_to_one_relay_the_fastest_is_the_call() -> None:
    slow = a_flow(SILENT[:40] + [40.0] * 110, rate_pps=5, arm="slow")
    assert only([*slow, *a_flow(CLEAN)]) == only(a_flow(CLEAN))


@pytest.mark.parametrize("event", EVENTS)
def test_a_flow_during_which_something_befell_the_machine_is_not_scored(event: FlowEvent) -> None:
    assert qualities_of(a_flow(LOSSY, events=(event,))) == ()
    assert only([*in_round(0, CLEAN), *in_round(2, LOSSY, events=(event,))]) == only(in_round(0, CLEAN))


def test_the_order_of_a_flows_seconds_does_not_matter() -> None:
    seconds = a_flow(LOSSY)
    assert qualities_of(seconds[::-1]) == qualities_of(seconds)


def test_seconds_of_an_earlier_version_are_scored() -> None:
    fields = ("arm", "second", "first_number", "ip_bytes", "scheduled_us", "sent_us", "received_us")
    plain = [
        msgspec.structs.replace(one, data={key: one.data[key] for key in fields})
        for one in a_flow(LOSSY, said={"part": "stream", "round": 0})
    ]
    assert qualities_of(plain) == qualities_of(a_flow(LOSSY))


def test_two_services_have_two_scores() -> None:
    other = msgspec.structs.replace(FAR_RELAY, service="another")
    scores = qualities_of([*a_flow(CLEAN), *a_flow(LOSSY, target=other)])
    assert [one.service for one in scores] == ["telegram", "another"]
    assert scores[0].mos > scores[1].mos


@pytest.mark.parametrize(
    "said",
    [{"round": [1]}, {"round": {"a": 1}}, {"round": "two"}, {"round": HUGE}, {"round": None}, {"round": 0.5}],
)
def test_a_round_that_is_no_number_is_the_first_one(said: dict[str, Any]) -> None:
    assert qualities_of(a_flow(CLEAN, said=said)) == qualities_of(a_flow(CLEAN))


@pytest.mark.parametrize(
    "said",
    [
        {"part": ["stream"]},
        {"part": None},
        {"part": {"stream": 1}},
        {"sent_us": [HUGE] * 20},
        {"received_us": [-HUGE] * 20},
        {"scheduled_us": [HUGE] * 20},
        {"sent_us": "soon"},
        {"first_number": "one"},
    ],
)
def test_what_no_flow_process_writes_is_not_scored(said: dict[str, Any]) -> None:
    assert qualities_of(a_flow(CLEAN, said=said)) == ()


_wild_us = st.one_of(st.integers(0, 40_000_000), st.integers(-(10**15), 10**15))
_patches = st.dictionaries(st.integers(0, 119), _wild_us, max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    sent_us=_patches,
    came_us=_patches | st.integers(0, 120).map(lambda died: dict.fromkeys(range(died, 120))),
    kept=st.integers(100, 120),
    unsent=st.lists(st.integers(-1, 130), max_size=5),
)
def test_whatever_times_a_journal_holds_its_report_can_be_saved_and_read_again(
    sent_us: dict[int, int], came_us: dict[int, int | None], kept: int, unsent: list[int]
) -> None:
    data: dict[str, Any] = {"arm": "a", "second": 0, "first_number": 0, "ip_bytes": 188, "unsent": unsent}
    data["scheduled_us"] = [40_000 * number for number in range(120)]
    data["sent_us"] = [sent_us.get(number, 40_000 * number) for number in range(120)]
    data["received_us"] = [came_us.get(number, 40_000 * number + 30_000) for number in range(kept)]
    events = a_run_of([Observation(op="flow.second", target=RELAY, form="loop", data=data)])
    report = fold(events, {"stun": read_all}, judge_nothing, "en")
    left = [came for number, came in enumerate(data["received_us"]) if number not in unsent]
    assert len(report.quality) == (len(left) >= LEAST_PACKETS and any(came is not None for came in left))
    for one in report.quality:
        assert 1 <= one.mos_low <= one.mos <= one.mos_high <= 4.5
        assert one.word in get_args(Word)
        assert one.heard in get_args(Heard)
        assert set(one.assumptions) <= set(get_args(Assumption))
    assert load(msgspec.json.encode(report)) == report


def test_a_report_has_the_quality_of_its_run_and_a_replay_the_same() -> None:
    events = a_run_of(itertools.chain(in_round(0, CLEAN), in_round(2, LOSSY)))
    report = fold(events, {"stun": read_all}, judge_nothing, "en")
    assert report.quality == (only(in_round(2, LOSSY)),)
    replayed = list(decode_lines(b"".join(map(encode_line, events))))
    assert fold(replayed, {"stun": read_all}, judge_nothing, "en") == report
