"""The answer in 280 characters: whole sentences where they fit, a few words for each service where they do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from callcheck.digest import Digest, digest_of
from callcheck.locale import N_, translator
from callcheck.model import Report
from callcheck.report.printable import printable
from callcheck.verdict import explain
from callcheck_text.findings import WORKS, Finding, findings_of, in_short, listed, steps_for
from callcheck_text.notices import tested_on, warnings_in_short

LIMIT: Final = 280
"""Characters, the line end included."""

_ALIKE: Final = N_("The same: {list}.")
_UNCLEAR: Final = N_("Not clear: {list}.")


def brief(report: Report, language: str) -> str:
    """The short text of a tamed report (`taming.tamed`), line end included."""
    digest = digest_of(report, language)
    warnings = " ".join(warnings_in_short(report, language))
    findings = findings_of(report, language)
    room = LIMIT - 1 - (len(warnings) + 1 if warnings else 0)
    said = _richest(report, digest, findings, room)
    return "\n".join(filter(None, (printable(warnings), said))) + "\n"


def _richest(report: Report, digest: Digest, findings: Sequence[Finding], room: int) -> str:
    """The first core that leaves room for a step, with whatever else still fits; the shortest core where none does."""
    language = digest.language
    if not findings:
        return _joined([digest.title, tested_on(report, language)], room)
    steps = steps_for(report, findings, language)
    cores = [printable(core) for core in _cores(findings, language)]
    for core in cores:
        step = next((one for one in map(printable, steps) if len(core) + 1 + len(one) <= room), None)
        if step is not None:
            extras = [*_extras(findings, language), tested_on(report, language)]
            with_more = [core, *_fitting(extras, room - len(core) - 1 - len(step)), step]
            return " ".join(with_more)
    return next((core for core in cores if len(core) <= room), cores[-1])


def _cores(findings: Sequence[Finding], language: str) -> Iterator[str]:
    """What must be said, in ever fewer words: of everything that does not work, and how sure that is."""
    first, ailing = findings[0], [one for one in findings if one.first.outcome in {"fails", "degraded"}]
    rest = [one for one in ailing if one is not first]
    head = " ".join(filter(None, (first.in_full, _alike(first, language))))
    if len(rest) <= 1:
        yield " ".join([head, *(one.in_full for one in rest)])
    in_words = [_few_words(one, language) for one in rest]
    yield " ".join([head, *in_words])
    yield " ".join([_few_words(first, language), *in_words])
    yield " ".join(in_short(one.first, language, is_sure=one is first) for one in ailing[:2] or [first])
    yield in_short(first.first, language)
    yield in_short(first.first, language, is_sure=False)


def _few_words(finding: Finding, language: str) -> str:
    return " ".join(filter(None, (in_short(finding.first, language), _alike(finding, language))))


def _alike(finding: Finding, language: str) -> str:
    alike = [one for one in finding.alike if one.cause != "offline"]
    return translator(language)(_ALIKE).format(list=listed(alike, language)) if alike else ""


def _extras(findings: Sequence[Finding], language: str) -> Iterator[str]:
    """What works, what is not clear, and of what works where trouble is possible all the same."""
    _ = translator(language)
    others = [verdict for one in findings for verdict in one.verdicts if verdict not in findings[0].verdicts]
    for text, outcome in ((WORKS, "works"), (_UNCLEAR, "unknown")):
        if verdicts := [verdict for verdict in others if verdict.outcome == outcome]:
            yield printable(_(text).format(list=listed(verdicts, language)))
    for verdict in others:
        if verdict.outcome == "works" and explain.leading_text(verdict, language):
            yield printable(in_short(verdict, language))


def _fitting(texts: Iterator[str] | Sequence[str], room: int) -> list[str]:
    """Of the texts, those that fit one after another, each with a space before it."""
    chosen: list[str] = []
    for text in filter(None, texts):
        if len(text) + 1 <= room:
            chosen.append(text)
            room -= len(text) + 1
    return chosen


def _joined(texts: Sequence[str], room: int) -> str:
    return " ".join(_fitting(texts, room + 1))
