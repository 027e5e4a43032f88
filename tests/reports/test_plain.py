"""The report as a page of text."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from callcheck.model import Evidence, Report, Run, Verdict
from callcheck.report.saved import load
from callcheck.words import Claim
from callcheck_plain import REPORTER
from tests.report.made import HUGE, STREAM_FACTS, a_report, hostile_reports, quality, verdict

EVIDENCE = (
    Evidence(service="telegram", function="calls", claim=Claim.relays_answer, facts={"informative": 8}, strength=-3),
    Evidence(claim=Claim.controls_answer, facts={"asked": 6, "answered": 6, "networks": 4}, strength=3),
    Evidence(service="telegram", function="messaging", claim=Claim.text_answers, facts={}, strength=3),
    Evidence(service="telegram", function="calls", claim=Claim.relays_refuse, facts={}, strength=-2),
)
TEXT_WORKS: dict[str, Any] = {
    "function": "messaging",
    "outcome": "works",
    "cause": "none",
    "mechanism": "none",
    "where": "unknown",
    "confidence": 0.97,
    "causes": {"none": 0.97, "unknown": 0.03},
    "supporting": (2,),
    "would_change": ("later_again",),
}
DROPPED = a_report(
    evidence=EVIDENCE,
    verdicts=(
        verdict(**TEXT_WORKS),
        verdict(supporting=(0, 1), against=(3,), would_change=("another_network", "later_again")),
    ),
    problems=("stun: timed_out: took longer than 4 s",),
)
GOLDEN = """\
callcheck 0.1.0; 2026-11-21, in the hour from 10:00 UTC; quick test, 9 s

Telegram  messages  work
          calls     do not work  singled out

Telegram calls do not get through: they are singled out inside your provider's
network, while like traffic to other places passes normally.
  (96 % sure)
  How: by the address of the servers.
  For:
  + Telegram call servers (relays): not one of those that are known to answer
    did so (asked: 8).
  + Neutral servers for comparison: 6 of 6 answered, in 4 networks.
  Against:
  - Telegram call servers (relays): none of them refused.

Telegram messages get through: its servers give proper answers.
  (97 % sure)
  For:
  + Telegram messages: the servers give proper answers.

This could change the answer:
  - the same test on another network, for example mobile data instead of the
    home line
  - the same test again, some hours later

What you can do:
  - Run the test on another network, for example mobile data, and compare the
    two results.
  - See whether direct calls (peer-to-peer) are allowed in the call privacy
    settings of Telegram: they avoid the call servers, but show your internet
    address to the person you talk to.
  - Save this report and ask your provider whether it knows the reason.
  - Test again some hours later.

Not measured:
  - Trouble that starts only after some seconds of a call: a quick test is too
    short to see it.
  - The newer kind of internet addresses (IPv6): only the older kind (IPv4) was
    tested.
  - Speed limits: whether faster traffic, such as video calls, is slowed down.
  - Direct calls from device to device: only the way over the services' call
    servers was tested.

Problems:
  - stun: stopped, it took too long (took longer than 4 s)

Words:
  - call server (relay): a computer of the service through which the sound of a
    call goes from one person to the other
  - direct call (peer-to-peer): a call that goes straight from device to device,
    past the computers of the service
  - IPv4, IPv6: the older and the newer kind of internet addresses; most devices
    use both
  - neutral server: a computer that has nothing to do with the service and is
    asked for comparison only
  - provider: the company that sells you your access to the internet
  - traffic: all the data that goes over a line
"""


def page(report: Report, language: str = "en") -> str:
    """The page of a report that has been through the redactor."""
    run = report.run
    shared = msgspec.structs.replace(run, redacted=True, started_utc=run.started_utc.replace(":42:31Z", ":00:00Z"))
    out = io.BytesIO()
    REPORTER.write(msgspec.structs.replace(report, run=shared), language, out)
    return out.getvalue().decode("utf-8")


def test_a_dropped_call_reads_like_this() -> None:
    assert page(DROPPED) == GOLDEN


def test_the_russian_page_has_the_same_shape() -> None:
    russian = page(DROPPED, "ru")
    assert "Telegram  сообщения  работают\n          звонки     не работают  выборочное подавление\n" in russian
    assert "\n  (уверенность: 96 %)\n" in russian
    assert russian.count("\n\n") == GOLDEN.count("\n\n")


@settings(max_examples=80, deadline=None)
@given(report=hostile_reports())
def test_no_line_is_too_long_or_acts_whatever_the_report_holds(report: Report) -> None:
    for language in ("en", "ru"):
        text = page(report, language)
        assert text.endswith("\n")
        for line in text.split("\n"):
            assert len(line) <= 80
            assert line == "" or line.isprintable()


def test_one_sentence_that_holds_for_all_is_said_once() -> None:
    offline = [
        verdict(service=service, function=function, cause="offline", confidence=0.95, supporting=(0, 1))
        for service in ("telegram", "whatsapp")
        for function in ("messaging", "calls")
    ]
    text = page(a_report(evidence=EVIDENCE, verdicts=tuple(offline)))
    assert text.count("no working internet connection") == 1
    assert text.count("6 of 6 answered") == 1
    assert "callcheck lab run telegram-calls-dropped" in text
    assert text.count("callcheck lab run clean") == 1


def test_what_works_gets_no_advice_while_something_else_does_not() -> None:
    ailing = page(DROPPED)
    fine = page(a_report(evidence=EVIDENCE, verdicts=(verdict(**TEXT_WORKS),)))
    assert "If a call is still bad" not in ailing
    assert "If a call is still bad" in fine


def test_a_run_without_verdicts_says_so() -> None:
    assert "No service was tested, so there is nothing to judge." in page(a_report())


def test_a_run_that_was_stopped_says_so() -> None:
    run = Run(id="x", started_utc="2026-11-21T10:42:31Z", duration_s=2.0, depth="deep", complete=False)
    assert "The run was stopped early" in page(a_report(run=run))


def test_a_number_stays_on_one_line_with_its_unit() -> None:
    for pad in range(1, 60):
        text = page(a_report(problems=(f"{'x' * pad} and it took 1234 ms or 12 % of the time",)))
        assert "1234 ms" in text
        assert "12 %" in text


@pytest.mark.parametrize(
    "word", ["over_budget", "timed_out", "crashed", "interrupted", "not_installed", "not_readable"]
)
def test_every_problem_word_is_told_in_words(word: str) -> None:
    for language in ("en", "ru"):
        text = page(a_report(problems=(f"stun: {word}",)), language)
        (line,) = (line for line in text.split("\n") if line.startswith("  - stun: "))
        assert "_" not in line
        assert language == "en" or word not in line


def test_a_problem_of_another_kind_stands_as_it_is_and_cannot_act() -> None:
    assert "  - check 'x'\\x1b[31m of y" in page(a_report(problems=("check 'x'\x1b[31m of y",)))


def test_sentences_are_made_from_the_verdict_not_taken_from_the_file() -> None:
    forged = msgspec.structs.replace(DROPPED.verdicts[1], sentence="All is well.")
    assert "All is well" not in page(a_report(evidence=EVIDENCE, verdicts=(forged,)))


SOUNDS = """
  + Neutral servers for comparison: 6 of 6 answered, in 4 networks.

