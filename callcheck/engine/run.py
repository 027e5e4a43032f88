"""Runs a plan: one task a check, each with its own budget; whatever happens to one, the others' data stays."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from callcheck.api import BudgetExceededError, Check
from callcheck.engine.context import RealContext, RunState
from callcheck.engine.events import CheckOutcome, Event
from callcheck.engine.plan import Plan, segments, without
from callcheck.words import Depth

# How long a cancelled check may take to let go before it is left behind.
LET_GO_S = 1.0

Settled = Callable[[], None]
# What is still worth doing of the stages that are left, and in a word why not all of it.
Shorten = Callable[[Plan], tuple[Plan, str]]


def _all_of_it(rest: Plan) -> tuple[Plan, str]:
    return rest, ""


async def run_plan(
    plan: Plan,
    checks: Mapping[str, Check[Any]],
    state: RunState,
    header: Mapping[str, Any],
    *,
    first_look: Plan = (),
    earlier: Iterable[Event] = (),
    settled: Settled = lambda: None,
    shorten: Shorten = _all_of_it,
) -> bool:
    """Run every stage and write the journal on `state.bus`. True if the run came to its end.

    `header` goes into run_started; `first_look` runs as at quick beside the first segment, and at quick not again.
    `earlier` are the events of the run that this one continues, without its first and last: they come before its own.
    `settled` is called whenever a check has finished, so that somebody above can judge what is known so far.
    `shorten` is asked after each segment: once it leaves something out, what remains runs as at quick.
    Cancellation (Ctrl-C) ends the run early: the journal is closed with `complete: false` and False is returned.
    """
    _begin(state, header, earlier, settled)
    complete = True
    try:
        waiting = segments(plan, {name: checks[name].info for stage in plan for name in stage})
        looks = [_run_segment(first_look, checks, state, settled, depth="quick")] if first_look else []
        seen = {name for stage in first_look for name in stage} if state.depth == "quick" else set()
        waiting = tuple(left for segment in waiting if (left := without(segment, seen)))
        while waiting:
            await asyncio.gather(_run_segment(waiting[0], checks, state, settled), *looks)
            looks = []
            waiting = _shortened(waiting[1:], shorten, state)
    except asyncio.CancelledError:
        complete = False
    finally:
        await _drop_lookups(state)
    state.bus.publish("run_finished", data={"complete": complete})
    return complete


def _begin(state: RunState, header: Mapping[str, Any], earlier: Iterable[Event], settled: Settled) -> None:
    """A run begins, or goes on: then its beginning stands before what happened since."""
    began = Event(seq=0, t_us=0, kind="run_started", data=dict(header))
    before = list(earlier)
    if not before:
        state.bus.repeat(msgspec.structs.replace(began, t_us=state.clock.now_us()))
        return
    state.bus.repeat(began)
    for event in before:
        state.go_on_from(event)
    with contextlib.suppress(Exception):  # as after a check
        settled()


async def _run_segment(
    segment: Plan, checks: Mapping[str, Check[Any]], state: RunState, settled: Settled, depth: Depth | None = None
) -> None:
    """Every check of the segment, each as soon as those have ended that it needs, and those of one moment in the order
    of the plan; at the run's depth unless another is given."""
    may_begin = {name: asyncio.Event() for stage in segment for name in stage}
    waiting_for = {name: set(checks[name].info.needs) & may_begin.keys() for name in may_begin}

    def let_begin() -> None:
        for name, needs in waiting_for.items():
            if not needs:
                may_begin[name].set()

    async def run(name: str) -> None:
        await may_begin[name].wait()
        await _run_check(checks[name], state, settled, depth)
        for needs in waiting_for.values():
            needs.discard(name)
        let_begin()

    let_begin()
    async with asyncio.TaskGroup() as group:
        for name in may_begin:
            group.create_task(run(name), name=f"check {name}")


def _shortened(waiting: tuple[Plan, ...], shorten: Shorten, state: RunState) -> tuple[Plan, ...]:
    """The segments that are left, without what `shorten` leaves out of them."""
    rest = tuple(stage for segment in waiting for stage in segment)
    kept, reason = shorten(rest)
    names = {name for stage in kept for name in stage}
    left_out = [name for stage in rest for name in stage if name not in names]
    if left_out:
        state.depth = "quick"
    for name in left_out:
        state.bus.publish("check_finished", name, {"outcome": "skipped", "note": reason})
    still = (tuple(tuple(name for name in stage if name in names) for stage in segment) for segment in waiting)
    return tuple(segment for segment in still if any(segment))


async def _run_check(check: Check[Any], state: RunState, settled: Settled, depth: Depth | None) -> None:
    name = check.info.name
    context = RealContext(state, check.info, depth)
    state.bus.publish("check_started", name, _how_it_starts(check, state, depth))
    outcome: CheckOutcome = "interrupted"
    note = ""
    try:
        task = asyncio.create_task(_started(check, context))
        outcome, note = await _watched(task, check.info.budget(context.depth).max_seconds)
    finally:
        context.close()
        ending = {"outcome": outcome, "note": note, "bytes": context.spent_bytes, "hosts": context.moved()}
        state.bus.publish("check_finished", name, ending)
        with contextlib.suppress(Exception):  # who looks on may not cost the run; the last look will raise it again
            settled()


def _how_it_starts(check: Check[Any], state: RunState, depth: Depth | None) -> dict[str, Any]:
    if depth:
        return {"first_look": True}
    # What it observed before is then left out by whoever reads the journal.
    return {"again": True} if check.info.name in state.begun and not check.info.adds_up else {}


async def _started(check: Check[Any], context: RealContext) -> None:
    try:
        await check.run(context, check.params())
    except SystemExit as error:  # asyncio would end the whole loop for it
        raise RuntimeError("the check called sys.exit") from error


async def _watched(task: asyncio.Task[None], max_seconds: float) -> tuple[CheckOutcome, str]:
    try:
        await asyncio.wait({task}, timeout=max_seconds)
    except asyncio.CancelledError:
        await _cancelled(task)
        raise
    if not task.done():
        if not await _cancelled(task):
            return "timed_out", "did not stop when told to"
        return "timed_out", f"took longer than {max_seconds:g} s"
    if task.cancelled():
        return "crashed", "cancelled itself"
    return _outcome_of(task.exception())


def _outcome_of(error: BaseException | None) -> tuple[CheckOutcome, str]:
    if error is None:
        return "completed", ""
    while isinstance(error, BaseExceptionGroup):  # from a check that uses a TaskGroup: its first reason is the reason
        error = error.exceptions[0]
    if isinstance(error, BudgetExceededError):
        return "over_budget", str(error)
    return "crashed", f"{type(error).__name__}: {error}".splitlines()[0][:200]


async def _cancelled(task: asyncio.Task[None]) -> bool:
    """Ask the task to stop and see whether it does."""
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=LET_GO_S)
    for finished in done:
        with contextlib.suppress(asyncio.CancelledError):
            finished.exception()
    return bool(done)


async def _drop_lookups(state: RunState) -> None:
    for lookup in state.names.values():
        lookup.cancel()
    await asyncio.gather(*state.names.values(), return_exceptions=True)
