"""Which word was said for which truth: confusion matrices, and how well each cause is found. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from callcheck import words
from callcheck.lab.score.lines import Answer, Said
from callcheck.lab.truth import Truth

NO_VERDICT: Final = "no verdict"


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """Truths whose first word is `truth`, counted by the word that was `said`; `right` of them met the truth, whose
    other words are right too."""

    truth: str
    said: Mapping[str, int]
    right: int

    @property
    def of(self) -> int:
        return sum(self.said.values())


@dataclass(frozen=True, slots=True)
class Matrix:
    """The words that occur, in the order of the closed list; `said` are the columns."""

    aspect: str
    said: tuple[str, ...]
    rows: tuple[MatrixRow, ...]

    @property
    def right(self) -> int:
        return sum(row.right for row in self.rows)

    @property
    def of(self) -> int:
        return sum(row.of for row in self.rows)


@dataclass(frozen=True, slots=True)
class CauseQuality:
    """Recall is `found` of `truths` that have this cause first; precision is `rightly_said` of the times it was
    `said` where there is a truth."""

    cause: str
    truths: int
    found: int
    said: int
    rightly_said: int


def due(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """The answers that matrices count: all with a truth, but for an "unknown" that is right as it came early."""
    return tuple(
        one
        for one in answers
        if one.truth is not None and not (one.is_early and one.said is not None and one.said.cause == "unknown")
    )


def matrices(answers: Sequence[Answer]) -> tuple[Matrix, ...]:
    """For outcome and cause, and for mechanism and where over the truths that name them. `answers` are due."""
    return (
        _matrix("outcome", answers, get_args(words.Outcome), lambda truth: truth.outcome, lambda said: said.outcome),
        _matrix("cause", answers, get_args(words.Cause), lambda truth: truth.cause, lambda said: said.cause),
        _matrix(
            "mechanism", answers, get_args(words.Mechanism), lambda truth: truth.mechanism, lambda said: said.mechanism
        ),
        _matrix("where", answers, get_args(words.Where), lambda truth: truth.where, lambda said: said.where),
    )


def _matrix(
    aspect: str,
    answers: Iterable[Answer],
    order: tuple[str, ...],
    wanted: Callable[[Truth], tuple[str, ...]],
    given: Callable[[Said], str],
) -> Matrix:
    counts: dict[str, Counter[str]] = {}
    right: Counter[str] = Counter()
    for answer in answers:
        named = wanted(answer.truth) if answer.truth is not None else ()
        if named:
            word = given(answer.said) if answer.said is not None else NO_VERDICT
            counts.setdefault(named[0], Counter())[word] += 1
            right[named[0]] += word in named
    columns = [word for word in (*order, NO_VERDICT) if any(word in row for row in counts.values())]
    rows = [
        MatrixRow(truth, {word: counts[truth][word] for word in columns}, right[truth])
        for truth in order
        if truth in counts
    ]
    return Matrix(aspect, tuple(columns), tuple(rows))


def cause_quality(answers: Sequence[Answer]) -> tuple[CauseQuality, ...]:
    """A row for each cause that is a truth's first or was said. `answers` are due."""
    truths, found, said, rightly = (Counter[str]() for _ in range(4))
    for answer in answers:
        if answer.truth is None:
            continue
        cause = answer.said.cause if answer.said is not None else ""
        is_right = cause in answer.truth.cause
        truths[answer.truth.cause[0]] += 1
        found[answer.truth.cause[0]] += is_right
        said[cause] += 1
        rightly[cause] += is_right
    return tuple(
        CauseQuality(cause, truths[cause], found[cause], said[cause], rightly[cause])
        for cause in get_args(words.Cause)
        if truths[cause] or said[cause]
    )
