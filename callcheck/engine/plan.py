"""What runs when: pure functions of the checks' needs, of what was asked for, and of what is known so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

from callcheck.api import CheckInfo
from callcheck.model import Evidence
from callcheck.words import Claim, Depth, Symptom

Plan = tuple[tuple[str, ...], ...]  # stages in order; the checks of one stage run together


class PlanError(ValueError):
    """What was asked for cannot be planned; one line."""


def make_plan(
    infos: Mapping[str, CheckInfo],
    depth: Depth,
    *,
    only: Collection[str] = (),
    without: Collection[str] = (),
    symptom: Symptom | None = None,
) -> Plan:
    """Stages such that every check runs after those it needs, and one that wants to be alone is.

    `needs` orders, it does not select: a check runs without those it would like to have before it. Of checks that may
    begin at one moment, those nearest to the `symptom` come first, and the others by name.
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
        ready = sorted(
            (name for name in waiting if not waiting & set(infos[name].needs)),
            key=lambda name: (symptom not in infos[name].symptoms, name),
        )
        if not ready:
            raise PlanError(f"the needs of these checks go in a circle: {', '.join(sorted(waiting))}")
        together = tuple(name for name in ready if not infos[name].alone)
        stage = together or (ready[0],)
        stages.append(stage)
        waiting -= set(stage)
    return tuple(stages)


def left_to_do(
    infos: Mapping[str, CheckInfo], depth: Depth, before: Depth, *, planned: Collection[str], completed: Collection[str]
) -> frozenset[str]:
    """What a run that goes on at `depth` still has to do, when it was `planned` and `completed` at the depth `before`.

    Everything that was not completed, everything that may take more at the new depth and so does more, and what runs
    again in any case. What could have been planned before and was not was left out by somebody, and still is.
    """
    left_out = {name for name, info in infos.items() if before in info.depths and name not in planned}
    return frozenset(
        name
        for name, info in infos.items()
        if depth in info.depths
        and name not in left_out
        and (info.again or name not in completed or info.budget(depth) != info.budget(before))
    )


CutReason = Literal["offline", "captive_portal", "allow_list"]
_FIRM = 2


def reason_to_cut(evidence: Iterable[Evidence]) -> CutReason | None:
    """Why the rest of a run could show nothing more than its essentials: there is no way out, a portal stands in it,
    or it leads to places at home alone. Each needs firm evidence, and abroad also that home answers."""
    said: dict[Claim, int] = {}
    for item in evidence:
        said[item.claim] = max(said.get(item.claim, 0), item.strength, key=abs)
    if said.get(Claim.route_exists, 0) <= -_FIRM:
        return "offline"
    if said.get(Claim.captive_portal, 0) >= _FIRM:
        return "captive_portal"
    if said.get(Claim.web_abroad, 0) <= -_FIRM and said.get(Claim.web_at_home, 0) >= _FIRM:
        return "allow_list"
    return None


def segments(plan: Plan, infos: Mapping[str, CheckInfo]) -> tuple[Plan, ...]:
    """The plan cut where everything must have ended before anything goes on: after what needs nothing, since that may
    cut the run short, and around a check that wants to be alone. Within a segment a check waits for its needs only."""
    cut: list[list[tuple[str, ...]]] = []
    for number, stage in enumerate(plan):
        is_barrier = number <= 1 or any(infos[name].alone for name in (*stage, *plan[number - 1]))
        if is_barrier or not cut:
            cut.append([])
        cut[-1].append(stage)
    return tuple(tuple(stages) for stages in cut)


def essentials(plan: Plan, infos: Mapping[str, CheckInfo]) -> Plan:
    """The stages with only those checks in them that run even where a run is cut short."""
    return without(plan, {name for stage in plan for name in stage if not infos[name].essential})


def first_look(plan: Plan, infos: Mapping[str, CheckInfo], depth: Depth) -> Plan:
    """The stages of what runs as at quick beside the first stage, so that a gross block is announced within 8 s at
    every depth (DESIGN 2): at quick all that bears company, in a longer run what has a `first_look` and runs again."""
    left_out = {name for name, info in infos.items() if (info.alone if depth == "quick" else not info.first_look)}
    return without(plan[1:], left_out)


def without(plan: Plan, names: Collection[str]) -> Plan:
    """The stages that are left when some checks are taken out."""
    stages = (tuple(name for name in stage if name not in names) for stage in plan)
    return tuple(stage for stage in stages if stage)


def stage_seconds(plan: Plan, infos: Mapping[str, CheckInfo], depth: Depth) -> tuple[float, ...]:
    """How long each stage takes at most: checks of one stage run side by side."""
    return tuple(max(infos[name].budget(depth).max_seconds for name in stage) for stage in plan)
