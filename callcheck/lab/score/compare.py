"""One report against the truth of its scenario (DESIGN 5.6). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from callcheck.flow.worker import STOOD_STILL
from callcheck.lab.scenario import Scenario
from callcheck.lab.score.lines import Answer, Said
from callcheck.lab.truth import Truth
from callcheck.lab.wire.outcome import LabOutcome
from callcheck.model import Report, Verdict
from callcheck.words import Depth

_ORDER: tuple[str, ...] = get_args(Depth)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Right if outcome and cause of every truth are met and nobody innocent is accused; `notes` say what is not."""

    result: Literal["right", "wrong"]
    seconds: float
    answers: tuple[Answer, ...]
    notes: tuple[str, ...]


def compared(scenario: Scenario, report: Report, depth: Depth, seconds: float) -> Comparison:
    """The report against the scenario's truths for this depth; `seconds` is handed through."""
    answers = answers_to(scenario, report.verdicts, depth)
    notes = tuple(note for answer in answers for note in _notes(answer))
    return Comparison("wrong" if notes else "right", seconds, answers, notes)


def unanswered(scenario: Scenario, depth: Depth, seconds: float, reason: str) -> Comparison:
    """The comparison for a callcheck that gave no report: every truth stands without a verdict."""
    return Comparison("wrong", seconds, answers_to(scenario, (), depth), (reason,))


def answers_to(scenario: Scenario, verdicts: Sequence[Verdict], depth: Depth) -> tuple[Answer, ...]:
    """The verdicts beside the scenario's truths of this depth: those that have a truth, then what was said besides."""
    return tuple(_answers(scenario.truths, verdicts, depth))


def void_reasons(lab: LabOutcome, report: Report, comparison: Comparison, *, is_busy: bool = False) -> tuple[str, ...]:
    """Why a run says nothing about callcheck: trouble of the lab, or a machine too busy for lab and callcheck both.

    A late callcheck has to abstain, so that a run in which it abstained and was late shows the machine; one in which it
    spoke up, rightly or wrongly, counts all the same. `is_busy` where the scenario itself keeps the machine busy, so
    that a late callcheck is what it wants to see.
    """
    stood_still = any(STOOD_STILL in problem for problem in report.problems)
    is_late = (report.instrument.valid is False or stood_still) and not is_busy
    abstained = comparison.result == "wrong" and all(one.standing != "wrong" for one in comparison.answers)
    return (*lab.void, *(("callcheck sent its packets late on this busy machine",) if is_late and abstained else ()))


def _answers(truths: Sequence[Truth], verdicts: Sequence[Verdict], depth: Depth) -> Iterator[Answer]:
    said = {(one.service, str(one.function)): _said(one) for one in verdicts}
    for truth in _truths_at(truths, depth):
        is_early = _ORDER.index(depth) < _ORDER.index(truth.depth)
        yield Answer(truth.service, truth.function, truth, is_early, said.pop((truth.service, truth.function), None))
    for (service, function), verdict in said.items():
        yield Answer(service, function, None, False, verdict)


def _said(verdict: Verdict) -> Said:
    return Said(verdict.outcome, verdict.cause, verdict.mechanism, verdict.where, verdict.confidence)


def _truths_at(truths: Sequence[Truth], depth: Depth) -> tuple[Truth, ...]:
    """For each function the truth of this depth: the deepest that is not deeper, else the shallowest there is."""
    chosen: dict[tuple[str, str], Truth] = {}
    for truth in sorted(truths, key=lambda one: _ORDER.index(one.depth)):
        known = chosen.get((truth.service, truth.function))
        if known is None or _ORDER.index(truth.depth) <= _ORDER.index(depth):
            chosen[(truth.service, truth.function)] = truth
    return tuple(chosen.values())


def _notes(answer: Answer) -> Iterator[str]:
    name = f"{answer.service} {answer.function}"
    if answer.truth is not None and answer.said is None:
        yield f"{name}: no verdict"
    for aspect, said, right in answer.misses():
        yield f"{name}: {aspect} {said}, the truth is {' or '.join(right)}"
    if answer.is_accused_falsely:
        yield f"{name}: accused falsely"
