"""One connection and one question: looking up, opening, TLS and asking, each with an end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import msgspec

from callcheck.api import Context, Failure, Stream, Target
from callcheck.asking import connect
from callcheck_messaging.forms import FORMS, IN_TLS, Conversation, Heard

_READ_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """`connect_s` bounds look-up and connection together, `answer_s` TLS and the wait for an answer."""

    connect_s: float
    answer_s: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one question on a new connection. `stream` stands open where it opened: the caller closes it."""

    target: Target
    heard: Heard
    stream: Stream | None = None
    conversation: Conversation | None = None
    rtt_ms: float | None = None


async def ask_anew(ctx: Context, target: Target, form: str, limits: Limits) -> Asked:
    """Look up, connect, greet and listen. Opened connections are left open, except when cancelled."""
    deadline_us = ctx.now_us() + round(limits.connect_s * 1e6)
    placed = await place(ctx, target, limits.connect_s)
    if isinstance(placed, Failure):
        return Asked(target, Heard(placed))
    stream = await connect(ctx, placed, timeout_s=max(deadline_us - ctx.now_us(), 0) / 1e6)
    if isinstance(stream, Failure):
        return Asked(placed, Heard(stream))
    try:
        return await _greet(ctx, placed, form, stream, limits.answer_s)
    except BaseException:
        await stream.close()
        raise


async def _greet(ctx: Context, target: Target, form: str, stream: Stream, answer_s: float) -> Asked:
    begin = FORMS[target.protocol][form]
    if begin is None:
        return Asked(target, Heard(None), stream)
    until_us = ctx.now_us() + round(answer_s * 1e6)
    if target.protocol in IN_TLS:
        failure = await secure(stream, target.host, timeout_s=answer_s)
        if failure is not None:
            return Asked(target, Heard(failure), stream)
    conversation = begin(ctx.random_bytes, time.time())
    heard, rtt_ms = await exchange(ctx, stream, conversation, conversation.opening, until_us)
    return Asked(target, heard, stream, conversation, rtt_ms)


async def place(ctx: Context, target: Target, timeout_s: float) -> Target | Failure:
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


async def secure(stream: Stream, name: str, *, timeout_s: float) -> Failure | None:
    """Shake hands under `name`, whatever the certificate: a clock that is wrong must not look like a filter."""
    failure = await stream.start_tls(name, timeout_s=timeout_s, verify=False)
    # The loop tells of a stream that ended inside a handshake by an error without a number.
    return Failure.eof if failure is Failure.other else failure


async def exchange(
    ctx: Context, stream: Stream, conversation: Conversation, question: bytes, until_us: int
) -> tuple[Heard, float | None]:
    """What came of one question, and how long the answer took in milliseconds if anything was answered."""
    sent_us = ctx.now_us()
    failure = await stream.send(question)
    if failure is not None:
        return Heard(failure), None
    heard = await listen(ctx, stream, conversation, until_us)
    if isinstance(heard, Failure):
        return Heard(heard), None
    return heard, round((ctx.now_us() - sent_us) / 1000, 3)


async def listen(ctx: Context, stream: Stream, conversation: Conversation, until_us: int) -> Heard | Failure:
    while (left_us := until_us - ctx.now_us()) > 0:
        data = await stream.receive(max_bytes=_READ_BYTES, timeout_s=left_us / 1e6)
        if isinstance(data, Failure):
            return data
        heard = conversation.feed(data)
        if heard is not None:
            return heard
        reply = conversation.outgoing()
        if reply and (failure := await stream.send(reply)) is not None:
            return failure
    return Failure.timeout


def shuffled(ctx: Context, count: int) -> list[int]:
    """The numbers below `count` in random order."""
    return sorted(range(count), key=lambda _number: ctx.random_bytes(4))
