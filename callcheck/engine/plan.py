"""What runs when: a pure function of the checks' needs and of what was asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from callcheck.api import CheckInfo
from callcheck.words import Depth

Plan = tuple[tuple[str, ...], ...]  # stages in order; the checks of one stage run together


class PlanError(ValueError):
    """What was asked for cannot be planned; one line."""


def make_plan(
    infos: Mapping[str, CheckInfo], depth: Depth, *, only: Collection[str] = (), without: Collection[str] = ()
) -> Plan:
    """Stages such that every check runs after those it needs, and one that wants to be alone is.

    `needs` orders, it does not select: a check runs without those it would like to have before it.
    Raises PlanError for unknown names, an empty choice, or needs that go in a circle.
    """
    for name in (*only, *without):
        if name not in infos:
            raise PlanError(f"no check {name!r} (there are: {', '.join(sorted(infos)) or 'none'})")
    usual = {name for name, info in infos.items() if depth in info.depths}
    chosen = (set(only) or usual) - set(without)
    if not chosen:
        raise PlanError("no check is left to run")
    stages: list[tuple[str, ...]] = []
    waiting = set(chosen)
    while waiting:
        ready = sorted(name for name in waiting if not waiting & set(infos[name].needs))
        if not ready:
            raise PlanError(f"the needs of these checks go in a circle: {', '.join(sorted(waiting))}")
        together = tuple(name for name in ready if not infos[name].alone)
        stage = together or (ready[0],)
        stages.append(stage)
        waiting -= set(stage)
    return tuple(stages)
