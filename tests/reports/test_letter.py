"""The letter to the provider's support."""

from __future__ import annotations

import re
from typing import get_args

import msgspec
import pytest

from callcheck.model import Evidence, Instrument, Report, Run, SavedObservation, Verdict
from callcheck.redaction.leaks import leaks
from callcheck.words import Cause, Claim, Failure, Mechanism, Where
from callcheck_letter import REPORTER, asks
from callcheck_letter.places import Place, listed
from tests.report.made import RELAY, a_report, observed, verdict
from tests.reports.test_text import golden_reports, written
from tests.verdict.readable import LANGUAGES

# Words that say who did it, or why: a letter has none of them unless the run found that calls are singled out.
_ACCUSING = re.compile(
    r"singl|select|block|throttl|censor|interfer|sabotag|deliberate|on purpose|degrad"
    r"|выборочн|подавл|блокир|цензур|вмешат|намеренн|специально|нарочно|глуш",
    re.IGNORECASE,
)
_NO_GROUND = {"en": "gives no ground for a complaint", "ru": "не даёт оснований для жалобы"}
_NEVER_TO_BLAME: tuple[Cause, ...] = ("none", "device", "service_outage", "unknown")
_END = (".", ":", "]", ",", "!")
_PLACE = re.compile(r"- (?:[\w.-]+|\d+\.\d+\.\d+\.\d+), (?:UDP port \d+|порт \d+ UDP)")
_COMMAND = re.compile(r"callcheck (?:lab run [a-z-]+|run --depth [a-z]+)$")


def letter(report: Report, language: str = "en") -> str:
    return written(REPORTER, report, language)


def is_complaint(report: Report) -> bool:
    return any(one.cause in asks.ASKS and one.outcome in {"fails", "degraded"} for one in report.verdicts)


def is_no_ground(text: str) -> bool:
    return any(said in text for said in _NO_GROUND.values()) and "[" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_family_gets_its_letter_or_is_told_that_there_is_no_ground(language: str) -> None:
    for name, report in golden_reports().items():
        text = letter(report, language)
        assert is_no_ground(text) == (not is_complaint(report)), name
        if is_complaint(report) and not any(one.cause == "selective" for one in report.verdicts):
            assert not _ACCUSING.search(text), name
        for line in text.splitlines():
            assert line == "" or line.endswith(_END) or _PLACE.fullmatch(line) or _is_short(line), (name, line)


def _is_short(line: str) -> bool:
    """A name of a service, how many more there are, or a command at the end of a step."""
    listed = re.fullmatch(r"- [a-z0-9.]+\.[a-z]+|- (?:and|и ещё) \d+(?: others?)?", line)
    return bool(listed or _COMMAND.search(line)) or "contract number" in line or "номер договора" in line


def test_a_letter_names_no_address_but_public_ones_of_the_catalogue() -> None:
    public = {
        one.target.address
        for report in golden_reports().values()
        for one in report.observations
        if one.target is not None and one.target.source == "catalogue"
    }
    for name, report in golden_reports().items():
        assert leaks(letter(report), public) == [], name


def test_a_letter_tells_the_hour_and_never_the_minute() -> None:
    run = Run(id="x", started_utc="2026-11-21T10:42:31Z", duration_s=9.0, depth="quick", complete=True)
    text = letter(a_report(run=run, verdicts=(verdict(),)))
    assert "2026-11-21, in the hour from 10:00 UTC" in text
    assert "10:42" not in text


ANSWERED = observed(target=msgspec.structs.replace(RELAY, address="91.108.13.3", port=599), seq=3)
SILENT = (observed(failure=Failure.timeout), observed(failure=Failure.timeout, seq=4))
NEVER_SENT = observed(
    target=msgspec.structs.replace(RELAY, address="91.108.9.1", port=597), seq=5, failure=Failure.network_unreachable
)
FOREIGN = observed(target=msgspec.structs.replace(RELAY, host="evil.example.com"), seq=6, failure=Failure.timeout)
EVIDENCE = (
    Evidence(claim=Claim.gateway_healthy, facts={"sent": 50, "received": 50}, strength=2),
    Evidence(claim=Claim.tunnel_in_use, strength=-3),
    Evidence(
        service="telegram",
        function="calls",
        claim=Claim.path_open,
        facts={"last_hop_call": 2, "last_hop_control": 5, "where": "provider"},
        strength=-3,
    ),
)


