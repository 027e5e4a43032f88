"""One run from what was asked to its report: what the commands, the terminal UI and the lab have in common."""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.util
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from callcheck import __version__
from callcheck.api import Check, CheckInfo
from callcheck.catalog import load as catalog
from callcheck.engine import plugins
from callcheck.engine.events import JOURNAL_SCHEMA, Bus, Event, Sink
from callcheck.engine.plan import (
    Plan,
    PlanError,
    essentials,
    first_look,
    left_to_do,
    make_plan,
    reason_to_cut,
    stage_seconds,
)
from callcheck.model import Evidence, Json, Report, Target, Tool
from callcheck.net.clock import Clock
from callcheck.report.earlier import Earlier, earlier_run
from callcheck.report.fold import fold
from callcheck.report.journal import Journal
from callcheck.verdict.judge import judge
from callcheck.words import Depth, Symptom


class ChoiceError(ValueError):
    """What was asked for does not exist; one line."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure. Empty `services` and `only` mean all. `symptom` is what the person complains of: it orders the
    checks and does nothing else. `continued` is the journal of an earlier run that goes on at this depth."""

    depth: Depth = "standard"
    services: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    catalog_file: Path | None = None
    language: str = "en"
    symptom: Symptom | None = None
    continued: tuple[Event, ...] = ()


class Prepared(msgspec.Struct, frozen=True):
    """A request that can be carried out. `problems` names plugins that could not be loaded, a line each. Where it
    continues the `earlier` run, `plan` is what is left to do, and `whole` that with what was done."""

    request: Request
    plan: Plan
    checks: Mapping[str, Check[Any]]
    targets: tuple[Target, ...]
    problems: tuple[str, ...]
    tool: Tool
    earlier: Earlier | None = None
    whole: Plan = ()

    @property
    def infos(self) -> Mapping[str, CheckInfo]:
        return {name: check.info for name, check in self.checks.items()}

    @property
    def planned(self) -> Sequence[Check[Any]]:
        return [self.checks[name] for stage in self.plan for name in stage]


def prepare(request: Request) -> Prepared:
    """Load the catalogue and the plugins, and plan. Raises CatalogError, PluginError, PlanError or ChoiceError, and
    EarlierError or JournalError where the earlier run cannot be continued."""
    targets = catalog.with_overlay(request.catalog_file) if request.catalog_file else catalog.shipped()
    earlier = earlier_of(request)
    checks, problems = plugins.load_checks()
    infos = {name: check.info for name, check in checks.items()}
    plan, whole = plans(infos, request, earlier)
    return Prepared(request, plan, checks, _of_services(targets, request.services), problems, tool(), earlier, whole)


def earlier_of(request: Request) -> Earlier | None:
    """The run that is continued, if any. Raises EarlierError or JournalError."""
    if not request.continued:
        return None
    return earlier_run(request.continued, depth=request.depth, version=__version__, now_utc=dt.datetime.now(dt.UTC))


def plans(infos: Mapping[str, CheckInfo], request: Request, earlier: Earlier | None) -> tuple[Plan, Plan]:
    """What is to run now, and the plan of the whole run. Raises PlanError."""
    only: Iterable[str] = request.only
    if earlier is not None and not request.only:
        done = {"planned": earlier.planned, "completed": earlier.completed}
        only = left_to_do(infos, request.depth, earlier.depth, **done)
        if not only:
            raise PlanError("no check is left to run")
    plan = make_plan(infos, request.depth, only=tuple(only), without=request.without, symptom=request.symptom)
    if earlier is None:
        return plan, plan
    names = {name for stage in plan for name in stage} | (earlier.planned & infos.keys())
    return plan, make_plan(infos, request.depth, only=names, symptom=request.symptom)


def _of_services(targets: Iterable[Target], services: Sequence[str]) -> tuple[Target, ...]:
    targets = tuple(targets)
    known = {target.service for target in targets if target.service}
    for service in services:
        if service not in known:
            raise ChoiceError(f"no service {service!r} in the catalogue (there are: {', '.join(sorted(known))})")
    return tuple(target for target in targets if not services or target.service in services or not target.service)


async def measure(prepared: Prepared, sinks: Iterable[Sink] = ()) -> list[Event]:
    """Carry out the plan; every event goes to the sinks as it happens. The journal, closed even when cancelled.

    Where an earlier run is continued, the journal is that of the whole, and run time goes on."""
    from callcheck.engine.context import RunState  # noqa: PLC0415 - reading a saved run needs no sockets
    from callcheck.engine.run import run_plan  # noqa: PLC0415 - as above

    _load_probes(prepared.planned)
    earlier = prepared.earlier
    clock = Clock() if earlier is None else Clock.going_on(earlier.elapsed_us(dt.datetime.now(dt.UTC)))
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

    # Whoever asked for certain checks wants no others, and those once; who continues a run had the first look.
    no_looks = bool(prepared.request.only or earlier)
    looks = () if no_looks else first_look(prepared.plan, prepared.infos, prepared.request.depth)
    await run_plan(
        *(prepared.plan, prepared.checks, state, _header(prepared)),
        first_look=looks,
        earlier=earlier.events if earlier else (),
        settled=judge_so_far,
        shorten=shorten,
    )
    return bus.events


def _load_probes(checks: Iterable[Check[Any]]) -> None:
    """Import the module `probe` beside each check before the clock starts: to load it while others measure would hold
    their packets up."""
    for check in checks:
        name = f"{type(check).__module__}.probe"
        try:
            if importlib.util.find_spec(name) is not None:
                importlib.import_module(name)
        except Exception:  # noqa: S112 - what is wrong with it is said when the check runs, and costs that check alone
            continue


def report_of(events: Iterable[Event] | Journal, checks: Mapping[str, Check[Any]], language: str) -> Report:
    """The report that a journal amounts to, read or not, with today's reading and today's judge."""
    readers = {name: check.read for name, check in checks.items()}
    return fold(events, readers, judge, language)


def tool() -> Tool:
    """This program and its plugins, as a report names them."""
    return Tool(name="callcheck", version=__version__, plugins=tuple(one.described() for one in plugins.find_all()))


def _header(prepared: Prepared) -> dict[str, Json]:
    """The data of run_started. `plan` is that of the whole run; where one is continued, `remaining` is what of it is
    still to run, and what is older than `earlier_us` of run time was measured before."""
    earlier, whole = prepared.earlier, prepared.whole or prepared.plan
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "schema": JOURNAL_SCHEMA,
        "run_id": earlier.header.run_id if earlier else uuid.uuid4().hex,
        "started_utc": earlier.header.started_utc if earlier else now,
        "depth": prepared.request.depth,
        "tool": msgspec.to_builtins(prepared.tool),
        "catalogue_as_of": catalog.as_of(prepared.targets),
        "plan": [list(stage) for stage in whole],
        "stage_seconds": list(stage_seconds(whole, prepared.infos, prepared.request.depth)),
        **({"remaining": [list(stage) for stage in prepared.plan], "earlier_us": earlier.last_us} if earlier else {}),
        "problems": list(prepared.problems),
    }
