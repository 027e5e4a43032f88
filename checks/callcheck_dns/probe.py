"""Asks the system's resolver and others for the same names at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from callcheck.api import Context, Failure, Observation, Target
from callcheck.asking import Answer, ask

if TYPE_CHECKING:
    from callcheck_dns.question import Question, Reply

_SYSTEM_TIMEOUT_S = 2.5
# Questions to one resolver are this far apart: 20 a second, below the 25 that politeness allows.
_SPACING_S = 0.05
_WRONG_ANSWERS_KEPT = 3
_ASK_AGAIN = {Failure.timeout, Failure.not_ours}


@dataclass(frozen=True, slots=True)
class Name:
    """A name to look up; `service` is empty for a control."""

    name: str
    service: str


async def measure(ctx: Context, *, control_names: Sequence[str], timeout_s: float, tries: int) -> None:
    """One `dns.system` for each name, one `dns.server` for each name, resolver and try; wrong answers on top."""
    from callcheck_dns.question import Question  # noqa: PLC0415 - dnspython is slow to import

    served = {Name(target.host, target.service) for target in ctx.targets() if target.host and target.service}
    names = [*sorted(served, key=lambda name: (name.service, name.name)), *(Name(name, "") for name in control_names)]
    servers = [target for target in ctx.targets(protocol="dns") if target.address and target.transport == "udp"]

    def question(name: str) -> Question:
        return Question(name, int.from_bytes(ctx.random_bytes(2), "big"))

    await asyncio.gather(
        *(_ask_system(ctx, name) for name in names),
        *(
            _ask_server(ctx, server, name, question, start_s=turn * _SPACING_S, timeout_s=timeout_s, tries=tries)
            for server in servers
            for turn, name in enumerate(names)
        ),
    )


async def _ask_system(ctx: Context, name: Name) -> None:
    started_us = ctx.now_us()
    try:
        async with asyncio.timeout(_SYSTEM_TIMEOUT_S):
            found = await ctx.resolve(name.name)
    except TimeoutError:
        found = Failure.resolver_timeout
    addresses = [] if isinstance(found, Failure) else list(found)
    failure = found if isinstance(found, Failure) else None if addresses else Failure.name_empty
    data = {
        "name": name.name,
        "service": name.service,
        "took_ms": round((ctx.now_us() - started_us) / 1000, 3),
        "addresses_count": len(addresses),
        "addresses": addresses,
    }
    ctx.emit(Observation(op="dns.system", form="a", failure=failure, data=data))


async def _ask_server(
    ctx: Context,
    server: Target,
    name: Name,
    question: Callable[[str], Question],
    *,
    start_s: float,
    timeout_s: float,
    tries: int,
) -> None:
    await ctx.sleep(start_s)
    for number in range(1, tries + 1):
        answer = await _ask_once(ctx, server, name, question(name.name), timeout_s)
        reply = answer.value
        data: dict[str, object] = {"name": name.name, "service": name.service, "try": number}
        if reply is not None:
            data |= {"addresses_count": len(reply.addresses), "addresses": list(reply.addresses)}
            data["rtt_ms"] = answer.rtt_ms
        failure = reply.failure if reply is not None else answer.failure
        ctx.emit(Observation(op="dns.server", target=server, form="query", failure=failure, data=data))
        if failure not in _ASK_AGAIN:
            return


async def _ask_once(ctx: Context, server: Target, name: Name, question: Question, timeout_s: float) -> Answer[Reply]:
    wrong_answers = 0

    def read(datagram: bytes) -> Reply | None:
        nonlocal wrong_answers
        reply = question.read(datagram)
        if not isinstance(reply, Failure):
            return reply
        wrong_answers += 1
        if wrong_answers <= _WRONG_ANSWERS_KEPT:
            data = {"name": name.name, "service": name.service, "wrong_answer": wrong_answers}
            ctx.emit(Observation(op="dns.server", target=server, form="query", failure=reply, data=data))
        return None

    return await ask(ctx, server, question.payload, read, timeout_s=timeout_s)
