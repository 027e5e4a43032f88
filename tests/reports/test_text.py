"""The report for a chat, and the same in short."""

from __future__ import annotations

import io
import re
from functools import lru_cache

import msgspec
import pytest
from hypothesis import given, settings

from callcheck import session
from callcheck.api import Reporter
from callcheck.digest import digest_of
from callcheck.engine import plugins
from callcheck.model import Evidence, Instrument, Report
from callcheck.redaction.redact import redact
from callcheck.words import Claim
from callcheck_text import REPORTER, SHORT
from callcheck_text.taming import looks_dialled
from tests.journals.golden import all_golden
from tests.report.made import a_report, hostile_reports, verdict
from tests.verdict.readable import LANGUAGES

LIMITS = ((REPORTER, 1200), (SHORT, 280))
# What a chat program would act on, wherever it stands.
_ACTS = re.compile(r"[*_~`@#<>\[\]{}\\|]|(?<!\w)/\w|://|www\.|\w\.[a-z]{2,}")
_COMMAND = re.compile(r"callcheck (?:lab run [a-z-]+|run --depth [a-z]+)$")


@lru_cache(maxsize=1)
def golden_reports() -> dict[str, Report]:
    """Every family's report, as it is shared; made once for all tests of reporters."""
    checks = plugins.load_checks()[0]
    made = {name: session.report_of(one.events(), checks, "en") for name, one in all_golden().items()}
    return {name: redact(report, new_id=lambda: "f00d") for name, report in made.items()}


def written(reporter: Reporter, report: Report, language: str = "en") -> str:
    out = io.BytesIO()
    reporter.write(report, language, out)
    return out.getvalue().decode("utf-8")


def assert_whole_sentences(text: str) -> None:
    for line in text.splitlines():
        assert line == "" or line.endswith((".", ":")) or _COMMAND.search(line), line


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_family_fits_in_whole_sentences_and_says_what_matters(language: str) -> None:
    for name, report in golden_reports().items():
        text = written(REPORTER, report, language)
        assert len(text) <= 1200, name
        assert digest_of(report, language).title in text
        assert "2026-11-2" in text
        assert report.tool.version in text
        assert not _ACTS.search(text), name
        assert_whole_sentences(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_family_fits_in_short_with_a_step(language: str) -> None:
    for name, report in golden_reports().items():
        text = written(SHORT, report, language)
        assert len(text) <= 280, name
        assert any(step in text for step in digest_of(report, language).steps), name
        assert not _ACTS.search(text), name
        assert_whole_sentences(text)


SELECTIVE = a_report(
    evidence=(
        Evidence(
            service="telegram", function="calls", claim=Claim.relays_answer, facts={"informative": 8}, strength=-3
        ),
        Evidence(claim=Claim.controls_answer, facts={"asked": 6, "answered": 6, "networks": 4}, strength=3),
        Evidence(claim=Claim.route_exists, strength=3),
    ),
    verdicts=(
        verdict(supporting=(2, 0), where="unknown"),
        verdict(service="whatsapp", cause="resolver", mechanism="dns", where="unknown", confidence=0.91),
        verdict(
            service="whatsapp", function="messaging", outcome="works", cause="none", mechanism="none", where="unknown"
        ),
    ),
    run=msgspec.structs.replace(a_report().run, redacted=True),
)
TEXT = """\
Telegram calls do not get through: they are singled out somewhere on the way, while like traffic to other places \
passes normally. 96 % sure.

WhatsApp calls do not get through: the name server in use (DNS, which turns names into addresses) does not give the \
right addresses. 91 % sure.

These work: WhatsApp (messages).

How it was found: Telegram call servers (relays): not one of those that are known to answer did so (asked: 8). Neutral \
servers for comparison: 6 of 6 answered, in 4 networks.
"""


def test_two_services_that_are_broken_in_different_ways_are_both_told_with_what_was_compared() -> None:
    text = written(REPORTER, SELECTIVE)
    assert text.startswith(TEXT)
    assert "What you can do:\n1. Run the test on another network" in text
    assert text.endswith("Tested with callcheck 0.1.0 (quick test): 2026-11-21, in the hour from 10:42 UTC.\n")


def test_in_short_both_are_told_in_a_few_words_and_a_step_stays() -> None:
    assert written(SHORT, SELECTIVE) == (
        "Telegram calls do not get through: they are singled out somewhere on the way, while like traffic to other"
        " places passes normally. 96 % sure. WhatsApp, calls: do not work (name server (DNS)). 91 % sure. Save this"
        " report and ask your provider whether it knows the reason.\n"
    )


@pytest.mark.parametrize(("reporter", "limit"), LIMITS)
def test_a_full_report_says_so_first_and_an_unfit_or_broken_run_as_well(reporter: Reporter, limit: int) -> None:
    full = msgspec.structs.replace(
        SELECTIVE,
        run=msgspec.structs.replace(SELECTIVE.run, redacted=False, complete=False),
        instrument=Instrument(send_lateness_p99_ms=90.0, valid=False),
    )
    text = written(reporter, full)
    assert text.startswith("Full report")
    assert "stopped early" in text
    assert "could not keep time" in text
    assert len(text) <= limit


@pytest.mark.parametrize(("reporter", "limit"), LIMITS)
@settings(max_examples=40)
@given(report=hostile_reports())
def test_no_report_whatever_it_holds_breaks_the_limit_or_gets_markup_in(
    reporter: Reporter, limit: int, report: Report
) -> None:
    for language in LANGUAGES:
        text = written(reporter, report, language)
        assert len(text) <= limit
        assert not _ACTS.search(text)
        assert all(line == "" or line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize(("reporter", "limit"), LIMITS)
def test_a_thousand_services_with_the_longest_names_still_fit(reporter: Reporter, limit: int) -> None:
    names = [f"{'w' * 19}-{number:04d}" for number in range(1000)]
    many = [
        verdict(service=name, function=function, cause=cause, confidence=0.5 + 0.0003 * number)
        for number, name in enumerate(names)
        for function, cause in (("calls", "resolver"), ("messaging", ("congestion", "udp_blocked")[number % 2]))
    ]
    text = written(reporter, a_report(verdicts=tuple(many)))
    assert len(text) <= limit
    assert names[0] in text


def test_a_name_that_chats_would_act_on_loses_what_they_act_on() -> None:
    for service, shown in (("my_own_service", "my-own-service"), ("call89261234567", "?"), ("@admin", "?")):
        text = written(REPORTER, a_report(verdicts=(verdict(service=service),)))
        assert text.count(f"{shown} calls do not get through") == 1


def test_a_figure_that_could_be_dialled_is_left_out() -> None:
    dialled = Evidence(claim=Claim.controls_answer, facts={"asked": 79261234, "answered": 6}, strength=3)
    assert "79" not in written(REPORTER, a_report(evidence=(dialled,), verdicts=(verdict(supporting=(0,)),)))
    assert looks_dialled("+7 926 123-45-67")
    assert not looks_dialled("4072 of 4400 packets")


def test_a_run_without_verdicts_says_so() -> None:
    for reporter, _limit in LIMITS:
        assert "No service was tested, so there is nothing to judge." in written(reporter, a_report())


def test_they_are_registered_as_text_and_short() -> None:
    assert [(one.name, one.suffix) for one in (REPORTER, SHORT)] == [("text", ".txt"), ("short", ".txt")]
