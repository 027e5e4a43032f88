"""The first look: what runs as at quick beside the first stage, so that a gross block is known within seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from callcheck import session
from callcheck.api import Budget, Context, Observation
from callcheck.engine.events import Event
from callcheck.engine.plan import Plan, make_plan
from callcheck.model import Tool
from callcheck.words import Depth
from tests.engine.test_run import check, observed, played, says_and_ends


class Watched:
    """A check's body that notes at which depth it runs, and how many of it run at a time. It ends at once, or when
    `until` is set, and then sets `then`."""

    def __init__(self, until: asyncio.Event | None = None, then: asyncio.Event | None = None) -> None:
        self.until, self.then = until, then
        self.depths: list[str] = []
        self.running = self.most_running = 0

    async def __call__(self, ctx: Context) -> None:
        self.depths.append(ctx.depth)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            ctx.emit(Observation(op="test.began"))
            if self.until is not None:
                await self.until.wait()
            if self.then is not None:
                self.then.set()
        finally:
            self.running -= 1


def started(events: Iterable[Event]) -> list[tuple[str, dict[str, Any]]]:
    return [(event.check, dict(event.data)) for event in events if event.kind == "check_started"]


def endings(events: Iterable[Event]) -> list[tuple[str, str]]:
    return [(event.check, event.data["outcome"]) for event in events if event.kind == "check_finished"]


_AT_FIRST = {"first_look": True}


@pytest.mark.parametrize("depth", ["standard", "deep"])
def test_a_longer_run_has_its_first_look_as_at_quick_beside_the_first_stage_and_then_runs_all(depth: Depth) -> None:
    async def run() -> tuple[list[Event], Watched]:
        looked = asyncio.Event()
        relay = Watched(then=looked)
        # The first stage ends only when the first look was there: one after the other they would wait for ever.
        link, stream = Watched(until=looked), Watched()
        events = await played(
            check("link", link),
            check("relay", relay, needs=["link"], first_look=True),
            check("stream", stream, needs=["relay"]),
            depth=depth,
            looks=True,
        )
        assert (link.depths, stream.depths) == ([depth], [depth])
        return events, relay

    events, relay = asyncio.run(run())
    assert relay.depths == ["quick", depth]
    assert sorted(started(events)[:2], key=lambda one: one[0]) == [("link", {}), ("relay", _AT_FIRST)]
    assert started(events)[2:] == [("relay", {}), ("stream", {})]
    assert [outcome for _, outcome in endings(events)] == ["completed"] * 4


def test_at_quick_all_that_bear_company_start_beside_the_first_stage_and_nothing_runs_twice() -> None:
    async def run() -> list[Event]:
        looked = asyncio.Event()
        bodies = {name: Watched() for name in ("relay", "stream")}
        path = Watched(then=looked)
        events = await played(
            check("link", Watched(until=looked)),
            check("relay", bodies["relay"], needs=["link"], first_look=True),
            check("path", path, needs=["relay"]),
            check("stream", bodies["stream"], needs=["link"], alone=True, first_look=True),
            looks=True,
        )
        assert [one.depths for one in (path, *bodies.values())] == [["quick"]] * 3
        return events

    events = asyncio.run(run())
    names = [name for name, _ in started(events)]
    assert sorted(names) == ["link", "path", "relay", "stream"]
    assert names.index("relay") < names.index("path") < names.index("stream")
    assert endings(events)[-2:] == [("link", "completed"), ("stream", "completed")]
    assert {name for name, data in started(events) if data == _AT_FIRST} == {"relay", "path"}


def test_a_check_never_runs_twice_at_the_same_time() -> None:
    """The first look lasts longer than the first stage."""

    async def run() -> tuple[list[Event], Watched]:
        free = asyncio.Event()
        relay = Watched(until=free)

        async def ends_early(ctx: Context) -> None:
            asyncio.get_running_loop().call_later(0.05, free.set)

        events = await played(
            check("link", ends_early),
            check("relay", relay, needs=["link"], first_look=True),
            depth="deep",
            looks=True,
        )
        return events, relay

    events, relay = asyncio.run(run())
    assert (relay.depths, relay.most_running) == (["quick", "deep"], 1)
    assert endings(events)[0] == ("link", "completed")
    assert endings(events)[1:] == [("relay", "completed")] * 2


def test_a_first_look_has_the_time_that_quick_has_and_its_failure_costs_the_run_nothing() -> None:
    async def lasts(ctx: Context) -> None:
        ctx.emit(Observation(op=f"test.{ctx.depth}"))
        await ctx.sleep(0.2)
        ctx.emit(Observation(op=f"test.{ctx.depth}.end"))

    async def breaks(ctx: Context) -> None:
        if ctx.depth == "quick":
            raise KeyError("x")

    events = asyncio.run(
        played(
            check("link", says_and_ends),
            check("relay", lasts, needs=["link"], first_look=True, at_depth={"quick": Budget(0.05, 1000)}),
            check("text", breaks, needs=["link"], first_look=True),
            depth="deep",
            looks=True,
        )
    )
    assert [outcome for name, outcome in endings(events) if name == "relay"] == ["timed_out", "completed"]
    assert [outcome for name, outcome in endings(events) if name == "text"] == ["crashed", "completed"]
    assert [op for op in observed(events) if op != "test.said"] == ["test.quick", "test.deep", "test.deep.end"]
    assert events[-1].data == {"complete": True}


@pytest.mark.parametrize("depth", ["quick", "deep"])
def test_ctrl_c_during_the_first_look_ends_it_and_the_run(depth: Depth) -> None:
    async def run() -> tuple[list[Event], Watched]:
        relay, never = Watched(until=asyncio.Event()), asyncio.Event()
        events = await played(
            check("link", Watched(until=never)),
            check("relay", relay, needs=["link"], first_look=True),
            check("stream", says_and_ends, needs=["relay"]),
            stop_when="relay",
            depth=depth,
            looks=True,
        )
        return events, relay

    events, relay = asyncio.run(run())
    assert sorted(endings(events)) == [("link", "interrupted"), ("relay", "interrupted")]
    assert (relay.depths, relay.running) == (["quick"], 0)
    assert (events[-1].kind, events[-1].data) == ("run_finished", {"complete": False})


@pytest.mark.parametrize(
    ("request_", "looked"),
    [
        (session.Request(depth="deep"), (("relay",),)),
        (session.Request(depth="quick"), (("relay", "speed"),)),
        (session.Request(depth="deep", only=("link", "relay")), ()),
        (session.Request(depth="quick", only=("link", "relay")), ()),
    ],
)
def test_whoever_asks_for_certain_checks_gets_no_first_look(
    monkeypatch: pytest.MonkeyPatch, request_: session.Request, looked: Plan
) -> None:
    asked: list[Plan] = []

    async def run_plan(*_args: Any, first_look: Plan, **_more: Any) -> bool:
        asked.append(first_look)
        return True

    monkeypatch.setattr("callcheck.engine.run.run_plan", run_plan)
    checks = {
        one.info.name: one
        for one in (
            check("link", says_and_ends),
            check("relay", says_and_ends, needs=["link"], first_look=True),
            check("speed", says_and_ends, needs=["link"]),
        )
    }
    plan = make_plan({name: one.info for name, one in checks.items()}, request_.depth, only=request_.only)
    tool = Tool(name="callcheck", version="0", plugins=())
    assert asyncio.run(session.measure(session.Prepared(request_, plan, checks, (), (), tool))) == []
    assert asked == [looked]
