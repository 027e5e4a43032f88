"""What each check is worth: the same runs judged without its observations. Pure.

What other checks ask for because of a check (`needs`) and the time it takes stay as they were in the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from callcheck.lab.score.lines import Answer, Line, RunKey, Said

Without = Mapping[RunKey, Mapping[str, Sequence[Answer]]]
"""For each run that was judged again, the answers without each check that observed something in it."""
_Pair = tuple[Answer | None, Answer | None]
"""What is said of one function with the check, and without."""


@dataclass(frozen=True, slots=True)
class Ablation:
    """What leaving `check` out changes, in percentage points (minus: less without it). `runs`: in so many it observed
    something. `changed`: answers with another outcome, cause, mechanism or where; of those, `lost` were right before,
    and `gained` are right without the check.

    Causes and abstentions are of the answers whose truth is due, mechanisms and where of those whose truth names one;
    false accusations of the runs that could accuse falsely with all checks.
    """

    check: str
    runs: int
    changed: int
    lost: int
    gained: int
    cause_right_points: float
    mechanism_right_points: float
    where_right_points: float
    abstained_points: float
    false_accusation_points: float

    @property
    def is_idle(self) -> bool:
        return not self.changed


def ablations(lines: Iterable[Line], without: Without) -> tuple[Ablation, ...]:
    """A row for each check, by name, over the valid runs that were judged again."""
    taken = [line for line in lines if line.is_valid and line.key in without]
    names = sorted({name for line in taken for name in without[line.key]})
    return tuple(_ablation(name, taken, without) for name in names)


def _ablation(name: str, lines: Sequence[Line], without: Without) -> Ablation:
    after = {line.key: tuple(without[line.key].get(name, line.answers)) for line in lines}
    pairs = [pair for line in lines for pair in _paired(line.answers, after[line.key])]
    due = [pair for pair in pairs if (one := pair[0] or pair[1]) and one.truth is not None and not one.is_early]
    return Ablation(
        check=name,
        runs=sum(name in without[line.key] for line in lines),
        changed=sum(_words(before) != _words(left) for before, left in pairs),
        lost=sum(_is_right(before) and not _is_right(left) for before, left in pairs),
        gained=sum(_is_right(left) and not _is_right(before) for before, left in pairs),
        cause_right_points=_points(due, lambda one: one.said is not None and one.said.cause in _truth(one, "cause")),
        mechanism_right_points=_points(
            [pair for pair in due if pair[0] and _truth(pair[0], "mechanism")],
            lambda one: one.said is not None and one.said.mechanism in _truth(one, "mechanism"),
        ),
        where_right_points=_points(
            [pair for pair in due if pair[0] and _truth(pair[0], "where")],
            lambda one: one.said is not None and one.said.where in _truth(one, "where"),
        ),
        # Where a check's evidence alone speaks of a service, nothing is said of it without: that abstains.
        abstained_points=_points(due, lambda one: one.said is None or one.said.cause == "unknown"),
        false_accusation_points=_accusation_points(lines, after),
    )


def _paired(before: Iterable[Answer], after: Iterable[Answer]) -> list[_Pair]:
    told = {(one.service, one.function): one for one in before}
    left = {(one.service, one.function): one for one in after}
    return [(told.get(function), left.get(function)) for function in {**told, **left}]


def _words(answer: Answer | None) -> tuple[str, ...]:
    said: Said | None = answer.said if answer is not None else None
    return (said.outcome, said.cause, said.mechanism, said.where) if said is not None else ()


def _is_right(answer: Answer | None) -> bool:
    """Nobody says anything of a function without a truth that is left out: that is right too."""
    return answer is None or answer.standing == "right"


def _truth(answer: Answer, aspect: str) -> tuple[str, ...]:
    words: tuple[str, ...] = getattr(answer.truth, aspect, ())
    return words


def _points(pairs: Sequence[_Pair], holds: Callable[[Answer], bool]) -> float:
    if not pairs:
        return 0.0
    with_all = sum(before is not None and holds(before) for before, _ in pairs)
    left = sum(after is not None and holds(after) for _, after in pairs)
    return 100.0 * (left - with_all) / len(pairs)


def _accusation_points(lines: Iterable[Line], after: Mapping[RunKey, Iterable[Answer]]) -> float:
    asked = [line for line in lines if line.could_accuse_falsely]
    if not asked:
        return 0.0
    change = sum(any(one.is_accused_falsely for one in after[line.key]) - line.accuses_falsely for line in asked)
    return 100.0 * change / len(asked)
