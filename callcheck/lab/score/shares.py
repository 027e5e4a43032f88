"""Single figures that a score is measured by: what is detected, decided, located, left alone, and how soon. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, get_args

from callcheck import words
from callcheck.lab.score.lines import Answer, Line
from callcheck.stats.intervals import exact_upper

NOT_NAMED: Final = "not named"
# A gross block is announced within so many seconds at every depth (DESIGN 2).
SOON_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Count:
    """So many of so many."""

    hits: int
    of: int


@dataclass(frozen=True, slots=True)
class Detection:
    """Of the answers that are due and whose truth is `selective` alone, with this first mechanism: so many were said
    to be selective."""

    mechanism: str
    found: Count


@dataclass(frozen=True, slots=True)
class Decidable:
    """Of the answers that are due and whose truth names no "unknown": the cause was right, or it was "unknown". What is
    left is wrong, or has no verdict, which is a fault and no abstention."""

    of: int
    right: int
    abstained: int


@dataclass(frozen=True, slots=True)
class Located:
    """Of the answers that are due and whose truth says where: so many said the right stretch or none, so many said any
    stretch at all, and so many the right one."""

    of: int
    right_or_unknown: int
    known: int
    right: int


@dataclass(frozen=True, slots=True)
class Innocents:
    """Of this depth: valid runs in which nothing is selective and something was said, and how many of them accuse
    somebody; `upper_95` is the one-sided 95 % Clopper-Pearson bound of that rate. `partly` counts all runs with
    somebody innocent, those with a guilty function beside included."""

    depth: str
    runs: Count
    upper_95: float
    partly: Count


@dataclass(frozen=True, slots=True)
class Announced:
    """Run time in seconds until the verdict stood, at this depth; p95 is by nearest rank. `what`: "blocks" are answers
    whose truth is selective and fails and that were right to say so, "decided" all that name a cause."""

    depth: str
    what: str
    count: int
    median_s: float
    p95_s: float
    soon: int


def detections(answers: Iterable[Answer]) -> tuple[Detection, ...]:
    """A row for each first mechanism, in the order of the closed list; truths without one come last."""
    found: dict[str, list[bool]] = {}
    for answer in answers:
        if answer.truth is not None and not answer.is_early and answer.truth.cause == ("selective",):
            mechanism = answer.truth.mechanism[0] if answer.truth.mechanism else NOT_NAMED
            found.setdefault(mechanism, []).append(answer.said is not None and answer.said.cause == "selective")
    order = (*get_args(words.Mechanism), NOT_NAMED)
    return tuple(Detection(name, Count(sum(found[name]), len(found[name]))) for name in order if name in found)


def decidable(answers: Iterable[Answer]) -> Decidable:
    asked = [
        (answer.truth.cause, "" if answer.said is None else answer.said.cause)
        for answer in answers
        if answer.truth is not None and not answer.is_early and "unknown" not in answer.truth.cause
    ]
    return Decidable(
        len(asked), sum(said in truth for truth, said in asked), sum(said == "unknown" for _, said in asked)
    )


def located(answers: Iterable[Answer]) -> Located:
    asked = [
        (answer.truth.where, "" if answer.said is None else answer.said.where)
        for answer in answers
        if answer.truth is not None and not answer.is_early and answer.truth.where
    ]
    return Located(
        of=len(asked),
        right_or_unknown=sum(said == "unknown" or said in truth for truth, said in asked),
        known=sum(said not in ("", "unknown") for _, said in asked),
        right=sum(said != "unknown" and said in truth for truth, said in asked),
    )


def innocents(lines: Sequence[Line]) -> tuple[Innocents, ...]:
    """A row for each depth that has a valid run."""
    return tuple(
        _innocents(depth, of_depth)
        for depth in get_args(words.Depth)
        if (of_depth := [line for line in lines if line.is_valid and line.key.depth == depth])
    )


def _innocents(depth: str, lines: Iterable[Line]) -> Innocents:
    partly = [line for line in lines if line.could_accuse_falsely]
    runs = _accusing([line for line in partly if line.is_innocent])
    return Innocents(depth, runs, exact_upper(runs.hits, runs.of), _accusing(partly))


def _accusing(lines: Sequence[Line]) -> Count:
    return Count(sum(line.accuses_falsely for line in lines), len(lines))


def announcements(lines: Iterable[Line]) -> tuple[Announced, ...]:
    """Rows for blocks and for all decided answers of each depth, where there are any."""
    told: dict[tuple[str, str], list[float]] = {}
    for line in lines:
        for answer in line.answers if line.is_valid else ():
            if answer.announced_s is not None:
                told.setdefault((line.key.depth, "decided"), []).append(answer.announced_s)
                if _is_block(answer):
                    told.setdefault((line.key.depth, "blocks"), []).append(answer.announced_s)
    return tuple(
        _announced(depth, what, told[depth, what])
        for depth in get_args(words.Depth)
        for what in ("blocks", "decided")
        if (depth, what) in told
    )


def _announced(depth: str, what: str, times_s: Sequence[float]) -> Announced:
    soon = sum(at_s <= SOON_S for at_s in times_s)
    return Announced(depth, what, len(times_s), median(times_s), nearest_rank(times_s, 0.95), soon)


def _is_block(answer: Answer) -> bool:
    """A block that was rightly said to be one."""
    truth, said = answer.truth, answer.said
    if truth is None or said is None or answer.standing != "right":
        return False
    is_true = "selective" in truth.cause and "fails" in truth.outcome
    return is_true and said.cause == "selective" and said.outcome == "fails"


def nearest_rank(values: Iterable[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed. Raises IndexError where there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
