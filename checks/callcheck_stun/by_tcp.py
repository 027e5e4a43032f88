"""STUN over TCP: the message alone, framed by its own length (RFC 8489 section 6.2.2)."""

from __future__ import annotations

from callcheck.api import Context, Failure, Observation, Stream, Target
from callcheck.asking import connect, whole_message
from callcheck.codec import questions

_HEADER_BYTES = 20
# No Binding answer comes near; a longer one is somebody else's.
_MOST_BYTES = 2_048


async def ask_by_tcp(ctx: Context, host: Target, *, timeout_s: float) -> Observation:
    """Connect, ask once with the cookie, and hear the answer, all within `timeout_s`. Data: `opened`, `connect_ms`,
    and with an answer `rtt_ms` and `reflexive_address`."""
    ends_us = ctx.now_us() + int(timeout_s * 1e6)
    stream = await connect(ctx, host, timeout_s=timeout_s)
    if isinstance(stream, Failure):
        return Observation(op="stun.tcp", target=host, form="cookie", failure=stream, data={"opened": False})
    try:
        return await _ask(ctx, host, stream, ends_us)
    finally:
        await stream.close()


async def _ask(ctx: Context, host: Target, stream: Stream, ends_us: int) -> Observation:
    data: dict[str, object] = {"opened": True, "connect_ms": round(stream.connect_ms, 3)}
    question = questions.binding(ctx.random_bytes)
    asked_us = ctx.now_us()
    failure = await stream.send(question.payload)
    if failure is None:
        heard = await _message(ctx, stream, ends_us)
        if isinstance(heard, Failure):
            failure = heard
        elif not question.answers(heard):
            failure = Failure.not_ours
        else:
            data["rtt_ms"] = round((ctx.now_us() - asked_us) / 1000, 3)
            seen = question.reflexive(heard)
            data |= {"reflexive_address": seen[0]} if seen else {}
    return Observation(op="stun.tcp", target=host, form="cookie", failure=failure, data=data)


async def _message(ctx: Context, stream: Stream, ends_us: int) -> bytes | Failure:
    return await whole_message(
        ctx,
        stream,
        header_bytes=_HEADER_BYTES,
        body_bytes=lambda header: int.from_bytes(header[2:4], "big"),
        most_bytes=_MOST_BYTES,
        ends_us=ends_us,
    )
