"""Judges each scored run by a calibration that never saw its family: the figures that may be published. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from callcheck.lab.score.calibrate import FOLDS, Case, case_of, fitted, fold_of
from callcheck.lab.score.compare import compared
from callcheck.lab.score.lines import Line, RunKey
from callcheck.lab.score.runs import Planned
from callcheck.model import Report
from callcheck.verdict.calibration import Calibration
from callcheck.verdict.judge import judge


@dataclass(frozen=True, slots=True)
class Scored:
    """A run that was judged: its line, its scenario, and the report with its evidence."""

    line: Line
    run: Planned
    report: Report


@dataclass(frozen=True, slots=True)
class Calibrated:
    """`calibration` is fitted on all runs; `lines` are judged by five others, each fitted on the families of the other
    folds alone."""

    calibration: Calibration
    lines: Mapping[RunKey, Line]


def calibrated(scored: Sequence[Scored], start: Calibration, made_from: str) -> Calibrated:
    """Valid runs only. `start` says what is stated and not fitted."""
    cases = [_cases(one) for one in scored]
    by_fold = [
        fitted(_of_others(scored, cases, fold), start, f"{made_from}, without fold {fold}") for fold in range(FOLDS)
    ]
    lines = {one.line.key: _judged(one, by_fold[fold_of(one.line.family)]) for one in scored}
    everything = [case for some in cases for case in some]
    return Calibrated(fitted(everything, start, made_from), lines)


def _cases(one: Scored) -> list[Case]:
    report = one.report
    found = (case_of(one.line.family, report.evidence, report.instrument, answer) for answer in one.line.answers)
    return [case for case in found if case is not None]


def _of_others(scored: Sequence[Scored], cases: Sequence[list[Case]], fold: int) -> list[Case]:
    return [case for one, some in zip(scored, cases, strict=True) if fold_of(one.line.family) != fold for case in some]


def _judged(one: Scored, calibration: Calibration) -> Line:
    report = one.report
    verdicts = judge(report.evidence, report.run.depth, report.instrument, calibration)
    again = compared(
        one.run.scenario, msgspec.structs.replace(report, verdicts=verdicts), one.line.key.depth, one.line.seconds
    )
    then = {(answer.service, answer.function): answer.announced_s for answer in one.line.answers}
    answers = tuple(
        replace(answer, announced_s=then.get((answer.service, answer.function))) for answer in again.answers
    )
    return replace(one.line, result=again.result, answers=answers, notes=again.notes)
