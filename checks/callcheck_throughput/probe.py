"""Idle, then a download, then an upload, while two neutral hosts are asked for their round-trip time all along."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from callcheck.api import Context, Failure, Observation, Target
from callcheck.asking import ask
from callcheck.codec import stun
from callcheck_throughput import backend, web
from callcheck_throughput.mini import MiniTest
from callcheck_throughput.moved import Moved

_HOSTS = 2
# Five questions a second to one host: politeness allows ten.
_SPACING_S = 0.2
_IDLE_S = 2.0
_ANSWER_S = 1.4
_PREPARE_S = 1.6

Transfer = Callable[[str, Moved, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Server:
    """What loads the line, and how: `kind` is `mini` or `web`; `transfer` gets direction, books and end."""

    target: Target
    kind: str
    transfer: Transfer


@dataclass(frozen=True, slots=True)
class Plan:
    """At most so many bytes and seconds each way."""

    limit_bytes: int
    seconds: float


async def measure(ctx: Context, plan: Plan) -> None:
    """One observation a question, and one a direction; nothing where there is no server to load the line with."""
    minis = ctx.targets(role="control", protocol="speedtest")
    sites = ctx.targets(role="control", protocol="speed")
    if not minis and not sites:
        return
    megabytes = max(1, plan.limit_bytes // 1_000_000)
    ctx.progress(0.0, f"this moves up to {megabytes} MB down and {megabytes} MB up")
    hosts = _hosts(ctx)
    mini, _ = await asyncio.gather(_prepared(ctx, minis), _ask_all(ctx, hosts, "idle", _IDLE_S))
    if mini is not None:
        target, test = mini
        await _load(ctx, plan, hosts, _mini_server(ctx, target, test))
    elif sites:
        await _load(ctx, plan, hosts, _web_server(ctx, sites[0]))


def _mini_server(ctx: Context, target: Target, test: MiniTest) -> _Server:
    async def transfer(direction: str, moved: Moved, until_us: int) -> None:
        await backend.transfer(ctx, target, test, direction, moved=moved, until_us=until_us)

    return _Server(target, "mini", transfer)


def _web_server(ctx: Context, target: Target) -> _Server:
    async def transfer(direction: str, moved: Moved, until_us: int) -> None:
        await web.transfer(ctx, target, direction, moved=moved, until_us=until_us)

    return _Server(target, "web", transfer)


async def _prepared(ctx: Context, minis: Sequence[Target]) -> tuple[Target, MiniTest] | None:
    """The first mini server that answers in time; why the others did not is noted."""
    for target in minis[:1]:
        test = await backend.prepare(ctx, target, _PREPARE_S)
        if isinstance(test, MiniTest):
            return target, test
        ctx.emit(Observation(op="throughput.prepare", target=target, form="mini", failure=test))
    return None


def _hosts(ctx: Context) -> Sequence[Target]:
    """Two STUN hosts of different networks, those that bear most first; better such as answered earlier in the run."""
    known = ctx.answered(role="control", protocol="stun") or ctx.targets(role="control", protocol="stun")
    by_network: dict[str, Target] = {}
    for host in sorted(known, key=lambda one: (not one.large, not one.address)):
        by_network.setdefault(host.network, host)
    return tuple(by_network.values())[:_HOSTS]


async def _load(ctx: Context, plan: Plan, hosts: Sequence[Target], server: _Server) -> None:
    for direction, fraction in (("down", 0.2), ("up", 0.6)):
        ctx.progress(fraction)
        started_us = ctx.now_us()
        moved = Moved(ctx.now_us, plan.limit_bytes)
        over = asyncio.Event()
        asking = asyncio.create_task(_ask_all(ctx, hosts, direction, plan.seconds, over))
        try:
            await server.transfer(direction, moved, started_us + round(plan.seconds * 1e6))
            data = {**moved.data(started_us), "backend": server.kind}
            # Those that were asked while the line was busy are waited for; nobody is asked any more.
            over.set()
            await asking
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        failure = None if moved.confirmed_bytes else Failure.other if moved.failed else Failure.timeout
        ctx.emit(
            Observation(op="throughput.transfer", target=server.target, form=direction, failure=failure, data=data)
        )


async def _ask_all(
    ctx: Context, hosts: Sequence[Target], phase: str, seconds: float, over: asyncio.Event | None = None
) -> None:
    """Ask every host on a new port every 200 ms, until `over`, and wait for the answers."""
    asked: set[asyncio.Task[None]] = set()
    try:
        for _ in range(max(1, round(seconds / _SPACING_S))):
            if over is not None and over.is_set():
                break
            asked |= {asyncio.create_task(_ask_once(ctx, host, phase)) for host in hosts}
            await ctx.sleep(_SPACING_S)
        await asyncio.gather(*asked)
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


async def _ask_once(ctx: Context, host: Target, phase: str) -> None:
    transaction_id = ctx.random_bytes(12)

    def ours(datagram: bytes) -> bool | None:
        message = stun.decode(datagram)
        is_ours = isinstance(message, stun.Message) and message.transaction_id == transaction_id
        return True if is_ours and isinstance(message, stun.Message) and message.kind == "success" else None

    answer = await ask(ctx, host, stun.binding_request(transaction_id), ours, timeout_s=_ANSWER_S)
    data: dict[str, object] = {"rtt_ms": answer.rtt_ms} if answer.rtt_ms is not None else {}
    ctx.emit(Observation(op="throughput.ask", target=host, form=phase, failure=answer.failure, data=data))