def told(where: Where, *observations: SavedObservation, **changes: object) -> str:
    made = verdict(where=where, **changes)
    return letter(a_report(evidence=EVIDENCE, observations=observations, verdicts=(made,)))


def test_only_servers_of_our_list_that_were_asked_and_stayed_silent_are_named() -> None:
    text = told("provider", *SILENT, ANSWERED, NEVER_SENT, FOREIGN)
    assert "- 91.108.13.2, UDP port 598\n" in text
    assert text.count("UDP port") == 1
    assert "example" not in text


def test_what_is_too_long_for_a_letter_is_counted() -> None:
    many = [Place("91.108.13.2", port, "UDP") for port in range(600, 611)]
    assert listed(many, 8, "en")[7:] == ["91.108.13.2, UDP port 607", "and 3 others"]
    assert len(listed(many, 11, "en")) == 11


@pytest.mark.parametrize("address", ["192.168.1.7", "10.0.0.1", "fe80::1", "\x1b[31m", "127.0.0.1", "91.108.13.2 evil"])
def test_no_private_or_forged_address_gets_in(address: str) -> None:
    target = msgspec.structs.replace(RELAY, address=address)
    text = told("unknown", observed(target=target, failure=Failure.timeout))
    assert "UDP port" not in text
    assert "evil" not in text


def test_the_provider_is_told_of_its_network_only_where_that_was_seen() -> None:
    assert "last seen inside your network" in told("provider")
    assert "station 2 on their way" in told("provider")
    assert "Where on the way it happens, the test does not tell." in told("unknown")
    assert "inside your network" not in told("unknown")


def test_what_was_ruled_out_is_what_the_evidence_rules_out() -> None:
    text = told("unknown")
    assert "What was ruled out:\n- My router answered 50 of 50 test packets.\n- No tunnel was in use" in text
    assert "My device kept time" not in text
    tunnelled = a_report(evidence=(Evidence(claim=Claim.tunnel_in_use, strength=3),), verdicts=(verdict(),))
    assert "No tunnel" not in letter(tunnelled)
    steady = a_report(instrument=Instrument(send_lateness_p99_ms=1.0, valid=True), verdicts=(verdict(),))
    assert "- My device kept time throughout." in letter(steady)


def test_trouble_at_home_asks_for_no_more_than_a_check_of_the_line() -> None:
    text = told("home", cause="local_link", mechanism="none", outcome="degraded")
    assert "The test points to the home side of the line" in text
    assert text.count("Please") == 2
    assert "filtered" not in text


def asked(cause: Cause, mechanism: Mechanism = "none") -> str:
    made: Verdict = verdict(cause=cause, mechanism=mechanism, where="unknown")
    return letter(a_report(verdicts=(made,))).partition("What I ask for:")[2]


def test_each_cause_asks_for_something_of_its_own() -> None:
    causes = [cause for cause in get_args(Cause) if cause not in _NEVER_TO_BLAME]
    questions = [asked(cause) for cause in causes]
    assert len(set(questions)) == len(causes)
    assert all("the number of this request" in question for question in questions)


@pytest.mark.parametrize("mechanism", [one for one in get_args(Mechanism) if one not in {"none", "unknown"}])
def test_each_way_of_singling_out_adds_what_to_look_at(mechanism: Mechanism) -> None:
    assert asked("selective", mechanism).count("Please") == asked("selective").count("Please") + 1


@pytest.mark.parametrize("cause", _NEVER_TO_BLAME)
def test_what_is_not_the_providers_gets_no_letter(cause: Cause) -> None:
    text = letter(a_report(verdicts=(verdict(cause=cause, mechanism="none", where="unknown"),)))
    assert is_no_ground(text)
    assert "Please" not in text


def test_a_full_report_says_so_first() -> None:
    assert letter(a_report(verdicts=(verdict(),))).startswith("Full report: ")
    redacted = a_report(run=msgspec.structs.replace(a_report().run, redacted=True), verdicts=(verdict(),))
    assert letter(redacted).startswith("Subject: Telegram calls do not get through: ")


def test_the_stream_of_a_service_whose_answers_say_nothing_is_not_told_as_lost() -> None:
    text = letter(golden_reports()["dtls-signature"])
    assert "pace of a call, neutral servers: 780 sent, 780 answered (0 % lost)" in text
    assert "pace of a call, WhatsApp" not in text


def test_it_is_registered_as_letter() -> None:
    assert (REPORTER.name, REPORTER.suffix) == ("letter", ".txt")
