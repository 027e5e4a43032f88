"""Sentences: every verdict and every claim has one, in both languages, from numbers and our own words alone."""

from __future__ import annotations

import itertools
import re
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Evidence, Instrument, Network, Run, Verdict
from callcheck.verdict import explain
from callcheck.words import Cause, Claim, Depth, FlowEvent, Function, Mechanism, Outcome, Where
from tests.report.made import a_report, verdict
from tests.verdict.readable import LANGUAGES, assert_readable, claim

SERVICES = ("telegram", "whatsapp")
FUNCTIONS: tuple[Function, ...] = get_args(Function)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
CAUSES: tuple[Cause, ...] = get_args(Cause)
MECHANISMS: tuple[Mechanism, ...] = get_args(Mechanism)
PLACES: tuple[Where, ...] = get_args(Where)
WOULD_CHANGE: tuple[str, ...] = get_args(explain.WouldChange)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_outcome_cause_and_place_has_a_headline(function: Function, service: str, language: str) -> None:
    for outcome, cause, where in itertools.product(OUTCOMES, CAUSES, PLACES):
        one = verdict(service=service, function=function, outcome=outcome, cause=cause, where=where)
        assert_readable(explain.headline(one, (), language), language)


def test_headlines_differ_wherever_outcome_or_cause_do() -> None:
    """Save where nothing works for want of internet, which is one sentence for all."""
    pairs = [
        (outcome, cause)
        for outcome, cause in itertools.product(OUTCOMES, CAUSES)
        if cause != "offline" and not (outcome in {"works", "unknown"} and cause == "none")
    ]
    for language in LANGUAGES:
        sentences = {explain.headline(verdict(outcome=outcome, cause=cause), (), language) for outcome, cause in pairs}
        assert len(sentences) == len(pairs)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_nobody_is_named_where_the_place_is_unknown(function: Function, language: str) -> None:
    name = {"en": "provider", "ru": "провайдер"}[language]
    for outcome, service in itertools.product(OUTCOMES, SERVICES):
        one = verdict(outcome=outcome, service=service, function=function, where="unknown")
        assert name not in explain.headline(one, (), language).lower()
        placed = verdict(outcome="fails", service=service, function="calls", where="provider")
        assert name in explain.headline(placed, (), language).lower()


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_offline_is_one_sentence_that_tells_of_the_lab(function: Function, outcome: Outcome) -> None:
    one = verdict(outcome=outcome, function=function, cause="offline", service="whatsapp")
    english, russian = (explain.headline(one, (), language) for language in LANGUAGES)
    assert english.startswith("This device has no working internet connection")
    assert russian.startswith("У этого устройства нет рабочей связи с интернетом")
    for text in (english, russian):
        assert "callcheck lab run telegram-calls-dropped" in text
        assert "." not in text
    assert any("callcheck lab run clean" in step for step in explain.next_steps(one, "en", "quick"))


def works(service: str, evidence: tuple[Evidence, ...], language: str = "en") -> str:
    return explain.headline(verdict(service=service, outcome="works", cause="none"), evidence, language)


def stream(service: str, **facts: Any) -> tuple[Evidence, ...]:
    return (claim(Claim.stream_carries, service=service, facts=facts, strength=3),)


def test_whatsapp_that_works_says_that_the_sound_was_not_measured() -> None:
    for evidence in ((), stream("whatsapp", rtt_ms=40.0), stream("whatsapp", loop_ms=80.0)):
        assert "answer steadily; the sound itself was not measured" in works("whatsapp", evidence)
        assert "отвечают устойчиво; сам звук не измерялся" in works("whatsapp", evidence, "ru")


def test_telegram_relays_carried_packets_only_where_the_stream_went_round() -> None:
    assert "pass on call-like packets steadily" in works("telegram", stream("telegram", loop_ms=80.0))
    for evidence in ((), stream("telegram", rtt_ms=40.0), stream("whatsapp", loop_ms=80.0)):
        assert "the sound itself was not measured" in works("telegram", evidence)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ((), "do not settle it"),
        ((claim(Claim.tunnel_in_use, service="", strength=3),), "a tunnel is in use"),
        ((claim(Claim.controls_answer, service="", strength=-3),), "used for comparison did not answer"),
        ((claim(Claim.relays_answer, facts={"endpoints": 6, "answered": 0}),), "answer strangers at all"),
        ((claim(Claim.relays_answer, facts={"endpoints": 0, "answered": 0}),), "do not settle it"),
        ((claim(Claim.relays_answer, facts={"endpoints": 6, "answered": 2}, strength=3),), "do not settle it"),
        ((claim(Claim.relays_answer, service="whatsapp", facts={"endpoints": 6}),), "this run did not test them"),
        ((claim(Claim.text_answers, function="messaging", strength=3),), "this run did not test them"),
    ],
)
def test_doubt_says_why_where_the_evidence_shows_it(evidence: tuple[Evidence, ...], words: str) -> None:
    one = verdict(outcome="unknown", cause="unknown")
    assert words in explain.headline(one, evidence, "en")


