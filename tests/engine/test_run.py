"""The engine: budgets, crashes, hangs and interruption cost only what they must."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from callcheck.api import (
    Arm,
    Budget,
    Check,
    CheckInfo,
    Context,
    Datagram,
    Evidence,
    IcmpError,
    Numbered,
    Observation,
    Target,
)
from callcheck.engine import plan as planning
from callcheck.engine.context import RunState
from callcheck.engine.events import Bus, Event, Pump, decode_lines, encode_line
from callcheck.engine.plan import Plan, make_plan
from callcheck.engine.run import Shorten, run_plan
from callcheck.net.clock import Clock
from callcheck.words import Depth, Failure

Body = Callable[[Context], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class NoParams:
    pass


def check(
    name: str,
    body: Body,
    *,
    seconds: float = 5,
    max_bytes: int = 10_000,
    needs: Sequence[str] = (),
    alone: bool = False,
    first_look: bool = False,
    at_depth: Mapping[Depth, Budget] | None = None,
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
            alone=alone,
            first_look=first_look,
            at_depth=at_depth or {},
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


async def played(
    *checks: Check[Any],
    targets: Sequence[Target] = (),
    stop_when: str = "",
    shorten: Shorten | None = None,
    depth: Depth = "quick",
    looks: bool = False,
) -> list[Event]:
    """The journal of a run of these checks, with a first look where there is to be one; the run is cancelled when the
    check `stop_when` has emitted."""
    clock = Clock()
    task: asyncio.Task[bool] | None = None

    def watch(event: Event) -> None:
        if stop_when and event.kind == "observed" and event.check == stop_when:
            assert task is not None
            task.cancel()

    bus = Bus(clock.now_us, [watch])
    state = RunState(targets, depth, clock, bus)
    by_name = {one.info.name: one for one in checks}
    infos = {name: one.info for name, one in by_name.items()}
    plan = make_plan(infos, "quick")
    seen_first = planning.first_look(plan, infos, depth) if looks else ()
    run = run_plan(plan, by_name, state, {}, first_look=seen_first, shorten=shorten or (lambda rest: (rest, "")))
    task = asyncio.create_task(run)
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


def test_a_journal_survives_its_file_and_a_torn_last_line() -> None:
    events = asyncio.run(played(check("good", says_and_ends)))
    text = b"".join(encode_line(event) for event in events)
    assert list(decode_lines(text)) == events
    assert list(decode_lines(text[:-9])) == events[:-1]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Observation(op="x", failure="bogus"),  # type: ignore[arg-type]  # what a careless plugin does
        lambda: Observation(op="x", data={"text": "\udcff"}),
        lambda: Observation(op="x", data=[1]),  # type: ignore[arg-type]  # as above
        lambda: Observation(op="x", target=Target(port="80")),  # type: ignore[arg-type]  # as above
        lambda: Observation(op="x", data={"thing": object()}),
    ],
    ids=["failure", "surrogate", "list", "port", "object"],
)
def test_an_observation_that_no_journal_can_hold_costs_the_check_that_made_it(wrong: Callable[[], Observation]) -> None:
    async def careless(ctx: Context) -> None:
        ctx.emit(wrong())

    events = asyncio.run(played(check("careless", careless), check("good", says_and_ends)))
    assert outcomes(events) == {"careless": "crashed", "good": "completed"}
    assert list(decode_lines(b"".join(encode_line(event) for event in events))) == events


def test_a_check_that_exits_or_groups_its_errors_ends_alone() -> None:
    async def leaves(ctx: Context) -> None:
        sys.exit(3)

    async def floods(ctx: Context) -> None:
        sock = await ctx.udp(Target(address="127.0.0.1", port=9))
        assert not isinstance(sock, Failure)
        async with asyncio.TaskGroup() as group:
            group.create_task(_send_much(sock))

    events = asyncio.run(played(check("leaves", leaves), check("floods", floods, max_bytes=500)))
    assert outcomes(events) == {"leaves": "crashed", "floods": "over_budget"}


async def _send_much(sock: Datagram) -> None:
    for _ in range(100):
        sock.send(bytes(100))


def test_bytes_that_come_over_tcp_count_towards_the_budget() -> None:
    async def pour(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while True:
                writer.write(bytes(65_536))
                await writer.drain()

    async def run() -> list[Event]:
        server = await asyncio.start_server(pour, "127.0.0.1", 0)
        target = Target(address="127.0.0.1", port=server.sockets[0].getsockname()[1], transport="tcp")

        async def drinks(ctx: Context) -> None:
            stream = await ctx.tcp(target)
            assert not isinstance(stream, Failure | IcmpError)
            while True:
                await stream.receive(max_bytes=4096, timeout_s=2)

        async with server:
            return await played(check("drinks", drinks, max_bytes=20_000))

    events = asyncio.run(run())
    assert outcomes(events) == {"drinks": "over_budget"}
    finished = next(event for event in events if event.kind == "check_finished")
    assert finished.data["bytes"] <= 20_000


def test_flows_that_would_break_the_budget_do_not_start() -> None:
    async def streams(ctx: Context) -> None:
        arm = Arm(name="a", target=Target(address="127.0.0.1", port=9), codec=NoCodec(), rate_pps=25)
        async for _ in ctx.flows([arm], seconds=30):
            ctx.emit(Observation(op="test.second"))

    events = asyncio.run(played(check("streams", streams, max_bytes=10_000)))
    assert (outcomes(events), observed(events)) == ({"streams": "over_budget"}, [])


class NoCodec:
    legs = 1
    packets_per_port = 0
    ready = True
    far_received: int | None = None

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:
        return ()

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:
        return 0, b""

    def received(self, leg: int, datagram: bytes) -> int | None:
        return None


def test_a_name_is_looked_up_once_for_all_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def look_up(host: str, *, ipv6: bool) -> Sequence[str]:
        assert not ipv6
        asked.append(host)
        await asyncio.sleep(0)
        return ("192.0.2.7", "192.0.2.8")

    monkeypatch.setattr("callcheck.net.resolve.resolve", look_up)

    async def resolves(ctx: Context) -> None:
        assert list(await ctx.resolve("relay.example")) == ["192.0.2.7", "192.0.2.8"]

    events = asyncio.run(played(check("one", resolves), check("two", resolves)))
    assert outcomes(events) == {"one": "completed", "two": "completed"}
    assert asked == ["relay.example"]


def test_a_slow_sink_holds_nothing_up_and_still_hears_everything() -> None:
    """The reader takes its first event only when the run is over."""
    over = threading.Event()
    heard: list[str] = []

    def slow(event: Event) -> None:
        over.wait(10)
        heard.append(event.kind)

    pump = Pump(slow)
    bus = Bus(lambda: 0, [pump])
    for kind in ("run_started", "check_started", "run_finished"):
        bus.publish(kind)
    assert heard == []
    over.set()
    pump.close()
    assert heard == ["run_started", "check_started", "run_finished"]


def test_a_sink_that_breaks_in_its_thread_is_remembered() -> None:
    def broken(event: Event) -> None:
        raise OSError("disk full")

    pump = Pump(broken)
    Bus(lambda: 0, [pump]).publish("run_started")
    pump.close()
    assert isinstance(pump.failure, OSError)


def test_what_is_left_out_is_written_down_with_its_reason_and_the_rest_runs_as_at_quick() -> None:
    depths: list[str] = []

    async def looks(ctx: Context) -> None:
        depths.append(ctx.depth)

    def shorten(rest: Plan) -> tuple[Plan, str]:
        return tuple(stage for stage in rest if "slow" not in stage), "allow_list"

    async def run() -> list[Event]:
        return await played(
            check("first", looks),
            check("slow", looks, needs=("first",)),
            check("last", looks, needs=("slow",)),
            shorten=shorten,
            depth="deep",
        )

    events = asyncio.run(run())
    assert outcomes(events) == {"first": "completed", "slow": "skipped", "last": "completed"}
    (skipped,) = (event for event in events if event.check == "slow")
    assert skipped.data["note"] == "allow_list"
    assert depths == ["deep", "quick"]


def test_a_check_waits_for_those_it_needs_and_for_no_other() -> None:
    order: list[str] = []

    def says(name: str, *, seconds: float = 0.0) -> Body:
        async def body(ctx: Context) -> None:
            await ctx.sleep(seconds)
            order.append(name)

        return body

    asyncio.run(
        played(
            check("first", says("first")),
            check("long", says("long", seconds=0.3), needs=("first",)),
            check("short", says("short"), needs=("first",)),
            check("after short", says("after short"), needs=("short",)),
            check("after long", says("after long"), needs=("long",)),
        )
    )
    assert order == ["first", "short", "after short", "long", "after long"]


def test_checks_that_may_begin_at_one_moment_begin_in_the_order_of_the_plan() -> None:
    async def last(ctx: Context) -> None:
        await ctx.sleep(0.02)

    events = asyncio.run(
        played(
            check("a", says_and_ends),
            check("b", last),
            # This one has waited for b from the start, the one before it only since a had ended.
            check("d", says_and_ends, needs=["b"]),
            check("c", says_and_ends, needs=["a", "b"]),
        )
    )
    assert [event.check for event in events if event.kind == "check_started"] == ["a", "b", "c", "d"]
