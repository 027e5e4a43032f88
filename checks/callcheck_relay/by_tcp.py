"""Telegram's reflectors by TCP, to which its apps fall back: `ee ee ee ee` once, then frames with a length before
each of the same packets (facts 3.3 c). Whether a hello is answered there is not known."""

from __future__ import annotations

import msgspec

from callcheck.api import Context, Failure, Observation, Stream, Target
from callcheck.asking import connect, whole_message
from callcheck.codec import questions

_INTERMEDIATE = b"\xee\xee\xee\xee"
_LENGTH_BYTES = 4
_MOST_BYTES = 512


async def hello_by_tcp(ctx: Context, relay: Target, *, connect_s: float, answer_s: float) -> Observation:
    """Connect, say hello, wait for its answer. Data: `opened`, `connect_ms`, and with an answer `rtt_ms`.

    The target names no function: a relay that answers by TCP does not make its silence by UDP an answer.
    """
    target = msgspec.structs.replace(relay, function="", transport="tcp", protocol="reflector_tcp", answers={})
    stream = await connect(ctx, target, timeout_s=connect_s)
    if isinstance(stream, Failure):
        return Observation(op="relay.tcp", target=target, form="hello", failure=stream, data={"opened": False})
    try:
        return await _say_hello(ctx, target, stream, answer_s)
    finally:
        await stream.close()


async def _say_hello(ctx: Context, target: Target, stream: Stream, answer_s: float) -> Observation:
    data: dict[str, object] = {"opened": True, "connect_ms": round(stream.connect_ms, 3)}
    question = questions.hello(ctx.random_bytes)
    asked_us = ctx.now_us()
    frame = len(question.payload).to_bytes(_LENGTH_BYTES, "little") + question.payload
    failure = await stream.send(_INTERMEDIATE + frame)
    if failure is None:
        heard = await _frame(ctx, stream, asked_us + int(answer_s * 1e6))
        if isinstance(heard, Failure):
            failure = heard
        elif not question.answers(heard):
            failure = Failure.not_ours
        else:
            data["rtt_ms"] = round((ctx.now_us() - asked_us) / 1000, 3)
    return Observation(op="relay.tcp", target=target, form="hello", failure=failure, data=data)


async def _frame(ctx: Context, stream: Stream, ends_us: int) -> bytes | Failure:
    """What the next frame holds, without its length."""
    frame = await whole_message(
        ctx,
        stream,
        header_bytes=_LENGTH_BYTES,
        body_bytes=lambda length: int.from_bytes(length, "little"),
        most_bytes=_MOST_BYTES,
        ends_us=ends_us,
    )
    return frame if isinstance(frame, Failure) else frame[_LENGTH_BYTES:]