@settings(max_examples=200, deadline=None)
@given(service=st.text(max_size=30), name=st.sampled_from(OUTCOMES))
def test_a_foreign_service_name_cannot_act_or_pretend(service: str, name: Outcome) -> None:
    shown = explain.service_name(service)
    assert shown in {"Telegram", "WhatsApp", "?", service}
    assert re.fullmatch(r"Telegram|WhatsApp|\?|[a-z][a-z0-9_-]{0,23}", shown)
    assert explain.headline(verdict(service=service, outcome=name), (), "en").isprintable()


@pytest.mark.parametrize(
    ("confidence", "shown"),
    [(0.0, 1), (0.004, 1), (0.29, 29), (0.9, 90), (0.96, 96), (0.989, 98), (0.999, 99), (1.0, 99)],
)
def test_sureness_is_a_whole_percent_and_never_certain(confidence: float, shown: int) -> None:
    assert explain.percent(confidence) == shown
    assert explain.sureness_text(verdict(confidence=confidence), "en") == f"{shown} % sure"
    assert explain.sureness_text(verdict(confidence=confidence), "ru") == f"уверенность: {shown} %"


CAUSES_AT_HOME: dict[Cause, float] = {"none": 0.48, "local_link": 0.48, "unknown": 0.04}


@pytest.mark.parametrize(
    ("outcome", "causes", "shown"),
    [
        ("works", CAUSES_AT_HOME, "possible trouble all the same, not settled: home network (48 %)"),
        ("works", {"none": 0.7, "unknown": 0.3}, ""),
        ("degraded", CAUSES_AT_HOME, "not settled; most likely so far: home network (48 %)"),
        ("degraded", {"none": 0.44, "unknown": 0.36, "selective": 0.2}, ""),
        ("unknown", CAUSES_AT_HOME, "not settled; most likely so far: nothing wrong (48 %), home network (48 %)"),
    ],
)
def test_nothing_wrong_is_a_candidate_only_where_it_is_open_how_things_are(
    outcome: Outcome, causes: dict[Cause, float], shown: str
) -> None:
    assert explain.sureness_text(verdict(outcome=outcome, cause="unknown", causes=causes), "en") == shown


def test_an_unknown_cause_names_the_leading_ones_instead() -> None:
    one = verdict(cause="unknown", causes={"service_outage": 0.3, "selective": 0.6, "device": 0.04, "unknown": 0.06})
    assert explain.sureness_text(one, "en") == (
        "not settled; most likely so far: singled out (60 %), the service itself (30 %)"
    )
    assert_readable(explain.sureness_text(one, "ru"), "ru")
    assert explain.sureness_text(verdict(cause="unknown", causes={"unknown": 1.0}), "en") == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_the_closed_lists_has_a_name(language: str) -> None:
    names = [
        *(explain.cause_name(cause, language) for cause in CAUSES),
        *(explain.outcome_name(outcome, language) for outcome in OUTCOMES),
        *(explain.function_name(function, language) for function in FUNCTIONS),
        *(
            explain.mechanism_text(mechanism, language)
            for mechanism in MECHANISMS
            if mechanism not in {"none", "unknown"}
        ),
        *(explain.would_change_text(name, language) for name in WOULD_CHANGE),
        *(explain.would_change_text("deeper_run", language, depth) for depth in ("quick", "standard")),
    ]
    for name in names:
        assert_readable(name, language)
    assert len(set(names)) == len(names)
    assert explain.mechanism_text("unknown", language) == ""
    assert explain.would_change_text("ivan@example.org", language) == ""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_steps_to_take(cause: Cause, language: str) -> None:
    for function, outcome, service in itertools.product(FUNCTIONS, OUTCOMES, SERVICES):
        one = verdict(function=function, outcome=outcome, service=service, cause=cause)
        steps = explain.next_steps(one, language, "quick")
        assert steps
        assert len(set(steps)) == len(steps)
        for step in steps:
            assert_readable(step, language)


def test_direct_calls_are_advised_for_calls_only_and_with_their_price() -> None:
    assert any("show your internet address" in step for step in explain.next_steps(verdict(), "en", "quick"))
    assert not any("peer-to-peer" in step for step in explain.next_steps(verdict(function="messaging"), "en", "quick"))


def test_no_test_is_advised_that_is_not_longer_than_the_last() -> None:
    advised = {depth: " ".join(explain.next_steps(verdict(cause="unknown"), "en", depth)) for depth in get_args(Depth)}
    assert "--depth standard" in advised["quick"]
    assert "--depth deep" in advised["standard"]
    assert "--depth" not in advised["deep"]


