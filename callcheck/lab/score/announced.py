"""When a verdict was announced: from which moment of a run on it stood (DESIGN 2: a gross block within 8 s). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from callcheck.engine.events import Event
from callcheck.model import Verdict

Function = tuple[str, str]
"""Service and function."""
VerdictsOf = Callable[[Sequence[Event]], Sequence[Verdict]]

_JUDGED_AT: Final = frozenset({"check_finished", "judged", "run_finished"})


def announced(events: Sequence[Event], verdicts_of: VerdictsOf) -> Mapping[Function, float]:
    """For each function whose last verdict names a cause: the run time in seconds of the first point from which on
    that cause was said without a break. `verdicts_of` judges the part of the journal before a point."""
    since: dict[Function, float] = {}
    standing: dict[Function, str] | None = None
    # Backwards: what came before the last break need not be judged.
    for position, at_s in reversed(list(points(events))):
        causes = {(one.service, str(one.function)): one.cause for one in verdicts_of(events[:position])}
        if standing is None:
            standing = {function: cause for function, cause in causes.items() if cause != "unknown"}
        standing = {function: cause for function, cause in standing.items() if causes.get(function) == cause}
        since |= dict.fromkeys(standing, at_s)
        if not standing:
            break
    return since


def points(events: Sequence[Event]) -> Iterator[tuple[int, float]]:
    """Where a run was judged or could have been: how many events lie before, and the run time in seconds.

    Those with the same observations before them have the same verdict, so that the first of them stands for all.
    """
    observed = told = 0
    for position, event in enumerate(events):
        if event.kind in _JUDGED_AT and observed > told:
            yield position, event.t_us / 1e6
            told = observed
        observed += event.kind == "observed"
