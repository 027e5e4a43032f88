"""How often callcheck is right: its verdicts against the truth that scenarios hold (DESIGN 5.6, 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import msgspec

from callcheck.lab import play
from callcheck.lab.scenario import Scenario, Truth
from callcheck.lab.wire.outcome import LabOutcome
from callcheck.model import Report, Verdict
from callcheck.words import Depth

_ORDER: tuple[Depth, ...] = ("quick", "standard", "deep")
# How often a run is played whose lab had trouble of its own.
_GOES = 5
Verdicts = Mapping[tuple[str, str], Verdict]
Result = Literal["right", "wrong", "void"]


@dataclass(frozen=True, slots=True)
class Line:
    """One run of one scenario. `notes` say what was wrong, or why the run is void; `where` and `mechanism` hold how
    many truths that name them were met, and how many name them."""

    scenario: str
    seed: int
    result: Result
    accused_falsely: bool
    where: tuple[int, int]
    mechanism: tuple[int, int]
    seconds: float
    notes: tuple[str, ...]


def score(
    scenarios: Sequence[Scenario],
    *,
    depth: Depth,
    seeds: int,
    jobs: int,
    real_servers: bool,
    told: Callable[[Line], None],
) -> tuple[Line, ...]:
    """Play every scenario with `seeds` seeds, `jobs` at a time; `told` hears of each run as it ends.

    A void run is reported and played again, since the lab's own trouble says nothing about callcheck.
    """

    def one(item: tuple[Scenario, int]) -> list[Line]:
        lines: list[Line] = []
        while not lines or (lines[-1].result == "void" and len(lines) < _GOES):
            lines.append(_played(item[0].drawn(item[0].seed + item[1]), depth, real_servers))
            told(lines[-1])
        return lines

    runs = [(scenario, turn) for turn in range(seeds) for scenario in scenarios]
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return tuple(line for lines in pool.map(one, runs) for line in lines)


def _played(scenario: Scenario, depth: Depth, real_servers: bool) -> Line:
    command = play.run_arguments("--depth", depth, "--format", "json")
    played = play.play(play.lab_of(scenario, real_servers=real_servers), command, capture=True)
    try:
        report = msgspec.json.decode(played.output, type=Report)
    except msgspec.DecodeError:
        said = played.errors.decode("utf-8", "replace").strip().splitlines()
        notes = (f"no report, exit {played.exit_code}: {said[-1] if said else 'nothing said'}",)
        return Line(scenario.id, scenario.seed, "wrong", False, (0, 0), (0, 0), played.seconds, notes)
    void = void_reasons(played.lab, report)
    if void:
        return Line(scenario.id, scenario.seed, "void", False, (0, 0), (0, 0), played.seconds, void)
    return compared(scenario, report, depth, played.seconds)


def void_reasons(lab: LabOutcome, report: Report) -> tuple[str, ...]:
    """Why a run says nothing about callcheck: trouble of the lab, or a machine too busy for lab and callcheck both."""
    late = ("callcheck sent its packets late on this busy machine",) if report.instrument.valid is False else ()
    return (*lab.void, *late)


def compared(scenario: Scenario, report: Report, depth: Depth, seconds: float) -> Line:
    """The line for one report: right if outcome and cause of every truth are met and nobody innocent is accused."""
    verdicts: Verdicts = {(verdict.service, verdict.function): verdict for verdict in report.verdicts}
    truths = _truths_at(scenario.truths, depth)
    notes = [note for truth in truths for note in _misses(truth, verdicts, depth)]
    false_accusations = tuple(_false_accusations(truths, report.verdicts))
    return Line(
        scenario=scenario.id,
        seed=scenario.seed,
        result="wrong" if notes or false_accusations else "right",
        accused_falsely=bool(false_accusations),
        where=_met(truths, verdicts, lambda truth: truth.where, lambda verdict: verdict.where),
        mechanism=_met(truths, verdicts, lambda truth: truth.mechanism, lambda verdict: verdict.mechanism),
        seconds=seconds,
        notes=(*notes, *false_accusations),
    )


def _truths_at(truths: Sequence[Truth], depth: Depth) -> tuple[Truth, ...]:
    """For each function the truth of this depth: the deepest that is not deeper, else the shallowest there is."""
    chosen: dict[tuple[str, str], Truth] = {}
    for truth in sorted(truths, key=lambda one: _ORDER.index(_depth(one))):
        known = chosen.get((truth.service, truth.function))
        if known is None or _ORDER.index(_depth(truth)) <= _ORDER.index(depth):
            chosen[(truth.service, truth.function)] = truth
    return tuple(chosen.values())


def _misses(truth: Truth, verdicts: Verdicts, depth: Depth) -> Iterable[str]:
    name = f"{truth.service} {truth.function}"
    verdict = verdicts.get((truth.service, truth.function))
    if verdict is None:
        yield f"{name}: no verdict"
        return
    shallow = _ORDER.index(depth) < [*_ORDER].index(_depth(truth))
    if verdict.outcome not in truth.outcome and not (shallow and verdict.outcome == "unknown"):
        yield f"{name}: outcome {verdict.outcome}, the truth is {' or '.join(truth.outcome)}"
    if verdict.cause not in truth.cause and not (shallow and verdict.cause == "unknown"):
        yield f"{name}: cause {verdict.cause}, the truth is {' or '.join(truth.cause)}"


def _depth(truth: Truth) -> Depth:
    return next(depth for depth in _ORDER if depth == truth.depth)


def _false_accusations(truths: Sequence[Truth], verdicts: Iterable[Verdict]) -> Iterable[str]:
    guilty = {(truth.service, truth.function) for truth in truths if "selective" in truth.cause}
    for verdict in verdicts:
        if verdict.cause == "selective" and (verdict.service, verdict.function) not in guilty:
            yield f"{verdict.service} {verdict.function}: accused falsely"


def _met(
    truths: Sequence[Truth],
    verdicts: Verdicts,
    wanted: Callable[[Truth], tuple[str, ...]],
    given: Callable[[Verdict], str],
) -> tuple[int, int]:
    """How many of the truths that name something were met, and how many name it."""
    named = [truth for truth in truths if wanted(truth)]
    met = [
        truth
        for truth in named
        if (verdict := verdicts.get((truth.service, truth.function))) and given(verdict) in wanted(truth)
    ]
    return len(met), len(named)


def table(lines: Sequence[Line]) -> str:
    """The score as a Markdown table, a line a scenario, with voids apart and what went wrong below."""
    rows = [
        "| scenario | right | void | false accusations | where | mechanism | median s |",
        "|---|---|---|---|---|---|---|",
    ]
    names = list(dict.fromkeys(line.scenario for line in lines))
    rows += [_row(name, [line for line in lines if line.scenario == name]) for name in names]
    rows.append(_row("all", lines))
    notes = [f"- {line.scenario} seed {line.seed} ({line.result}): {note}" for line in lines for note in line.notes]
    return "\n".join([*rows, *([""] if notes else []), *notes]) + "\n"


def _row(name: str, lines: Sequence[Line]) -> str:
    valid = [line for line in lines if line.result != "void"]
    right = sum(line.result == "right" for line in valid)
    falsely = sum(line.accused_falsely for line in valid)
    where = [sum(line.where[part] for line in valid) for part in (0, 1)]
    mechanism = [sum(line.mechanism[part] for line in valid) for part in (0, 1)]
    seconds = sorted(line.seconds for line in lines)[len(lines) // 2]
    return (
        f"| {name} | {right} of {len(valid)} | {len(lines) - len(valid)} | {falsely} "
        f"| {where[0]} of {where[1]} | {mechanism[0]} of {mechanism[1]} | {seconds:.1f} |"
    )
