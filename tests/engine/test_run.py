"""The engine: budgets, crashes, hangs and interruption cost only what they must."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from callcheck.api import Check, CheckInfo, Context, Evidence, Numbered, Observation, Target
from callcheck.engine.context import RunState
from callcheck.engine.events import Bus, Event, decode_lines, encode_line
from callcheck.engine.plan import make_plan
from callcheck.engine.run import run_plan
from callcheck.net.clock import Clock
from callcheck.words import Failure

Body = Callable[[Context], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class NoParams:
    pass


def check(
    name: str, body: Body, *, seconds: float = 5, max_bytes: int = 10_000, needs: Sequence[str] = ()
) -> Check[Any]:
    class Made:
        info: ClassVar[CheckInfo] = CheckInfo(
            name=name,
            version="1",
            title=name,
            max_seconds=seconds,
            max_bytes=max_bytes,
            discloses="nothing",
            needs=tuple(needs),
        )

        @property
        def params(self) -> type[NoParams]:
            return NoParams

        async def run(self, ctx: Context, params: NoParams) -> None:
            del params
            await body(ctx)

        def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
            del observations
            return ()

    return Made()


async def played(*checks: Check[Any], targets: Sequence[Target] = (), stop_when: str = "") -> list[Event]:
    """The journal of a run of these checks; the run is cancelled when the check `stop_when` has emitted."""
    clock = Clock()
    task: asyncio.Task[bool] | None = None

    def watch(event: Event) -> None:
        if stop_when and event.kind == "observed" and event.check == stop_when:
            assert task is not None
            task.cancel()

    bus = Bus(clock.now_us, [watch])
    state = RunState(targets, "quick", clock, bus)
    plan = make_plan({one.info.name: one.info for one in checks})
    task = asyncio.create_task(run_plan(plan, {one.info.name: one for one in checks}, state, {}))
    await task
    return bus.events


def outcomes(events: Iterable[Event]) -> dict[str, str]:
    return {event.check: event.data["outcome"] for event in events if event.kind == "check_finished"}


def observed(events: Iterable[Event]) -> list[str]:
    return [event.data["op"] for event in events if event.kind == "observed"]


async def says_and_ends(ctx: Context) -> None:
    ctx.emit(Observation(op="test.said"))


def test_a_crash_costs_that_check_alone_and_keeps_what_it_saw() -> None:
    async def crashes(ctx: Context) -> None:
        ctx.emit(Observation(op="test.before"))
        raise KeyError("x")

    events = asyncio.run(played(check("bad", crashes), check("good", says_and_ends)))
    assert outcomes(events) == {"bad": "crashed", "good": "completed"}
    assert sorted(observed(events)) == ["test.before", "test.said"]
    assert events[-1].data == {"complete": True}


def test_a_check_that_hangs_is_stopped_at_its_time_limit() -> None:
    async def hangs(ctx: Context) -> None:
        ctx.emit(Observation(op="test.before"))
        await asyncio.Event().wait()

    events = asyncio.run(played(check("slow", hangs, seconds=0.05), check("next", says_and_ends, needs=["slow"])))
    assert outcomes(events) == {"slow": "timed_out", "next": "completed"}
    assert observed(events) == ["test.before", "test.said"]


def test_a_check_that_will_not_stop_is_left_behind_and_may_say_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callcheck.engine.run.LET_GO_S", 0.05)
    let_go = asyncio.Event()

    async def stubborn(ctx: Context) -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        ctx.emit(Observation(op="test.too_late"))

    async def releases(ctx: Context) -> None:
        let_go.set()
        await asyncio.sleep(0)
        ctx.emit(Observation(op="test.said"))

    events = asyncio.run(played(check("stubborn", stubborn, seconds=0.05), check("next", releases, needs=["stubborn"])))
    assert outcomes(events) == {"stubborn": "timed_out", "next": "completed"}
    assert observed(events) == ["test.said"]


def test_bytes_beyond_the_budget_are_not_sent_and_the_data_stays() -> None:
    target = Target(address="127.0.0.1", port=9)

    async def floods(ctx: Context) -> None:
        sock = await ctx.udp(target)
        assert not isinstance(sock, Failure)
        for number in range(1000):
            sock.send(bytes(100))
            ctx.emit(Observation(op="test.sent", data={"number": number}))

    events = asyncio.run(played(check("flood", floods, max_bytes=1280)))
    assert outcomes(events) == {"flood": "over_budget"}
    assert len(observed(events)) == 10
    finished = next(event for event in events if event.kind == "check_finished")
    assert finished.data["bytes"] <= 1280


def test_interruption_closes_the_journal_and_says_that_it_is_not_complete() -> None:
    async def goes_on(ctx: Context) -> None:
        ctx.emit(Observation(op="test.before"))
        await asyncio.Event().wait()

    async def never(ctx: Context) -> None:
        ctx.emit(Observation(op="test.never"))

    events = asyncio.run(played(check("long", goes_on), check("later", never, needs=["long"]), stop_when="long"))
    assert outcomes(events) == {"long": "interrupted"}
    assert observed(events) == ["test.before"]
    assert (events[-1].kind, events[-1].data) == ("run_finished", {"complete": False})


def test_who_answered_is_known_to_later_checks_and_a_gateway_is_not_among_them() -> None:
    answering = Target(role="control", address="192.0.2.1", port=1, protocol="stun")
    silent = Target(role="control", address="192.0.2.2", port=1, protocol="stun")
    gateway = Target(role="gateway", address="192.0.2.3", transport="icmp")

    async def asks(ctx: Context) -> None:
        ctx.emit(Observation(op="test.ask", target=answering))
        ctx.emit(Observation(op="test.ask", target=silent, failure=Failure.timeout))
        ctx.emit(Observation(op="test.ask", target=gateway))

    async def looks(ctx: Context) -> None:
        assert list(ctx.answered()) == [answering]
        assert list(ctx.answered(role="subject")) == []

    events = asyncio.run(played(check("first", asks), check("second", looks, needs=["first"])))
    assert outcomes(events) == {"first": "completed", "second": "completed"}


def test_a_sink_that_raises_is_dropped_and_the_run_goes_on() -> None:
    def broken(event: Event) -> None:
        raise OSError("disk full")

    bus = Bus(lambda: 0, [broken])
    bus.publish("run_started")
    bus.publish("run_finished")
    assert [event.kind for event in bus.events] == ["run_started", "run_finished"]
    assert bus.failed_sinks == ["OSError: disk full"]


def test_a_journal_survives_its_file_and_a_torn_last_line() -> None:
    events = asyncio.run(played(check("good", says_and_ends)))
    text = b"".join(encode_line(event) for event in events)
    assert list(decode_lines(text)) == events
    assert list(decode_lines(text[:-9])) == events[:-1]
