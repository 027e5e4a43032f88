"""Greets every chat server as its own app would, and opens connections to neutral hosts for comparison."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import msgspec

from callcheck.api import Context, Failure, IcmpError, Observation, Stream, Target
from callcheck_messaging.forms import FORMS, Conversation, Heard

_READ_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """`connect_s` bounds look-up and connection together, `answer_s` the wait for an answer."""

    connect_s: float
    answer_s: float


async def measure(ctx: Context, *, connect_s: float, answer_s: float) -> None:
    """All endpoints at once; one `messaging.ask` for each endpoint and form. Quick asks an endpoint in one form and
    takes the next form for the next endpoint; the other depths ask each in all forms."""
    texts = [target for target in ctx.targets(role="subject", function="messaging") if target.protocol in FORMS]
    controls = [target for target in ctx.targets(role="control", protocol="tcp") if target.transport == "tcp"]
    first_form = ctx.random_bytes(1)[0]
    limits = Limits(connect_s, answer_s)

    def forms(target: Target, turn: int) -> list[str]:
        every = list(FORMS[target.protocol])
        return [every[(first_form + turn) % len(every)]] if ctx.depth == "quick" else every

    await asyncio.gather(
        *(
            _ask(ctx, target, form, limits)
            for turn, target in enumerate([*texts, *controls])
            for form in forms(target, turn)
        )
    )


async def _ask(ctx: Context, target: Target, form: str, limits: Limits) -> None:
    deadline_us = ctx.now_us() + round(limits.connect_s * 1e6)
    placed = await _placed(ctx, target, limits.connect_s)
    if isinstance(placed, Failure):
        ctx.emit(Observation(op="messaging.ask", target=target, form=form, failure=placed))
        return
    stream = await ctx.tcp(placed, timeout_s=max(deadline_us - ctx.now_us(), 0) / 1e6)
    if isinstance(stream, Failure | IcmpError):
        failure = stream if isinstance(stream, Failure) else stream.failure
        ctx.emit(Observation(op="messaging.ask", target=placed, form=form, failure=failure, data={"opened": False}))
        return
    try:
        heard, rtt_ms = await _talk(ctx, stream, form, placed.protocol, limits.answer_s)
    finally:
        await stream.close()
    data: dict[str, object] = {"opened": True, "connect_ms": round(stream.connect_ms, 3)}
    if rtt_ms is not None:
        data["rtt_ms"] = rtt_ms
    if heard.error_code is not None:
        data["error_code"] = heard.error_code
    ctx.emit(Observation(op="messaging.ask", target=placed, form=form, failure=heard.failure, data=data))


async def _placed(ctx: Context, target: Target, timeout_s: float) -> Target | Failure:
    """The target with an address, looked up as the app would: by the system's resolver."""
    if target.address:
        return target
    try:
        async with asyncio.timeout(timeout_s):
            found = await ctx.resolve(target.host)
    except TimeoutError:
        return Failure.resolver_timeout
    if isinstance(found, Failure):
        return found
    return msgspec.structs.replace(target, address=found[0]) if found else Failure.name_empty


async def _talk(ctx: Context, stream: Stream, form: str, protocol: str, answer_s: float) -> tuple[Heard, float | None]:
    """What came of the conversation, and how long the answer took in milliseconds if anything was answered."""
    begin = FORMS[protocol][form]
    if begin is None:
        return Heard(None), None
    conversation = begin(ctx.random_bytes, time.time())
    sent_us = ctx.now_us()
    failure = await stream.send(conversation.opening)
    if failure is not None:
        return Heard(failure), None
    heard = await _listen(ctx, stream, conversation, sent_us + round(answer_s * 1e6))
    if isinstance(heard, Failure):
        return Heard(heard), None
    return heard, round((ctx.now_us() - sent_us) / 1000, 3)


async def _listen(ctx: Context, stream: Stream, conversation: Conversation, until_us: int) -> Heard | Failure:
    while (left_us := until_us - ctx.now_us()) > 0:
        data = await stream.receive(max_bytes=_READ_BYTES, timeout_s=left_us / 1e6)
        if isinstance(data, Failure):
            return data
        heard = conversation.feed(data)
        if heard is not None:
            return heard
    return Failure.timeout
