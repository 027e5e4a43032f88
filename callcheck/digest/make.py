"""Makes the digest of a report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from callcheck.digest.focus import by_weight, focus
from callcheck.digest.methods import methods_of
from callcheck.digest.model import Answer, Digest, Row
from callcheck.digest.way import way_of
from callcheck.locale import N_, translator
from callcheck.model import Report, Verdict
from callcheck.report.problems import ProblemWord, split_problem
from callcheck.verdict import explain
from callcheck.verdict.glossary import glossary
from callcheck.verdict.names import depth_name

_FULL: Final = N_("Full report: it holds addresses and exact times that tell who you are. Not for sharing.")
_CUT_SHORT: Final = N_("The run was stopped early: this is what was known until then.")
_UNFIT: Final = N_("This device could not keep time while the test ran, so nobody is accused of anything.")
_NOTHING: Final = N_("No service was tested, so there is nothing to judge.")
_PROBLEMS: Final[dict[ProblemWord, str]] = {
    "over_budget": N_("{check}: stopped, it was about to send more than it may"),
    "skipped": N_("{check}: left out, it could not have shown anything here"),
    "timed_out": N_("{check}: stopped, it took too long"),
    "crashed": N_("{check}: failed by an error of its own"),
    "interrupted": N_("{check}: interrupted"),
    "not_installed": N_("{check}: this check is not installed here, what it saw was not read"),
    "not_readable": N_("{check}: what it saw could not be read"),
}
_AT: Final = N_("{day} {minute} UTC")
_IN_THE_HOUR: Final = N_("{day}, in the hour from {minute} UTC")
_MINUTE: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z")


def digest_of(report: Report, language: str) -> Digest:
    """The report in `language`; what it says of identity is what the report holds (redact it before, to share it)."""
    first = focus(report.verdicts)
    answers = tuple(_answers(report, language))
    digest = Digest(
        language=language,
        is_full=not report.run.redacted,
        version=report.tool.version,
        started_utc=report.run.started_utc,
        depth=report.run.depth,
        seconds=round(report.run.duration_s),
        head=_head(report, language),
        title=explain.headline(first, report.evidence, language) if first else translator(language)(_NOTHING),
        warnings=tuple(_warnings(report, language)),
        rows=tuple(_row(verdict, language) for verdict in report.verdicts),
        answers=answers,
        ways=tuple(way_of(report, one, language) for one in report.verdicts if one.function == "calls"),
        sounds=tuple(filter(None, (explain.quality_text(quality, language) for quality in report.quality))),
        would_change=_would_change(report, language),
        steps=_steps(report, language),
        gaps=tuple(explain.what_was_not_measured(report, language)),
        problems=tuple(problem_text(line, language) for line in report.problems),
        methods=methods_of(report.evidence, language),
        glossary=(),
    )
    return msgspec.structs.replace(digest, glossary=tuple(glossary(_texts(digest), language)))


def _texts(digest: Digest) -> Iterator[str]:
    """Every sentence of the page, for the terms in it."""
    yield digest.title
    for answer in digest.answers:
        yield from (answer.sentence, answer.how, *answer.supporting, *answer.against)
    for some in (digest.sounds, digest.would_change, digest.steps, digest.gaps):
        yield from some


def moment_text(started_utc: str, language: str, *, is_hour_only: bool) -> str:
    """`2026-11-22 11:32 UTC` of an ISO 8601 moment; a moment that was cut to its hour is said to be one."""
    _ = translator(language)
    found = _MINUTE.fullmatch(started_utc)
    if found is None:
        return _("time not known")
    day, minute = found.groups()
    return (_(_IN_THE_HOUR) if is_hour_only else _(_AT)).format(day=day, minute=minute)


def problem_text(line: str, language: str) -> str:
    """A saved problem in `language`; what is no line of ours stands as it is, and so does the note of a plugin."""
    split = split_problem(line)
    if split is None:
        return line
    check, word, note = split
    said = translator(language)(_PROBLEMS[word]).format(check=check)
    return f"{said} ({note})" if note else said


def _head(report: Report, language: str) -> str:
    _ = translator(language)
    return _("callcheck {version}; {started}; {depth}, {seconds} s").format(
        version=report.tool.version,
        started=moment_text(report.run.started_utc, language, is_hour_only=report.run.redacted),
        depth=depth_name(report.run.depth, language),
        seconds=round(report.run.duration_s),
    )


def _warnings(report: Report, language: str) -> Iterator[str]:
    _ = translator(language)
    if not report.run.redacted:
        yield _(_FULL)
    if not report.run.complete:
        yield _(_CUT_SHORT)
    if report.instrument.valid is False:
        yield _(_UNFIT)


def _row(verdict: Verdict, language: str) -> Row:
    return Row(
        verdict.service,
        verdict.function,
        verdict.outcome,
        explain.service_name(verdict.service) if verdict.service else "",
        explain.function_name(verdict.function, language),
        explain.outcome_name(verdict.outcome, language),
        "" if verdict.cause in {"none", "unknown"} else explain.cause_name(verdict.cause, language),
    )


def _answers(report: Report, language: str) -> Iterator[Answer]:
    """Every sentence once, with what speaks for and against it."""
    alike: dict[str, list[Verdict]] = {}
    for verdict in by_weight(report.verdicts):
        alike.setdefault(explain.headline(verdict, report.evidence, language), []).append(verdict)
    for sentence, verdicts in alike.items():
        yield _answer(report, sentence, verdicts, language)


def _answer(report: Report, sentence: str, verdicts: Sequence[Verdict], language: str) -> Answer:
    surest = max(verdicts, key=lambda verdict: verdict.confidence)
    mechanism = explain.mechanism_text(surest.mechanism, language)
    how = translator(language)("How: {mechanism}.").format(mechanism=mechanism)
    return Answer(
        surest.service,
        surest.function,
        surest.outcome,
        surest.cause,
        sentence,
        explain.sureness_text(surest, language),
        how if mechanism and surest.cause == "selective" else "",
        _claims(report, (position for one in verdicts for position in one.supporting), language),
        _claims(report, (position for one in verdicts for position in one.against), language),
    )


def _claims(report: Report, positions: Iterable[int], language: str) -> tuple[str, ...]:
    said = (explain.claim_text(report.evidence[position], language) for position in dict.fromkeys(positions))
    return tuple(dict.fromkeys(said))


def _would_change(report: Report, language: str) -> tuple[str, ...]:
    names = [name for verdict in by_weight(report.verdicts) for name in verdict.would_change]
    return tuple(
        dict.fromkeys(filter(None, (explain.would_change_text(name, language, report.run.depth) for name in names)))
    )


def _steps(report: Report, language: str) -> tuple[str, ...]:
    """Steps for what does not work; where all works, what to do if it should not."""
    ailing = [verdict for verdict in by_weight(report.verdicts) if verdict.outcome != "works"]
    chosen = ailing or report.verdicts
    depth = report.run.depth
    return tuple(dict.fromkeys(step for one in chosen for step in explain.next_steps(one, language, depth)))
