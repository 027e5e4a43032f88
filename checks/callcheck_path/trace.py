"""Growing TTL on 5-tuples that are open already: one TTL at a time, as an ICMP error does not tell which it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from callcheck.api import Context, Datagram, IcmpError, Observation, Target
from callcheck.words import Failure

_MAX_TTL = 8
# Where the living flow has not been reported for so many hops, the routers beyond are silent.
_SILENT_HOPS = 2


@dataclass(frozen=True, slots=True)
class Traced:
    """A 5-tuple that is asked; `shape` is what it is: `dead`, `live` or `fresh`."""

    shape: str
    target: Target
    sock: Datagram
    payload: Callable[[], bytes]


async def trace(
    ctx: Context,
    flows: Sequence[Traced],
    about: dict[str, object],
    wait_s: float,
    *,
    ttls: Sequence[int] = tuple(range(1, _MAX_TTL + 1)),
    turn: int = 0,
) -> list[Observation]:
    """One packet a TTL on each, all in the same instant; one observation each."""
    seen: list[Observation] = []
    silent = 0
    for ttl in ttls:
        data = {**about, "stage": "after", "round": turn, "ttl": ttl}
        at_hop = list(await asyncio.gather(*(_ask(ctx, flow, ttl, data, wait_s) for flow in flows)))
        for one in at_hop:
            ctx.emit(one)
        seen += at_hop
        heard = any(one.form == "live" and one.failure is Failure.expired for one in at_hop)
        silent = 0 if heard else silent + 1
        if silent >= _SILENT_HOPS:
            break
    return seen


async def _ask(ctx: Context, flow: Traced, ttl: int, data: dict[str, object], wait_s: float) -> Observation:
    sent = flow.sock.send(flow.payload(), ttl=ttl)
    until_us = ctx.now_us() + round(wait_s * 1e6)
    failure: Failure | None = sent if isinstance(sent, Failure) else Failure.timeout
    while not isinstance(sent, Failure) and (left_us := until_us - ctx.now_us()) > 0:
        heard = await flow.sock.receive(timeout_s=left_us / 1e6)
        if isinstance(heard, IcmpError):
            data = {**data, "hop": heard.hop, "icmp_type": heard.icmp_type, "icmp_code": heard.icmp_code}
            failure = heard.failure
            break
        if heard is None:
            break
        # The responder itself answered: the TTL was enough to get there, or an answer is late.
    rest_us = until_us - ctx.now_us()
    if rest_us > 0:
        await ctx.sleep(rest_us / 1e6)
    return Observation(op="path.probe", target=flow.target, form=flow.shape, failure=failure, data=data)
