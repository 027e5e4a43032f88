"""Greets every chat server as its own app would, and compares names, time and size where the depth allows it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from callcheck.api import Context, Depth, Observation, Target
from callcheck_messaging.forms import ASKED, FORMS
from callcheck_messaging.hold import Slots, hold
from callcheck_messaging.names import compare_names
from callcheck_messaging.talk import Asked, Limits, ask_anew
from callcheck_messaging.transfers import measure_transfers


@dataclass(frozen=True, slots=True)
class _Plan:
    """Seconds count from the beginning. `size_bytes` is that of a download; 0: nothing is transferred."""

    whole_s: float
    names_s: float
    tries: int
    holds_s: tuple[float, ...] = ()
    size_bytes: int = 0


# The transfers wait until the others have had a line to themselves: what is measured beside them must not suffer.
_TRANSFERS_FROM_S = 3.0
_PLANS: dict[Depth, _Plan] = {
    "quick": _Plan(whole_s=4.8, names_s=4.6, tries=2),
    "standard": _Plan(whole_s=19.4, names_s=8.0, tries=3, holds_s=(5.0, 15.0), size_bytes=65_536),
    "deep": _Plan(whole_s=23.4, names_s=8.0, tries=3, holds_s=(5.0, 15.0), size_bytes=200_000),
}


async def measure(ctx: Context, *, connect_s: float, answer_s: float) -> None:
    """All endpoints at once; one `messaging.ask` for each endpoint and form. Quick asks an endpoint in one form and
    takes the next form for the next endpoint; the other depths ask each in all forms."""
    plan, started_us = _PLANS[ctx.depth], ctx.now_us()
    limits = Limits(connect_s, answer_s)
    slots = Slots(plan.holds_s, started_us + round(plan.whole_s * 1e6))
    names_us = started_us + round(plan.names_s * 1e6)
    await asyncio.gather(
        _ask_all(ctx, slots, limits),
        compare_names(ctx, tries=plan.tries, limits=limits, until_us=names_us),
        _transfers(ctx, plan, slots, limits),
    )


async def _ask_all(ctx: Context, slots: Slots, limits: Limits) -> None:
    subjects = ctx.targets(role="subject", function="messaging")
    texts = [target for target in subjects if target.protocol in ASKED and target.transport == "tcp"]
    controls = [target for target in ctx.targets(role="control", protocol="tcp") if target.transport == "tcp"]
    first_form = ctx.random_bytes(1)[0]

    def forms(target: Target, turn: int) -> list[str]:
        every = list(FORMS[target.protocol])
        return [every[(first_form + turn) % len(every)]] if ctx.depth == "quick" else every

    asks = [
        _ask(ctx, target, form, slots, limits)
        for turn, target in enumerate([*texts, *controls])
        for form in forms(target, turn)
    ]
    neutral = list(ctx.targets(role="control", protocol="portal"))[:1] if slots.after_s else []
    await asyncio.gather(*asks, *(_ask(ctx, target, "empty", slots, limits) for target in neutral))


async def _ask(ctx: Context, target: Target, form: str, slots: Slots, limits: Limits) -> None:
    asked = await ask_anew(ctx, target, form, limits)
    try:
        # The neutral page is not asked about, only held.
        if target.protocol != "portal":
            ctx.emit(_observed(asked, form))
        if asked.heard.failure is None and asked.conversation is not None:
            slots.answered.setdefault(asked.target.endpoint, asked.target)
            if slots.take(asked.target, form):
                await hold(ctx, asked, form, slots, limits)
    finally:
        if asked.stream is not None:
            await asked.stream.close()


def _observed(asked: Asked, form: str) -> Observation:
    data: dict[str, object] = {}
    if asked.stream is not None:
        data = {"opened": True, "connect_ms": round(asked.stream.connect_ms, 3)}
    elif asked.target.address:
        data = {"opened": False}
    if asked.rtt_ms is not None:
        data["rtt_ms"] = asked.rtt_ms
    if asked.heard.error_code is not None:
        data["error_code"] = asked.heard.error_code
    return Observation(op="messaging.ask", target=asked.target, form=form, failure=asked.heard.failure, data=data)


async def _transfers(ctx: Context, plan: _Plan, slots: Slots, limits: Limits) -> None:
    if not plan.size_bytes:
        return
    await ctx.sleep(_TRANSFERS_FROM_S)
    await measure_transfers(
        ctx, size_bytes=plan.size_bytes, answered=slots.answered, limits=limits, until_us=slots.until_us
    )
