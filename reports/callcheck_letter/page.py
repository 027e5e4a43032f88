"""How the letter is laid out, and the note that stands in its place where there is nothing to complain of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from callcheck.digest import Digest, digest_of, moment_text
from callcheck.locale import N_, translator
from callcheck.model import Report, Verdict
from callcheck.redaction.allowlist import version
from callcheck.redaction.redact import redact
from callcheck.report.printable import printable
from callcheck.verdict import explain
from callcheck.verdict.names import depth_name
from callcheck.words import Cause, Function, Outcome, Where
from callcheck_letter import asks, facts
from callcheck_letter.places import Place, listed, lossy_servers, lost_names, neutral_servers, silent_servers

_MOST_SERVERS: Final = 8
_MOST_NEUTRAL: Final = 4
_HOUR: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d):\d\d:\d\d(?:\.\d+)?Z")
# Of the causes in `asks.ASKS`, those whose servers are worth a list.
_OF_SERVERS: Final[frozenset[Cause]] = frozenset({"selective", "udp_blocked"})
_SUBJECT: Final = N_("Subject: {what}: please check the line, contract [contract number]")
_AMONG_OTHERS: Final = N_("{what}, among others")
_SENDER: Final = N_("[your name], contract [contract number], [address of the line]")
_GREETING: Final = N_("Dear support team,")
_INTRODUCTION: Final = N_(
    "On this line I tested calls with callcheck{version}, a free program that sends packets to the call servers of a"
    " service and, in the same moments, like packets to neutral servers, and compares the two. Begun: {started};"
    " {depth}, {seconds} s. All times are UTC."
)
_FOUND: Final = N_("What was measured:")
_SERVERS: Final = N_("Servers of {service} concerned (their addresses are public):")
_NEUTRAL: Final = N_("Neutral servers that answered during the same test:")
_NAMES: Final = N_("Names of {service} for which no address was given:")
_RULED_OUT: Final = N_("What was ruled out:")
_ASKED: Final = N_("What I ask for:")
_ATTACHED: Final = N_("I can send the full measurements on request.")
_CLOSING: Final = N_("With kind regards,")
_SIGNED: Final = N_("[your name], [how to reach you]")
_NO_GROUND: Final = N_("This run gives no ground for a complaint to the provider: {why}.")
_NO_LETTER: Final = N_("So here is no letter, but what the run found:")
_TESTED: Final = N_("Tested with callcheck ({depth}): {started}.")
_TO_DO: Final = N_("What you can do:")
_WHY_NOT: Final[dict[Cause, str]] = {
    "none": N_("nothing was found that is wrong"),
    "device": N_("the trouble lies with this device"),
    "service_outage": N_("the trouble seems to be at the service itself"),
}
_UNSETTLED: Final = N_("the measurements do not settle what the trouble is")
_WHAT: Final[dict[tuple[Function, Outcome], str]] = {
    ("calls", "fails"): N_("{service} calls do not get through"),
    ("calls", "degraded"): N_("{service} calls work badly"),
    ("messaging", "fails"): N_("{service} messages do not get through"),
    ("messaging", "degraded"): N_("{service} messages get through badly"),
    ("", "fails"): N_("the connection does not work"),
    ("", "degraded"): N_("the connection works badly"),
}


def page(report: Report, language: str) -> str:
    """The letter, or the note that there is no ground for one; line end included."""
    digest = digest_of(report, language)
    grounds = [one for one in _by_weight(report.verdicts) if _is_ground(one)]
    blocks = _letter(report, digest, grounds) if grounds else _note(report, digest)
    above = [digest.warnings] if digest.warnings else []
    return "\n\n".join("\n".join(map(printable, block)) for block in [*above, *blocks] if block) + "\n"


def _is_ground(verdict: Verdict) -> bool:
    return verdict.cause in asks.ASKS and (verdict.function, verdict.outcome) in _WHAT


def _by_weight(verdicts: Iterable[Verdict]) -> list[Verdict]:
    return sorted(verdicts, key=lambda one: (one.function != "calls", -one.confidence))


def _letter(report: Report, digest: Digest, grounds: Sequence[Verdict]) -> Iterator[Sequence[str]]:
    language = digest.language
    _ = translator(language)
    what = _what(grounds[0], language)
    services = list(dict.fromkeys(verdict.service for verdict in grounds))
    yield [_(_SUBJECT).format(what=what if len(grounds) == 1 else _(_AMONG_OTHERS).format(what=what))]
    yield [_(_SENDER)]
    yield [_(_GREETING)]
    yield [_introduction(digest)]
    told = [*_readings(grounds, language), *facts.found(report, services, language)]
    told += [_(asks.SEEN[where]) for where in dict.fromkeys(_wheres(grounds))]
    yield [_(_FOUND), *_numbered(told)]
    # Redacted once more, so that no server is named but those of callcheck's own list, whoever wrote the report.
    public = redact(report)
    for service in services:
        yield from _servers(public, [one for one in grounds if one.service == service], language)
    if any(verdict.cause in _OF_SERVERS for verdict in grounds):
        yield from _list(_(_NEUTRAL), listed(neutral_servers(public), _MOST_NEUTRAL, language))
    yield from _list(_(_RULED_OUT), facts.ruled_out(report, language))
    if all(verdict.cause == "local_link" for verdict in grounds):
        yield [_(asks.HOME_SIDE)]
    yield [_(_ASKED), *_numbered(_asked(grounds, language))]
    yield [_(_ATTACHED)]
    yield [_(_CLOSING), _(_SIGNED)]


def _introduction(digest: Digest) -> str:
    _ = translator(digest.language)
    # The hour is enough to look into a counter, and tells no more of the person than the redacted report does.
    found = _HOUR.fullmatch(digest.started_utc)
    hour = f"{found[1]}:00:00Z" if found else ""
    number = version(digest.version)
    return _(_INTRODUCTION).format(
        version=f" {number}" if number else "",
        started=moment_text(hour, digest.language, is_hour_only=True),
        depth=depth_name(digest.depth, digest.language),
        seconds=digest.seconds,
    )


def _what(verdict: Verdict, language: str) -> str:
    what = translator(language)(_WHAT[verdict.function, verdict.outcome])
    return what.format(service=explain.service_name(verdict.service))


def _readings(grounds: Sequence[Verdict], language: str) -> Iterator[str]:
    """What does not work, and what the test makes of it: a sentence for each cause, as sure as the least sure of it."""
    _ = translator(language)
    for cause in dict.fromkeys(verdict.cause for verdict in grounds):
        alike = [verdict for verdict in grounds if verdict.cause == cause]
        whats = [f"{what[:1].upper()}{what[1:]}." for what in (_what(verdict, language) for verdict in alike)]
        reading = _(asks.READING_SELECTIVE if cause == "selective" else asks.READING).format(
            cause=explain.cause_name(cause, language),
            percent=min(explain.percent(verdict.confidence) for verdict in alike),
        )
        yield " ".join(dict.fromkeys([*whats, reading]))


def _wheres(grounds: Sequence[Verdict]) -> Iterator[Where]:
    """Where it was seen to happen, of causes that happen to packets on their way."""
    yield from (one.where for one in grounds if one.cause == "selective")


def _servers(report: Report, grounds: Sequence[Verdict], language: str) -> Iterator[Sequence[str]]:
    """The addresses and ports that the letter is about, and names that lead nowhere."""
    _ = translator(language)
    service = grounds[0].service
    name = explain.service_name(service)
    calls = [one for one in grounds if one.function == "calls" and one.cause in _OF_SERVERS]
    if calls:
        concerned = _concerned(report, service)
        yield from _list(_(_SERVERS).format(service=name), listed(concerned, _MOST_SERVERS, language))
    if any(one.cause == "resolver" or one.mechanism == "dns" for one in grounds):
        yield from _list(_(_NAMES).format(service=name), lost_names(report, service)[:_MOST_SERVERS])


def _concerned(report: Report, service: str) -> list[Place]:
    """Servers that stayed silent; else those silent to one form; else those whose flows lost packets."""
    forms = (
        form
        for item in report.evidence
        if item.service == service and isinstance(form := item.facts.get("silent_form"), str)
    )
    return (
        silent_servers(report, service, "")
        or next(filter(None, (silent_servers(report, service, form) for form in forms)), [])
        or lossy_servers(report, service)
    )


def _asked(grounds: Sequence[Verdict], language: str) -> list[str]:
    _ = translator(language)
    texts = [text for verdict in grounds for text in asks.ASKS[verdict.cause]]
    texts += [
        asks.ASKS_BY_MECHANISM[verdict.mechanism]
        for verdict in grounds
        if verdict.cause == "selective" and verdict.mechanism in asks.ASKS_BY_MECHANISM
    ]
    return [_(text) for text in dict.fromkeys([*texts, asks.TICKET])]


def _note(report: Report, digest: Digest) -> Iterator[Sequence[str]]:
    language = digest.language
    _ = translator(language)
    why = _why_not(_by_weight(report.verdicts))
    yield [_(_NO_GROUND).format(why=_(why))]
    yield [_(_NO_LETTER), *_bullets(dict.fromkeys([digest.title, *(answer.sentence for answer in digest.answers)]))]
    yield from _list(_(_TO_DO), digest.steps[:3])
    started = moment_text(digest.started_utc, language, is_hour_only=not digest.is_full)
    yield [_(_TESTED).format(depth=depth_name(digest.depth, language), started=started)]


def _why_not(verdicts: Sequence[Verdict]) -> str:
    """Calls come first: where they work, it does not matter here that something else was not tested."""
    ailing = [one for one in verdicts if one.outcome in {"fails", "degraded"}]
    if ailing:
        return next((_WHY_NOT[one.cause] for one in ailing if one.cause in _WHY_NOT), _UNSETTLED)
    calls = [one for one in verdicts if one.function == "calls"] or verdicts
    return _WHY_NOT["none"] if calls and all(one.outcome == "works" for one in calls) else _UNSETTLED


def _list(title: str, texts: Sequence[str]) -> Iterator[Sequence[str]]:
    if texts:
        yield [title, *_bullets(texts)]


def _bullets(texts: Iterable[str]) -> list[str]:
    return [f"- {text}" for text in texts]


def _numbered(texts: Iterable[str]) -> list[str]:
    return [f"{number}. {text}" for number, text in enumerate(texts, 1)]
