"""What every check must keep to, whatever the network does; a plugin's own tests call `conformance`."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from callcheck.api import BudgetExceededError, Check, Depth, Numbered, Observation, Target
from callcheck.testing.clock import StalledError, run_virtual
from callcheck.testing.context import FakeContext
from callcheck.testing.reading import reading_problems
from callcheck.testing.worlds import WORLDS, World

_CANCELLATION_POINTS = 24
_PROMPT_S = 1.0
_SEED = 20261121


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a run ended. `ended` is False for one that had to be stopped, or that went on after its cancellation."""

    error: BaseException | None
    ended: bool
    tasks_left: int


def run_check(check: Check[Any], ctx: FakeContext, params: object | None = None, *, from_s: float = 0.0) -> float:
    """Run a check in virtual time; how many seconds of it went by. `from_s` is the run time at which it begins, which
    is above 0 where a run is continued. Raises what the check raises, and TimeoutError after the `max_seconds` of the
    context's depth."""

    async def limited() -> float:
        async with asyncio.timeout(check.info.budget(ctx.depth).max_seconds):
            await check.run(ctx, check.params() if params is None else params)
        return asyncio.get_running_loop().time() - from_s

    return run_virtual(limited(), from_s=from_s)


def conformance(
    check: Check[Any], targets: Sequence[Target], *, worlds: Mapping[str, World] | None = None
) -> list[str]:
    """What is wrong with a check, one line each; empty when it may be published.

    It is run at every depth in a silent, a garbage, a refusing and an offline network, and in the `worlds` that you
    add (functions that script a FakeContext: give one in which your peers answer); and each time a run is continued
    at the next depth. Do not call it inside a loop.
    """
    problems = [*_info_problems(check), *_params_problems(check)]
    if problems:
        return problems
    for name, world in {**WORLDS, **(worlds or {})}.items():
        for problem in _world_problems(check, targets, world):
            line = f"{name} network: {problem}"
            if line not in problems:
                problems.append(line)
    return problems


def _info_problems(check: Check[Any]) -> Iterator[str]:
    info = check.info
    if not info.name.isidentifier():
        yield f"info: the name {info.name!r} is no identifier"
    if info.name in info.needs or not all(need.isidentifier() for need in info.needs):
        yield "info: needs must hold names of other checks"
    for field in ("version", "title", "discloses"):
        if not getattr(info, field).strip():
            yield f"info: {field} is empty"
    for field in ("max_seconds", "max_bytes"):
        if not all(getattr(budget, field) > 0 for budget in (info, *info.at_depth.values())):
            yield f"info: {field} must be above 0"


def _params_problems(check: Check[Any]) -> Iterator[str]:
    params = check.params
    if not (isinstance(params, type) and dataclasses.is_dataclass(params)):
        yield "params: not a dataclass"
        return
    if not vars(params)["__dataclass_params__"].frozen:
        yield "params: the dataclass is not frozen"
    try:
        params()
    except TypeError as error:
        yield f"params: every field needs a default ({error})"


def _world_problems(check: Check[Any], targets: Sequence[Target], world: World) -> Iterator[str]:
    def fresh(depth: Depth, earlier: Sequence[Numbered[Observation]] = ()) -> FakeContext:
        ctx = FakeContext(targets, depth=depth, seed=_SEED, info=check.info, earlier=earlier)
        world(ctx)
        return ctx

    before: Sequence[Numbered[Observation]] = ()
    for depth in get_args(Depth):
        ctx = fresh(depth)
        yield from _run_problems(check, ctx)
        yield from reading_problems(check, ctx.observations, random.Random(_SEED))
        if before:
            going_on = fresh(depth, before)
            from_s = sum(budget.max_seconds for budget in map(check.info.budget, get_args(Depth)))
            yield from (f"continued: {problem}" for problem in _run_problems(check, going_on, from_s=from_s))
            whole = [*before, *going_on.observations] if check.info.adds_up else []
            yield from (f"continued: {one}" for one in reading_problems(check, whole, random.Random(_SEED)))
        before = ctx.observations
    awaits = _awaits(check, fresh("quick"))
    step = max(1, awaits // _CANCELLATION_POINTS)
    for at in range(0, awaits, step):
        found = list(_cancellation_problems(check, fresh("quick"), at))
        yield from found
        if found:
            return


def _run_problems(check: Check[Any], ctx: FakeContext, *, from_s: float = 0.0) -> Iterator[str]:
    outcome = _run(check, ctx, from_s=from_s)
    if not outcome.ended:
        yield f"does not end within {check.info.budget(ctx.depth).max_seconds:g} s"
    elif isinstance(outcome.error, BudgetExceededError):
        yield f"moves more than {check.info.budget(ctx.depth).max_bytes} bytes"
    elif outcome.error is not None:
        yield f"raises {type(outcome.error).__name__}: {outcome.error}"
    yield from _leftovers(ctx, outcome, "leaves")


def _cancellation_problems(check: Check[Any], ctx: FakeContext, at: int) -> Iterator[str]:
    outcome = _run(check, ctx, cancel_at=at)
    if not outcome.ended:
        yield "goes on after it was cancelled"
    yield from _leftovers(ctx, outcome, "when cancelled, leaves")


def _leftovers(ctx: FakeContext, outcome: _Outcome, verb: str) -> Iterator[str]:
    if ctx.open_sockets:
        yield f"{verb} a socket open"
    if outcome.tasks_left:
        yield f"{verb} a task running"


def _awaits(check: Check[Any], ctx: FakeContext) -> int:
    _run(check, ctx)
    return ctx.awaits


def _run(check: Check[Any], ctx: FakeContext, *, cancel_at: int | None = None, from_s: float = 0.0) -> _Outcome:
    try:
        return run_virtual(_supervised(check, ctx, cancel_at), from_s=from_s)
    except StalledError:
        return _Outcome(None, ended=False, tasks_left=0)


async def _supervised(check: Check[Any], ctx: FakeContext, cancel_at: int | None) -> _Outcome:
    loop = asyncio.get_running_loop()
    interrupted = asyncio.Event()
    task = loop.create_task(check.run(ctx, check.params()))
    waiting = loop.create_task(interrupted.wait())

    def interrupt(count: int) -> None:
        if count == cancel_at:
            loop.call_soon(task.cancel)
            interrupted.set()

    ctx.on_await = interrupt
    longest_s = check.info.budget(ctx.depth).max_seconds
    await asyncio.wait({task, waiting}, timeout=longest_s, return_when=asyncio.FIRST_COMPLETED)
    if interrupted.is_set():
        await asyncio.wait({task}, timeout=_PROMPT_S)
    waiting.cancel()
    ended = task.done()
    if not ended:
        task.cancel()
        await asyncio.wait({task}, timeout=_PROMPT_S)
    tasks_left = asyncio.all_tasks() - {task, waiting, asyncio.current_task()}
    error = task.exception() if task.done() and not task.cancelled() else None
    return _Outcome(error, ended, len(tasks_left))