How it would sound:
  - A call over Telegram: syllables drop out now and then, but one can talk
    (estimated score 3.3 on a scale from 1 to 4.5; it may lie between 2.9 and
    3.6).

What you can do:
"""


def test_how_it_would_sound_stands_after_the_answers_and_before_the_advice() -> None:
    heard = msgspec.structs.replace(DROPPED, quality=(quality(),), verdicts=(verdict(supporting=(1,)),))
    assert SOUNDS in page(heard)
    assert "Как это звучало бы:\n  - Звонок через Telegram: иногда пропадают слоги" in page(heard, "ru")


def test_without_a_score_nothing_is_said_about_the_sound() -> None:
    assert "How it would sound" not in page(DROPPED)
    assert "Как это звучало бы" not in page(DROPPED, "ru")


@pytest.mark.parametrize(
    "changes", [{"word": "splendid"}, {"mos": 1e300}, {"mos_low": -5.0}, {"word": "\x1b[31m", "heard": "192.0.2.77"}]
)
def test_a_score_that_callcheck_does_not_give_leaves_no_empty_title(changes: dict[str, Any]) -> None:
    assert page(a_report(quality=(quality(**changes),))) == page(a_report())
    assert page(a_report(quality=(quality(**changes), quality()))) == page(a_report(quality=(quality(),)))


def test_what_speaks_against_a_cut_off_stands_apart_from_what_speaks_for_it() -> None:
    evidence = (
        Evidence(
            service="telegram",
            function="calls",
            claim=Claim.stream_cut_off,
            facts={"flows": 8, "died": 6, "renewed": 2, "packets_low": 12, "packets_high": 12, "unit": "packets"},
            strength=3,
        ),
        Evidence(service="telegram", function="calls", claim=Claim.stream_loses_more, strength=-2),
        Evidence(claim=Claim.controls_carry, facts={"sent": 2000, "loss_ratio": 0.0}, strength=3),
    )
    cut_off = Verdict(
        service="telegram",
        function="calls",
        outcome="degraded",
        cause="selective",
        mechanism="cutoff_packets",
        where="unknown",
        confidence=0.93,
        causes={"selective": 0.93, "unknown": 0.07},
        supporting=(0, 2),
        against=(1,),
    )
    verdicts = (cut_off,)
    text = page(a_report(evidence=evidence, verdicts=verdicts))
    assert CUT_OFF in text
    russian = " ".join(page(a_report(evidence=evidence, verdicts=verdicts), "ru").split())
    assert "после 12 пакетов (так вышло с 6 из 8)" in russian
    assert "Против: - В потоке к Telegram теряется не больше" in russian


CUT_OFF = """
Telegram calls work badly: they are singled out somewhere on the way, while like
traffic to other places passes normally.
  (93 % sure)
  How: by cutting the flow off after a number of packets.
  For:
  + Call-like flows to Telegram fall silent after 12 packets (6 of 8 did); new
    starts from another port that got through again: 2.
  + Call-like streams to neutral servers: 0 % of 2000 packets were lost.
  Against:
  - The stream to Telegram loses no more than the same stream to neutral
    servers.
"""


@pytest.mark.parametrize("value", [HUGE, -HUGE, 1e300, -1, "192.0.2.77", None, True, [1], {"a": 1}])
def test_a_saved_report_with_wild_facts_is_still_a_page(value: Any) -> None:
    names = (*STREAM_FACTS, "sent", "received", "asked", "answered", "loop_ms", "networks", "names", "missing")
    claims = [
        Evidence(
            service="telegram", function="calls", claim=claim, strength=strength, facts=dict.fromkeys(names, value)
        )
        for claim in Claim
        for strength in (-3, 0, 3)
    ]
    told = verdict(supporting=tuple(range(len(claims))))
    saved = load(msgspec.json.encode(a_report(evidence=tuple(claims), verdicts=(told,))))
    assert isinstance(saved, Report)
    for language in ("en", "ru"):
        text = page(saved, language)
        assert "192.0.2.77" not in text
        assert "{" not in text


def test_it_is_registered_as_plain() -> None:
    assert (REPORTER.name, REPORTER.suffix) == ("plain", ".txt")
