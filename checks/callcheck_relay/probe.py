"""Asks every call endpoint in every form it might answer, politely and in random order."""

from __future__ import annotations

import asyncio

from callcheck.api import Context, Observation, Target
from callcheck.asking import ask
from callcheck.codec.questions import FORMS

# Under seven questions a second to one relay: politeness allows ten.
_SPACING_S = 0.15


async def measure(ctx: Context, *, asks: int, timeout_s: float) -> None:
    """All endpoints at once, each in its own rhythm with a random phase; one observation a question."""
    endpoints = [target for target in ctx.targets(role="subject", function="calls") if target.protocol in FORMS]
    phases = ctx.random_bytes(len(endpoints))
    await asyncio.gather(
        *(
            _ask_endpoint(ctx, endpoint, asks, timeout_s, phase / 255 * _SPACING_S)
            for endpoint, phase in zip(endpoints, phases, strict=True)
        )
    )


async def _ask_endpoint(ctx: Context, endpoint: Target, asks: int, timeout_s: float, phase_s: float) -> None:
    turns = [form for _ in range(asks) for form in FORMS[endpoint.protocol]]
    await asyncio.gather(
        *(_ask_once(ctx, endpoint, form, timeout_s, phase_s + turn * _SPACING_S) for turn, form in enumerate(turns))
    )


async def _ask_once(ctx: Context, endpoint: Target, form: str, timeout_s: float, start_s: float) -> None:
    await ctx.sleep(start_s)
    question = FORMS[endpoint.protocol][form](ctx.random_bytes)

    def read(datagram: bytes) -> bool | None:
        return True if question.answers(datagram) else None

    answer = await ask(ctx, endpoint, question.payload, read, timeout_s=timeout_s)
    data: dict[str, object] = {"source_port": answer.local[1], "limit_ms": round(timeout_s * 1000)}
    if answer.rtt_ms is not None:
        data["rtt_ms"] = answer.rtt_ms
    if answer.hop:
        data["refused_by_target"] = answer.hop == endpoint.address
    ctx.emit(Observation(op="relay.ask", target=endpoint, form=form, failure=answer.failure, data=data))
