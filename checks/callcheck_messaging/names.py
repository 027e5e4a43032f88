"""The service's name and a neutral one, shown in clear to one address in turns (SNI, RFC 6066 section 3)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from callcheck.api import Context, Failure, Observation, Target
from callcheck.asking import connect
from callcheck_messaging.talk import Limits, place, secure, shuffled

NEUTRAL_NAME = "www.example.com"
_SPACING_S = 0.08
# A second comparison that would have less than this left is not begun.
_WORTHWHILE_S = 1.2
# What a server that speaks may say to a name that it does not like.
ANSWERS = (None, Failure.tls_failed, Failure.tls_invalid)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """`name` against the neutral one at `target`; `service` is whose name it is where the place is another's."""

    target: Target
    name: str
    tries: int
    limits: Limits
    until_us: int
    service: str = ""


async def compare_names(ctx: Context, *, tries: int, limits: Limits, until_us: int) -> None:
    """One `messaging.name` a connection. Names that fail beside a neutral one that passes are shown elsewhere too."""
    sites = [
        target
        for protocol in ("websocket", "media")
        for target in ctx.targets(role="subject", function="messaging", protocol=protocol)
        if target.transport == "tcp" and target.host
    ]
    own = [_Comparison(target, target.host, tries, limits, until_us) for target in sites]
    hidden = await asyncio.gather(*(_compare(ctx, one) for one in own))
    suspects = [one.target for one, is_hidden in zip(own, hidden, strict=True) if is_hidden]
    controls = [target for target in ctx.targets(role="control", protocol="https") if target.host]
    if not suspects or not controls or until_us - ctx.now_us() < _WORTHWHILE_S * 1e6:
        return
    control = controls[ctx.random_bytes(1)[0] % len(controls)]
    elsewhere = [_Comparison(control, target.host, tries, limits, until_us, target.service) for target in suspects]
    await asyncio.gather(*(_compare(ctx, one) for one in elsewhere))


async def _compare(ctx: Context, one: _Comparison) -> bool:
    """Whether the neutral name was answered where the service's was not, at least once each."""
    placed = await place(ctx, one.target, one.limits.connect_s)
    if isinstance(placed, Failure):
        return False
    shown = ["service", "neutral"] * one.tries
    turns = shuffled(ctx, len(shown))

    async def show(turn: int, sni: str) -> tuple[str, bool | None]:
        await ctx.sleep(turn * _SPACING_S)
        return sni, await _show(ctx, one, placed, sni)

    seen = await asyncio.gather(*(show(turn, sni) for turn, sni in zip(turns, shown, strict=True)))
    return ("service", False) in seen and ("neutral", True) in seen


async def _show(ctx: Context, one: _Comparison, placed: Target, sni: str) -> bool | None:
    """Whether anything was said to the name; None where the connection did not open."""
    data: dict[str, object] = {"sni": sni, "place": "elsewhere" if one.service else "own"}
    if one.service:
        data["about_service"] = one.service
    left_s = (one.until_us - ctx.now_us()) / 1e6
    stream = await connect(ctx, placed, timeout_s=max(0.0, min(one.limits.connect_s - 0.5, left_s)))
    if isinstance(stream, Failure):
        data["opened"] = False
        ctx.emit(Observation(op="messaging.name", target=placed, form="hello", failure=stream, data=data))
        return None
    wait_s = max(0.05, min(one.limits.answer_s, (one.until_us - ctx.now_us()) / 1e6))
    try:
        failure = await secure(stream, one.name if sni == "service" else NEUTRAL_NAME, timeout_s=wait_s)
    finally:
        await stream.close()
    data |= {"opened": True, "connect_ms": round(stream.connect_ms, 3), "waited_ms": round(wait_s * 1000)}
    ctx.emit(Observation(op="messaging.name", target=placed, form="hello", failure=failure, data=data))
    return failure in ANSWERS
