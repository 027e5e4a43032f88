"""Which runs of a folder can be judged again although nothing is played. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from callcheck.lab.scenario import Scenario, ScenarioError
from callcheck.lab.score.lines import Line, RunKey
from callcheck.lab.score.runs import Planned, digest_of
from callcheck.words import Depth


def remembered(
    lines: Iterable[Line],
    scenarios: Sequence[Scenario],
    *,
    depth: Depth | None = None,
    servers: str | None = None,
    seeds: int | None = None,
) -> tuple[tuple[Planned, ...], int]:
    """The runs whose scenario is still the network that was played (by id, seed and digest), in the order of
    `scenarios`, seed and depth; and how many runs of these scenarios were left out as it is another today.

    `depth`, `servers` and `seeds` (so many, counted up from the scenario's own) choose among them; None takes all.
    Of a run that is remembered from several versions the last counts: there is one journal for all of them.
    """
    known = {scenario.id: scenario for scenario in scenarios}
    asked: dict[RunKey, Planned | None] = {}
    for line in lines:
        key, scenario = line.key, known.get(line.key.scenario)
        if (
            scenario is None
            or depth not in (None, key.depth)
            or servers not in (None, key.servers)
            or (seeds is not None and not 0 <= key.seed - scenario.seed < seeds)
        ):
            continue
        asked[_without_version(key)] = _same(scenario, key)
    runs = [run for run in asked.values() if run is not None]
    order = {scenario.id: place for place, scenario in enumerate(scenarios)}
    depths = get_args(Depth)
    runs.sort(
        key=lambda run: (order[run.key.scenario], run.key.seed, depths.index(run.key.depth), run.key.servers),
    )
    return tuple(runs), len(asked) - len(runs)


def _same(scenario: Scenario, key: RunKey) -> Planned | None:
    try:
        drawn = scenario.drawn(key.seed)
    except ScenarioError:
        return None
    return Planned(key, drawn) if digest_of(drawn) == key.digest else None


def _without_version(key: RunKey) -> RunKey:
    return RunKey(key.scenario, key.digest, key.seed, key.depth, key.servers, "")