def test_a_longer_test_would_change_the_answer_only_where_there_is_one() -> None:
    told = {depth: explain.would_change_text("deeper_run", "en", depth) for depth in get_args(Depth)}
    assert "--depth standard" in told["quick"]
    assert told["standard"] == "the longest test: callcheck run --depth deep"
    assert told["deep"] == ""
    assert explain.would_change_text("deeper_run", "en") == "a longer test"
    assert explain.would_change_text("later_again", "en", "deep") == explain.would_change_text("later_again", "en")


def report_with(*verdicts: Verdict, evidence: tuple[Evidence, ...] = (), **changes: Any) -> Any:
    said: dict[str, Any] = {"depth": "standard", "complete": True, "tunnel": None, "ipv6": None, "valid": None}
    said["events"] = ()
    said |= changes
    return a_report(
        verdicts=verdicts,
        evidence=evidence,
        run=Run(id="x", started_utc="", duration_s=9.0, depth=said["depth"], complete=said["complete"]),
        network=Network(tunnel=said["tunnel"], ipv6=said["ipv6"]),
        instrument=Instrument(send_lateness_p99_ms=None, valid=said["valid"], events=said["events"]),
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"complete": False}, "stopped early"),
        ({"depth": "quick"}, "quick test is too short"),
        ({"tunnel": True}, "through a tunnel"),
        ({"valid": False}, "sent its test packets late"),
        ({"valid": False, "events": ("clock_set",)}, "clock was set while the test ran"),
        ({"valid": False, "events": ("suspended",)}, "fell asleep while it ran"),
        ({"valid": False, "events": ("address_changed",)}, "got another address while the test ran"),
        ({"valid": False, "events": ("route_changed",)}, "changed to another network while the test ran"),
        ({"ipv6": None}, "IPv6"),
    ],
)
def test_a_gap_is_told_where_there_is_one_and_only_there(changes: dict[str, Any], words: str) -> None:
    whole: dict[str, Any] = {"complete": True, "depth": "standard", "tunnel": False, "valid": True, "ipv6": True}
    with_gap = explain.what_was_not_measured(report_with(**(whole | changes)), "en")
    without = explain.what_was_not_measured(report_with(**whole), "en")
    assert [words in line for line in with_gap].count(True) == 1
    assert not any(words in line for line in without)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_thing_that_befell_the_machine_is_told_and_lateness_only_without_them(language: str) -> None:
    every = get_args(FlowEvent)
    told = explain.what_was_not_measured(report_with(valid=False, events=every), language)
    late = explain.what_was_not_measured(report_with(valid=False), language)
    fine = explain.what_was_not_measured(report_with(valid=True), language)
    assert (len(told) - len(fine), len(late) - len(fine)) == (len(every), 1)
    assert len(set(told) - set(fine) - set(late)) == len(every)
    for line in (*told, *late):
        assert_readable(line, language)


@pytest.mark.parametrize(("strength", "is_gap"), [(-2, False), (3, False), (1, False), (0, True), (None, True)])
def test_speed_limits_are_a_gap_unless_one_was_seen_or_ruled_out(strength: int | None, is_gap: bool) -> None:
    evidence = () if strength is None else (claim(Claim.stream_rate_limited, strength=strength),)
    gaps = "\n".join(explain.what_was_not_measured(report_with(verdict(), evidence=evidence), "en"))
    assert ("Speed limits" in gaps) == is_gap


def test_the_sound_of_whatsapp_is_a_gap_unless_its_calls_fail_and_the_stream_where_there_was_none() -> None:
    calls = verdict(service="whatsapp", outcome="works", cause="none")
    gaps = "\n".join(explain.what_was_not_measured(report_with(calls), "en"))
    assert "How WhatsApp calls sound" in gaps
    assert "reach WhatsApp" in gaps
    streamed = report_with(calls, evidence=stream("whatsapp", rtt_ms=40.0))
    assert "reach WhatsApp" not in "\n".join(explain.what_was_not_measured(streamed, "en"))
    failing = report_with(verdict(service="whatsapp", outcome="fails"))
    assert "WhatsApp" not in "\n".join(explain.what_was_not_measured(failing, "en"))


def test_gaps_are_readable_in_both_languages() -> None:
    every_gap = report_with(
        verdict(service="whatsapp", outcome="unknown"),
        verdict(outcome="unknown"),
        complete=False,
        depth="quick",
        tunnel=True,
        valid=False,
    )
    for language in LANGUAGES:
        lines = explain.what_was_not_measured(every_gap, language)
        assert len(lines) == 10
        for line in lines:
            assert_readable(line, language)


def test_sentences_are_put_into_verdicts_and_change_nothing_else() -> None:
    one = verdict(supporting=(0,), against=(1,))
    (said,) = explain.with_sentences([one], (), "ru")
    assert said == verdict(supporting=(0,), against=(1,), sentence=explain.headline(one, (), "ru"))
