"""One run from what was asked to its report: what the commands, the terminal UI and the lab have in common."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from callcheck import __version__
from callcheck.api import Check, CheckInfo
from callcheck.catalog import load as catalog
from callcheck.engine import plugins
from callcheck.engine.context import RunState
from callcheck.engine.events import JOURNAL_SCHEMA, Bus, Event, Sink
from callcheck.engine.plan import Plan, essentials, first_look, make_plan, reason_to_cut, stage_seconds
from callcheck.engine.run import run_plan
from callcheck.model import Evidence, Json, Report, Target, Tool
from callcheck.net.clock import Clock
from callcheck.report.fold import fold
from callcheck.verdict.judge import judge
from callcheck.words import Depth


class ChoiceError(ValueError):
    """What was asked for does not exist; one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to measure. Empty `services` and `only` mean all."""

    depth: Depth = "standard"
    services: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    catalog_file: Path | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that can be carried out. `problems` names plugins that could not be loaded, a line each."""

    request: Request
    plan: Plan
    checks: Mapping[str, Check[Any]]
    targets: tuple[Target, ...]
    problems: tuple[str, ...]
    tool: Tool

    @property
    def infos(self) -> Mapping[str, CheckInfo]:
        return {name: check.info for name, check in self.checks.items()}

    @property
    def planned(self) -> Sequence[Check[Any]]:
        return [self.checks[name] for stage in self.plan for name in stage]


def prepare(request: Request) -> Prepared:
    """Load the catalogue and the plugins, and plan. Raises CatalogError, PluginError, PlanError or ChoiceError."""
    targets = catalog.with_overlay(request.catalog_file) if request.catalog_file else catalog.shipped()
    checks, problems = plugins.load_checks()
    plan = make_plan(
        {name: check.info for name, check in checks.items()}, request.depth, only=request.only, without=request.without
    )
    return Prepared(request, plan, checks, _of_services(targets, request.services), problems, tool())


def _of_services(targets: Iterable[Target], services: Sequence[str]) -> tuple[Target, ...]:
    targets = tuple(targets)
    known = {target.service for target in targets if target.service}
    for service in services:
        if service not in known:
            raise ChoiceError(f"no service {service!r} in the catalogue (there are: {', '.join(sorted(known))})")
    return tuple(target for target in targets if not services or target.service in services or not target.service)


async def measure(prepared: Prepared, sinks: Iterable[Sink] = ()) -> list[Event]:
    """Carry out the plan; every event goes to the sinks as it happens. The journal, closed even when cancelled."""
    clock = Clock()
    bus = Bus(clock.now_us, sinks)
    state = RunState(prepared.targets, prepared.request.depth, clock, bus)
    judged: list[Json] = []
    known: list[Evidence] = []

    def judge_so_far() -> None:
        report = report_of(bus.events, prepared.checks, prepared.request.language)
        known[:] = report.evidence
        verdicts = msgspec.to_builtins(report.verdicts)
        if verdicts and verdicts != judged:
            judged[:] = verdicts
            bus.publish("judged", data={"verdicts": verdicts})

    def shorten(rest: Plan) -> tuple[Plan, str]:
        # Whoever asked for certain checks gets them.
        reason = reason_to_cut(() if prepared.request.only else known)
        return (essentials(rest, prepared.infos), reason) if reason else (rest, "")

    # Whoever asked for certain checks wants no others, and those once.
    looks = () if prepared.request.only else first_look(prepared.plan, prepared.infos, prepared.request.depth)
    await run_plan(
        *(prepared.plan, prepared.checks, state, _header(prepared)),
        first_look=looks,
        settled=judge_so_far,
        shorten=shorten,
    )
    return bus.events


def report_of(events: Iterable[Event], checks: Mapping[str, Check[Any]], language: str) -> Report:
    """The report that a journal amounts to, with today's reading and today's judge."""
    readers = {name: check.read for name, check in checks.items()}
    return fold(events, readers, judge, language)


def tool() -> Tool:
    """This program and its plugins, as a report names them."""
    return Tool(name="callcheck", version=__version__, plugins=tuple(one.described() for one in plugins.find_all()))


def _header(prepared: Prepared) -> dict[str, Json]:
    return {
        "schema": JOURNAL_SCHEMA,
        "run_id": uuid.uuid4().hex,
        "started_utc": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "depth": prepared.request.depth,
        "tool": msgspec.to_builtins(prepared.tool),
        "catalogue_as_of": catalog.as_of(prepared.targets),
        "plan": [list(stage) for stage in prepared.plan],
        "stage_seconds": list(stage_seconds(prepared.plan, prepared.infos, prepared.request.depth)),
        "problems": list(prepared.problems),
    }
