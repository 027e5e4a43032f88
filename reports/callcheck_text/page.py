"""The page for a chat: the richest of several plans that keeps within the limit, so that no sentence is ever cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from callcheck.digest import Digest, digest_of
from callcheck.locale import N_, plural, translator
from callcheck.model import Report, Verdict
from callcheck.report.printable import printable
from callcheck.verdict import explain
from callcheck_text.findings import (
    WORKS,
    Finding,
    ended,
    findings_of,
    gaps_of,
    in_short,
    listed,
    reasons_for,
    steps_for,
)
from callcheck_text.notices import tested

LIMIT: Final = 1200
"""Characters, the line end included."""

_ALIKE: Final = N_("The same goes for: {list}.")
_FOUND: Final = N_("How it was found: {reasons}")
_TO_DO: Final = N_("What you can do:")
_UNTOLD: Final = N_("What this test cannot say: {gaps}")
_NOTHING_BUT: Final = 4


@dataclass(frozen=True, slots=True)
class _Plan:
    """How much of each is told; `findings` with a sentence each, `briefly` with a few words each, the rest counted."""

    findings: int
    briefly: int
    reasons: int
    steps: int
    gaps: int
    works_in_full: bool
    doubts: bool


# From the richest down: what a reader misses least goes first.
_PLANS: Final = (
    _Plan(findings=9, briefly=9, reasons=3, steps=3, gaps=2, works_in_full=True, doubts=True),
    _Plan(findings=9, briefly=9, reasons=3, steps=3, gaps=1, works_in_full=True, doubts=True),
    _Plan(findings=9, briefly=9, reasons=3, steps=2, gaps=1, works_in_full=True, doubts=True),
    _Plan(findings=9, briefly=9, reasons=3, steps=2, gaps=1, works_in_full=False, doubts=True),
    _Plan(findings=9, briefly=9, reasons=2, steps=2, gaps=1, works_in_full=False, doubts=True),
    _Plan(findings=9, briefly=9, reasons=2, steps=2, gaps=0, works_in_full=False, doubts=True),
    _Plan(findings=2, briefly=9, reasons=2, steps=2, gaps=0, works_in_full=False, doubts=True),
    _Plan(findings=2, briefly=9, reasons=1, steps=2, gaps=0, works_in_full=False, doubts=False),
    _Plan(findings=1, briefly=6, reasons=1, steps=2, gaps=0, works_in_full=False, doubts=False),
    _Plan(findings=1, briefly=3, reasons=1, steps=1, gaps=0, works_in_full=False, doubts=False),
    _Plan(findings=1, briefly=1, reasons=0, steps=1, gaps=0, works_in_full=False, doubts=False),
)


def page(report: Report, language: str) -> str:
    """The page of a tamed report (`taming.tamed`), line end included."""
    digest = digest_of(report, language)
    findings = findings_of(report, language)
    text = ""
    for plan in _PLANS:
        text = "\n\n".join(_paragraphs(report, digest, findings, plan)) + "\n"
        if len(text) <= LIMIT:
            break
    return text


def _paragraphs(report: Report, digest: Digest, findings: Sequence[Finding], plan: _Plan) -> Iterator[str]:
    language = digest.language
    if digest.warnings:
        yield _lines(digest.warnings)
    yield from _answers(findings, plan, language) if findings else [_lines([digest.title])]
    if findings:
        yield from _reasons(reasons_for(report, findings[0].first, language)[: plan.reasons], language)
        yield _steps(steps_for(report, findings, language)[: plan.steps], language)
    if gaps := gaps_of(report, language)[: plan.gaps]:
        yield _lines([translator(language)(_UNTOLD).format(gaps=" ".join(gaps))])
    yield _lines([tested(digest, language)])


def _answers(findings: Sequence[Finding], plan: _Plan, language: str) -> Iterator[str]:
    """A paragraph for each thing that is wrong; then what else is, in a few words, what works, and what is open."""
    wrong = [one for one in findings if one.first.outcome in {"fails", "degraded"}]
    told = wrong[: plan.findings] or findings[:1]
    fine = [one for one in findings if one.first.outcome == "works" and one not in told]
    unclear = [one for one in findings if one.first.outcome == "unknown" and one not in told]
    for finding in told:
        yield _lines([_told(finding, language)])
    rest = [verdict for one in wrong[plan.findings :] for verdict in one.verdicts]
    lines = [
        *_few_words(rest, plan.briefly, language),
        *_working(fine, plan, language, is_doubted=plan.doubts and not wrong),
        *(_told(one, language) for one in unclear[: plan.briefly // 3]),
    ]
    if lines:
        yield _lines(lines)


def _told(finding: Finding, language: str) -> str:
    """`Telegram calls … . 97 % sure. The same goes for: WhatsApp (calls).`"""
    alike = [one for one in finding.alike if one.cause != "offline"]
    same = translator(language)(_ALIKE).format(list=listed(alike[:_NOTHING_BUT], language)) if alike else ""
    more = _more(len(alike) - _NOTHING_BUT, language)
    return " ".join(filter(None, (finding.in_full, same, more)))


def _few_words(verdicts: Sequence[Verdict], most: int, language: str) -> Iterator[str]:
    yield from (in_short(verdict, language) for verdict in verdicts[:most])
    yield from filter(None, [_more(len(verdicts) - most, language)])


def _working(fine: Sequence[Finding], plan: _Plan, language: str, *, is_doubted: bool) -> Iterator[str]:
    """Calls with their sentence, as it says what was seen of them; where trouble is possible all the same, that."""
    verdicts = [verdict for one in fine for verdict in one.verdicts]
    doubtful = [one for one in verdicts if is_doubted and explain.leading_text(one, language)]
    told = [one for one in fine if plan.works_in_full and one.first.function == "calls" and one.first not in doubtful]
    yield from (one.sentence for one in told)
    said = [*doubtful, *(verdict for one in told for verdict in one.verdicts)]
    others = [verdict for verdict in verdicts if verdict not in said]
    if others:
        yield translator(language)(WORKS).format(list=listed(others[: 2 * _NOTHING_BUT], language))
        yield from filter(None, [_more(len(others) - 2 * _NOTHING_BUT, language)])
    yield from (in_short(verdict, language) for verdict in doubtful[:_NOTHING_BUT])


def _steps(steps: Sequence[str], language: str) -> str:
    return _lines([translator(language)(_TO_DO), *(f"{number}. {step}" for number, step in enumerate(steps, 1))])


def _reasons(reasons: Sequence[str], language: str) -> Iterator[str]:
    if reasons:
        yield _lines([translator(language)(_FOUND).format(reasons=" ".join(map(ended, reasons)))])


def _more(count: int, language: str) -> str:
    if count <= 0:
        return ""
    n_ = plural(language)
    return n_("And {count} more answer.", "And {count} more answers.", count).format(count=count)


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(map(printable, lines))
