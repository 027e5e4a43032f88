"""The answer: one sentence, then what it means for each service, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from callcheck.digest.focus import focus
from callcheck.model import Report, Verdict
from callcheck.ui.paint import Line, Tone, line, width_of
from callcheck.ui.views.look import Look, outcome_sign, wrapped
from callcheck.verdict import explain
from callcheck.words import Outcome

_TONES: Final[dict[Outcome, Tone]] = {"works": "good", "degraded": "doubt", "fails": "bad", "unknown": "doubt"}
_STRONG: Final[dict[Outcome, Tone]] = {
    "works": "good strong",
    "degraded": "doubt strong",
    "fails": "bad strong",
    "unknown": "doubt strong",
}
_SERVICE_COLUMNS: Final = 10


def headline_lines(report: Report, look: Look) -> list[Line]:
    """The sentence of the verdict that matters most, with how sure it is and how it is done."""
    verdict = focus(report.verdicts)
    if verdict is None:
        return wrapped(
            look.translate("No service was tested, so there is nothing to judge."), look, tone="doubt strong"
        )
    sentence = explain.headline(verdict, report.evidence, look.language)
    lines = wrapped(f"{outcome_sign(verdict.outcome, look)} {sentence}", look, rest="  ", tone=_STRONG[verdict.outcome])
    for extra in _asides(verdict, look):
        lines += wrapped(extra, look, first="  ", rest="  ", tone="dim")
    if not report.run.complete:
        text = look.translate("The run was stopped early: this is what was known until then.")
        lines += wrapped(text, look, first="  ", rest="  ", tone="doubt")
    return lines


def _asides(verdict: Verdict, look: Look) -> Iterable[str]:
    sureness = explain.sureness_text(verdict, look.language)
    mechanism = explain.mechanism_text(verdict.mechanism, look.language)
    how = (
        look.translate("How: {mechanism}.").format(mechanism=mechanism)
        if mechanism and verdict.cause == "selective"
        else ""
    )
    said = "  ".join(filter(None, (f"({sureness})" if sureness else "", how)))
    return [said] if said else []


def services_lines(report: Report, look: Look) -> list[Line]:
    """A line each service: messages, calls, and what singles the trouble out; by sign and word, never colour alone."""
    lines: list[Line] = []
    for service in dict.fromkeys(verdict.service for verdict in report.verdicts):
        of_service = [verdict for verdict in report.verdicts if verdict.service == service]
        pieces = [line((explain.service_name(service).ljust(_SERVICE_COLUMNS), "strong"))]
        pieces += [_function_piece(verdict, look) for verdict in of_service]
        one = tuple(piece for some in pieces for piece in some)
        causes = dict.fromkeys(
            explain.cause_name(verdict.cause, look.language)
            for verdict in of_service
            if verdict.cause not in {"none", "unknown"}
        )
        said = ", ".join(causes)
        if said and width_of(one) + len(said) <= look.columns:
            one = (*one, (said, "bad"))
        lines.append(one)
        if said and one[-1][0] != said:
            lines += wrapped(said, look, first=" " * _SERVICE_COLUMNS, rest=" " * _SERVICE_COLUMNS, tone="bad")
    return lines


def _function_piece(verdict: Verdict, look: Look) -> Line:
    what = explain.function_name(verdict.function, look.language)
    how = explain.outcome_name(verdict.outcome, look.language)
    return line(f"{what} ", (f"{outcome_sign(verdict.outcome, look)} {how}".ljust(16), _TONES[verdict.outcome]), "  ")


def sound_lines(report: Report, look: Look) -> list[Line]:
    """How calls would sound, in words; what was not measured of it is said by `gaps_lines`."""
    texts = filter(None, (explain.quality_text(quality, look.language) for quality in report.quality))
    return _bulleted(texts, look)


def reasons_lines(report: Report, verdict: Verdict, look: Look) -> tuple[list[Line], list[Line]]:
    """What speaks for the verdict, and what against."""
    said = [
        [explain.claim_text(report.evidence[position], look.language) for position in positions]
        for positions in (verdict.supporting, verdict.against)
    ]
    return _bulleted(said[0], look), _bulleted(said[1], look)


def change_lines(report: Report, look: Look) -> list[Line]:
    verdict = focus(report.verdicts)
    names = verdict.would_change if verdict else ()
    depth = report.run.depth
    return _bulleted(filter(None, (explain.would_change_text(name, look.language, depth) for name in names)), look)


def steps_lines(report: Report, look: Look) -> list[Line]:
    verdict = focus(report.verdicts)
    return _bulleted(explain.next_steps(verdict, look.language, report.run.depth) if verdict else (), look)


def gaps_lines(report: Report, look: Look) -> list[Line]:
    return _bulleted(explain.what_was_not_measured(report, look.language), look)


def others_lines(report: Report, look: Look) -> list[Line]:
    """The sentences of the other verdicts, those first that are not fine."""
    first = focus(report.verdicts)
    others = sorted((one for one in report.verdicts if one is not first), key=lambda one: one.outcome == "works")
    said = dict.fromkeys((explain.headline(one, report.evidence, look.language), one.outcome) for one in others)
    return [
        found
        for sentence, outcome in said
        for found in wrapped(f"{outcome_sign(outcome, look)} {sentence}", look, rest="  ", tone=_TONES[outcome])
    ]


def _bulleted(texts: Iterable[str], look: Look) -> list[Line]:
    lead = f"{look.glyphs.bullet} "
    found: Sequence[list[Line]] = [wrapped(text, look, first=lead, rest="  ") for text in dict.fromkeys(texts)]
    return [one for some in found for one in some]
