"""Asks neutral hosts for our reflexive address, with and without the magic cookie (RFC 8489, RFC 3489)."""

from __future__ import annotations

import asyncio

from callcheck.api import Context, Observation, Target
from callcheck.asking import ask
from callcheck.codec import stun

# Under seven questions a second to one host: politeness allows ten.
_SPACING_S = 0.15
_ID_BYTES = {"cookie": 12, "classic": 16}


async def measure(ctx: Context, *, asks: int, timeout_s: float) -> None:
    """All hosts at once, each in its own rhythm with a random phase; one observation a question."""
    hosts = [
        target
        for role in ("control", "domestic")
        for target in ctx.targets(protocol="stun")
        if target.role == role and target.transport == "udp"
    ]
    phases = ctx.random_bytes(len(hosts))
    await asyncio.gather(
        *(
            _ask_host(ctx, host, asks, timeout_s, phase / 255 * _SPACING_S)
            for host, phase in zip(hosts, phases, strict=True)
        )
    )


async def _ask_host(ctx: Context, host: Target, asks: int, timeout_s: float, phase_s: float) -> None:
    forms = ["cookie"] * asks + ["classic"] * min(asks, 2)
    await asyncio.gather(
        *(_ask_once(ctx, host, form, timeout_s, phase_s + turn * _SPACING_S) for turn, form in enumerate(forms))
    )


async def _ask_once(ctx: Context, host: Target, form: str, timeout_s: float, start_s: float) -> None:
    await ctx.sleep(start_s)
    transaction_id = ctx.random_bytes(_ID_BYTES[form])
    question = stun.binding_request(transaction_id, cookie=form == "cookie")

    def ours(datagram: bytes) -> stun.Message | None:
        message = stun.decode(datagram)
        is_ours = isinstance(message, stun.Message) and message.transaction_id == transaction_id
        return message if is_ours and isinstance(message, stun.Message) and message.kind == "success" else None

    answer = await ask(ctx, host, question, ours, timeout_s=timeout_s)
    data: dict[str, object] = {"rtt_ms": answer.rtt_ms} if answer.rtt_ms is not None else {}
    reflexive = stun.reflexive_address(answer.value) if answer.value else None
    if reflexive:
        data |= {"reflexive_address": reflexive[0], "reflexive_port": reflexive[1]}
        data |= {"local_address": answer.local[0], "local_port": answer.local[1]}
    ctx.emit(Observation(op="stun.ask", target=host, form=form, failure=answer.failure, data=data))
