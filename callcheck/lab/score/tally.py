"""What all runs together show: how often right, how often unsure, whom it accused, and within which bounds. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import get_args

from callcheck.lab.score.ablation import Ablation, Without, ablations
from callcheck.lab.score.lines import Line
from callcheck.lab.score.matrix import CauseQuality, Matrix, cause_quality, due, matrices
from callcheck.lab.score.reliability import Reliability, reliability
from callcheck.lab.score.shares import (
    Announced,
    Decidable,
    Detection,
    Innocents,
    Located,
    announcements,
    decidable,
    detections,
    innocents,
    located,
    nearest_rank,
)
from callcheck.stats.intervals import exact_upper
from callcheck.words import Depth


@dataclass(frozen=True, slots=True)
class FalseAccusations:
    """Runs in which an innocent function was called selectively hindered, of the valid runs that hold one with a
    verdict; `upper_95` is the one-sided 95 % Clopper-Pearson bound of that rate, as if runs were independent."""

    runs: int
    of: int
    upper_95: float


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """`right`, `abstained` and `wrong` are the valid runs; the other `runs` stayed void or failed. `void_goes` counts
    every time that a run was played in vain, those that a later go made good included."""

    family: str
    scenarios: int
    runs: int
    right: int
    abstained: int
    wrong: int
    false_accusations: FalseAccusations
    stayed_void: int
    failed: int
    void_goes: int


@dataclass(frozen=True, slots=True)
class SecondsToVerdict:
    """Over valid runs. p95 is by nearest rank."""

    median: float
    p95: float
    max: float


@dataclass(frozen=True, slots=True)
class Tally:
    """`total` is the row of all families together. `worst_family` has the highest rate of false accusations, and the
    highest bound among equals; None where no run could accuse. `void_reasons` counts goes. `judged_then` are valid runs
    that were remembered and could not be judged again."""

    judged_then: int
    versions: tuple[str, ...]
    depths: tuple[str, ...]
    servers: tuple[str, ...]
    total: FamilyRow
    families: tuple[FamilyRow, ...]
    worst_family: FamilyRow | None
    innocents: tuple[Innocents, ...]
    decidable: Decidable
    detections: tuple[Detection, ...]
    located: Located
    matrices: tuple[Matrix, ...]
    causes: tuple[CauseQuality, ...]
    reliability: Reliability
    seconds_to_verdict: SecondsToVerdict | None
    announcements: tuple[Announced, ...]
    ablations: tuple[Ablation, ...]
    void_reasons: Mapping[str, int]
    lines: tuple[Line, ...]


def tallies_by_depth(lines: Iterable[Line], without: Without | None = None) -> tuple[Tally, ...]:
    """A tally for each depth that occurs, shallow first."""
    taken = tuple(lines)
    return tuple(
        tally(of_depth, without)
        for depth in get_args(Depth)
        if (of_depth := [line for line in taken if line.key.depth == depth])
    )


def tally(lines: Iterable[Line], without: Without | None = None) -> Tally:
    """What these runs show; what may be told differs by depth. `without` has what each run says without each check."""
    taken = tuple(lines)
    valid = [line for line in taken if line.is_valid]
    answers = [answer for line in valid for answer in line.answers]
    counted = due(answers)
    names = sorted({line.family for line in taken})
    families = tuple(_row(name, [line for line in taken if line.family == name]) for name in names)
    return Tally(
        judged_then=sum(line.is_of_then for line in valid),
        versions=tuple(sorted({line.key.version for line in taken})),
        depths=tuple(depth for depth in get_args(Depth) if any(line.key.depth == depth for line in taken)),
        servers=tuple(sorted({line.key.servers for line in taken})),
        total=_row("all", taken),
        families=families,
        worst_family=_worst(families),
        innocents=innocents(valid),
        decidable=decidable(answers),
        detections=detections(answers),
        located=located(answers),
        matrices=matrices(counted),
        causes=cause_quality(counted),
        reliability=reliability(answers),
        seconds_to_verdict=_seconds([line.seconds for line in valid]),
        announcements=announcements(valid),
        ablations=ablations(valid, without or {}),
        void_reasons=dict(Counter(reason for line in taken for reason in line.voids).most_common()),
        lines=taken,
    )


def _row(family: str, lines: Sequence[Line]) -> FamilyRow:
    standings = Counter(line.standing for line in lines if line.is_valid)
    return FamilyRow(
        family=family,
        scenarios=len({line.key.scenario for line in lines}),
        runs=len(lines),
        right=standings["right"],
        abstained=standings["abstained"],
        wrong=standings["wrong"],
        false_accusations=_false_accusations(lines),
        stayed_void=sum(line.result == "void" for line in lines),
        failed=sum(line.result == "failed" for line in lines),
        void_goes=sum(len(line.voids) for line in lines),
    )


def _false_accusations(lines: Iterable[Line]) -> FalseAccusations:
    asked = [line for line in lines if line.is_valid and line.could_accuse_falsely]
    runs = sum(line.accuses_falsely for line in asked)
    return FalseAccusations(runs, len(asked), exact_upper(runs, len(asked)))


def _worst(families: Iterable[FamilyRow]) -> FamilyRow | None:
    asked = [row for row in families if row.false_accusations.of]
    return max(
        asked,
        key=lambda row: (row.false_accusations.runs / row.false_accusations.of, row.false_accusations.upper_95),
        default=None,
    )


def _seconds(seconds: Sequence[float]) -> SecondsToVerdict | None:
    return SecondsToVerdict(median(seconds), nearest_rank(seconds, 0.95), max(seconds)) if seconds else None
