"""Judges kept runs again, with the checks' reading, the judge and the truth of today."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import msgspec

from callcheck.engine.events import JournalError
from callcheck.lab.score.announced import Function
from callcheck.lab.score.compare import Comparison, answers_to, compared, unanswered, void_reasons
from callcheck.lab.score.lines import Answer, Line, RunKey
from callcheck.lab.score.reading import Reading
from callcheck.lab.score.runs import Planned
from callcheck.lab.score.store import Store, read_journal
from callcheck.lab.wire.outcome import LabOutcome
from callcheck.model import Report

# A process of its own costs a second or two to start: fewer runs than this are judged sooner without.
_WORTH_A_POOL: Final = 8
# The lab of a valid run had no trouble, or it would not have been valid.
_NO_TROUBLE: Final = LabOutcome((), (), ())


class ReadAgain(Protocol):
    """From a journal to what it says today, as `journal_reading`. Raises JournalError for what is no finished run.
    It can be pickled: other processes call it."""

    def __call__(self, journal: bytes, *, ablate: bool) -> Reading: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A remembered valid run, its scenario as it is today, and where its journal lies."""

    line: Line
    run: Planned
    journal: Path


@dataclass(frozen=True, slots=True)
class Again:
    """`line` is of today, or as it was with `is_of_then`; `without` has the answers to the scenario's truths when the
    observations of one check are left out, by the check's name, and `report` is what was judged, without observations;
    both None where nothing was judged again."""

    line: Line
    without: Mapping[str, tuple[Answer, ...]] | None = field(default=None)
    report: Report | None = None


def kept_runs(runs: Iterable[Planned], lines: Mapping[RunKey, Line], store: Store) -> tuple[Kept, ...]:
    """Those of the runs that have a valid line: a void one has no journal."""
    return tuple(
        Kept(lines[run.key], run, store.journal_path(run.key))
        for run in runs
        if run.key in lines and lines[run.key].is_valid
    )


def judged_again(
    kept: Sequence[Kept], *, read: ReadAgain, ablate: bool, jobs: int, told: Callable[[int], None]
) -> Iterator[Again]:
    """Each of the runs, in their order; `jobs` processes work. `told` hears how many are done."""
    judge = partial(judge_again, read=read, ablate=ablate)
    for done, again in enumerate(_mapped(judge, kept, jobs), start=1):
        told(done)
        yield again


def judge_again(kept: Kept, *, read: ReadAgain, ablate: bool) -> Again:
    """One run. It keeps its answers where its journal is gone, or is not the one that it was made of."""
    then = Again(replace(kept.line, is_of_then=True))
    journal = read_journal(kept.journal)
    if journal is None:
        return then
    try:
        reading = read(journal, ablate=ablate)
    except Exception as error:
        # Whatever a reader or the judge stumbles over: nobody would have got a report.
        return Again(_unanswered(kept, error))
    if reading.report.run.duration_s != kept.line.seconds:
        # Another network of the same name was played since, and its journal lies where this one's lay.
        return then
    run = kept.run
    without = {
        name: answers_to(run.scenario, verdicts, run.key.depth) for name, verdicts in sorted(reading.without.items())
    }
    return Again(_line(kept, reading), without, msgspec.structs.replace(reading.report, observations=()))


def _line(kept: Kept, reading: Reading) -> Line:
    scenario, line = kept.run.scenario, kept.line
    found = compared(scenario, reading.report, line.key.depth, line.seconds)
    why_void = void_reasons(_NO_TROUBLE, reading.report, found, is_busy=scenario.topology.busy > 0)
    if why_void:
        return Line(line.key, scenario.family, "void", 0.0, voids=(*line.voids, "; ".join(why_void)))
    answers = tuple(_announced(answer, reading.announced_s) for answer in found.answers)
    return _with(kept, replace(found, answers=answers))


def _announced(answer: Answer, announced_s: Mapping[Function, float]) -> Answer:
    return replace(answer, announced_s=announced_s.get((answer.service, answer.function)))


def _unanswered(kept: Kept, error: Exception) -> Line:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    found = unanswered(kept.run.scenario, kept.line.key.depth, kept.line.seconds, f"no report ({reason})")
    # What was said when the run was made tells more: it quotes callcheck's last words.
    is_as_then = isinstance(error, JournalError) and not any(answer.said for answer in kept.line.answers)
    return _with(kept, replace(found, notes=kept.line.notes) if is_as_then and kept.line.notes else found)


def _with(kept: Kept, found: Comparison) -> Line:
    return replace(
        kept.line,
        family=kept.run.scenario.family,
        result=found.result,
        answers=found.answers,
        notes=found.notes,
        is_of_then=False,
    )


def _mapped(judge: Callable[[Kept], Again], kept: Sequence[Kept], jobs: int) -> Iterator[Again]:
    if jobs == 1 or len(kept) < _WORTH_A_POOL:
        yield from map(judge, kept)
        return
    # Spawned, as the process that asks may have threads, which a fork would leave behind half alive.
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(kept)), mp_context=spawn, initializer=_leave_ctrl_c)
    try:
        yield from pool.map(judge, kept)
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_ctrl_c() -> None:
    """Ctrl-C is for the score, which then asks for no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
