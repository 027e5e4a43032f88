"""A run as it is shown: a fold of its journal, one event at a time. Pure: no clock, no file, no widget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import msgspec

from callcheck.digest.course import Call
from callcheck.engine.events import Event
from callcheck.model import Observation, Verdict
from callcheck.report.flows import FLOW_OP, flow_second
from callcheck.words import Depth

CheckPhase = Literal["waiting", "running", "done", "left_out", "failed"]
# What a stage takes of the time that it may take, as lab runs of each depth show.
_USUAL_SHARE: Final[dict[Depth, float]] = {"quick": 0.5, "standard": 0.55, "deep": 0.7}
_PLAN_OP: Final = "flow.plan"
_Plan = tuple[tuple[str, ...], ...]
_PHASES: Final[dict[str, CheckPhase]] = {"completed": "done", "skipped": "left_out"}


@dataclass(frozen=True, slots=True)
class CheckShown:
    """One check: how far it is (0 to 1), and why it did not finish. `first_look` while it runs ahead of its turn."""

    name: str
    phase: CheckPhase = "waiting"
    fraction: float = 0.0
    outcome: str = ""
    note: str = ""
    first_look: bool = False


@dataclass(slots=True)
class RunShown:
    """`t_us` is the run time of the last event. `verdicts` are those judged last. `complete` is None while it runs.
    `remaining` are checks of a run that goes on at a greater depth, which have not begun again."""

    depth: Depth = "standard"
    started_utc: str = ""
    version: str = ""
    plan: _Plan = ()
    stage_seconds: tuple[float, ...] = ()
    remaining: frozenset[str] = frozenset()
    earlier_us: int = 0
    problems: tuple[str, ...] = ()
    t_us: int = 0
    checks: dict[str, CheckShown] = field(default_factory=dict)
    call: Call = field(default_factory=Call)
    verdicts: tuple[Verdict, ...] = ()
    events: int = 0
    complete: bool | None = None

    @property
    def is_over(self) -> bool:
        return self.complete is not None

    def apply(self, event: Event) -> None:
        """Take one event in. Whatever cannot be read in it is left out: what is shown may not stop a run."""
        self.events += 1
        self.t_us = max(self.t_us, event.t_us)
        match event.kind:
            case "run_started":
                self._begin(event.data)
            case "check_started":
                self._start(event)
            case "progress":
                self._progress(event.check, event.data)
            case "observed":
                self._flow(event)
            case "check_finished":
                self._finish(event.check, event.data)
            case "judged":
                self.verdicts = _converted(event.data.get("verdicts"), tuple[Verdict, ...], self.verdicts)
            case "run_finished":
                self.complete = event.data.get("complete") is True

    def seconds_left(self) -> float:
        """How long the rest takes, as a run of this depth usually does; 0 when it is over."""
        if self.is_over:
            return 0.0
        left = 0.0
        for stage, seconds in zip(self.plan, self.stage_seconds, strict=False):
            shares = [1 - self._done_share(name) for name in stage]
            left += max(shares, default=0.0) * seconds
        return left * _USUAL_SHARE[self.depth]

    def share_done(self) -> float:
        """0 to 1, of the time that the whole run takes."""
        if self.is_over:
            return 1.0
        if not self.plan:
            return 0.0
        left_s = self.seconds_left()
        passed_s = self.t_us / 1e6
        return passed_s / (passed_s + left_s) if left_s > 0 else 1.0

    def _done_share(self, name: str) -> float:
        shown = self.checks.get(name)
        if shown is None or name in self.remaining or shown.phase == "waiting" or shown.first_look:
            return 0.0
        return shown.fraction if shown.phase == "running" else 1.0

    def _begin(self, data: dict[str, Any]) -> None:
        self.depth = _converted(data.get("depth"), Depth, self.depth)
        self.started_utc = str(data.get("started_utc", ""))
        tool = data.get("tool")
        self.version = str(tool.get("version", "")) if isinstance(tool, dict) else ""
        self.plan = _converted(data.get("plan"), _Plan, ())
        self.stage_seconds = _converted(data.get("stage_seconds"), tuple[float, ...], ())
        self.problems = _converted(data.get("problems"), tuple[str, ...], ())
        self.remaining = frozenset(name for stage in _converted(data.get("remaining"), _Plan, ()) for name in stage)
        self.earlier_us = _converted(data.get("earlier_us"), int, 0)
        self.checks = {name: CheckShown(name) for stage in self.plan for name in stage}

    def _start(self, event: Event) -> None:
        # At quick a first look is all there is.
        name, is_look = event.check, event.data.get("first_look") is True and self.depth != "quick"
        if event.t_us > self.earlier_us:
            self.remaining -= {name}
        self.checks[name] = CheckShown(name, "running", first_look=is_look)

    def _progress(self, name: str, data: dict[str, Any]) -> None:
        fraction = data.get("fraction")
        if name in self.checks and isinstance(fraction, int | float):
            known = self.checks[name]
            self.checks[name] = replace(
                known, fraction=min(max(float(fraction), 0.0), 1.0), note=str(data.get("note", ""))
            )

    def _finish(self, name: str, data: dict[str, Any]) -> None:
        known = self.checks.get(name, CheckShown(name))
        outcome, note = str(data.get("outcome", "")), str(data.get("note", ""))
        if known.first_look and outcome == "completed":
            self.checks[name] = CheckShown(name)  # its own turn is still to come
        else:
            self.checks[name] = CheckShown(name, _PHASES.get(outcome, "failed"), 1.0, outcome, note)

    def _flow(self, event: Event) -> None:
        if event.data.get("op") not in (FLOW_OP, _PLAN_OP):
            return
        observation = _converted(event.data, Observation, None)
        if observation is None:
            return
        if observation.op == _PLAN_OP:
            self.call.plan(observation)
        elif (second := flow_second(observation)) is not None:
            self.call.add(observation, second)


def folded(events: Iterable[Event]) -> RunShown:
    """What a journal amounts to."""
    shown = RunShown()
    for event in events:
        shown.apply(event)
    return shown


def _converted(value: Any, shape: Any, otherwise: Any) -> Any:
    try:
        return msgspec.convert(value, shape)
    except (msgspec.ValidationError, TypeError):
        return otherwise
