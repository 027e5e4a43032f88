"""The flow over TCP: STUN questions one after another on one connection, framed by their length (RFC 8489 6.2.2)."""

from __future__ import annotations

from dataclasses import dataclass

from callcheck.api import Context, Failure, Observation, Stream, Target
from callcheck.asking import connect
from callcheck.codec import stun
from callcheck_hoster.series import Series, facts_of, is_cut
from callcheck_hoster.udp import SPACING_S

_FROZEN_S = 2.0
_CONNECT_S = 2.5
_SERIES_S = 6.0
_LAST_LOOK_S = 0.5
# The handshake's three segments, and for a question its own, the answer's and a bare acknowledgement.
_OPENING_SEGMENTS, _SEGMENTS_EACH = 3, 3
_ID_BYTES = 12
_HEADER_BYTES = 20
_MOST_BYTES = 2048


@dataclass(slots=True)
class _Line:
    """A connection with what was asked and answered on it; `segments` both ways when the last answer came."""

    stream: Stream
    series: Series
    pending: bytes = b""
    segments: int = 0


async def follow_tcp(ctx: Context, host: Target, questions: int) -> None:
    """One `hoster.flow` (form `stun`); data as over UDP, with `packets` in segments as the kernel counted them."""
    stream = await connect(ctx, host, timeout_s=_CONNECT_S)
    if isinstance(stream, Failure):
        ctx.emit(Observation(op="hoster.flow", target=host, form="stun", failure=stream))
        return
    line = _Line(stream, Series())
    try:
        ended = await _ask_in_turn(ctx, line, questions)
        frozen = ended is Failure.timeout and bool(line.series.heard_us)
        data = {**facts_of(line.series), "packets": line.segments, "fell_silent": frozen}
        if frozen:
            data |= await _compare(ctx, host, line)
    finally:
        await stream.close()
    # A server that ends the connection has had enough of us: no silence, and no cut.
    counts = not line.series.heard_us or is_cut(data)
    if ended is not None and ended is not Failure.timeout:
        data["ended_by_host"] = True
    ctx.emit(Observation(op="hoster.flow", target=host, form="stun", failure=ended if counts else None, data=data))


async def _ask_in_turn(ctx: Context, line: _Line, questions: int) -> Failure | None:
    """Ask until all are answered or it has taken long enough; else why the next one was not."""
    begun_us = ctx.now_us()
    for _ in range(questions):
        turn_us = ctx.now_us()
        if turn_us - begun_us > _SERIES_S * 1e6:
            break
        failure = await _ask(ctx, line, _FROZEN_S)
        if failure is not None:
            return failure
        await ctx.sleep(max(SPACING_S - (ctx.now_us() - turn_us) / 1e6, 0.0))
    return None


async def _ask(ctx: Context, line: _Line, patience_s: float) -> Failure | None:
    number = len(line.series.sent_us)
    transaction_id = ctx.random_bytes(_ID_BYTES)
    line.series.sent_us[number] = ctx.now_us()
    failure = await line.stream.send(stun.binding_request(transaction_id))
    if failure is not None:
        return failure
    failure = await _wait_for(ctx, line, transaction_id, patience_s)
    if failure is None:
        line.series.heard_us[number] = ctx.now_us()
        line.segments = _segments(line)
    return failure


async def _wait_for(ctx: Context, line: _Line, transaction_id: bytes, patience_s: float) -> Failure | None:
    until_us = ctx.now_us() + round(patience_s * 1e6)
    while (left_us := until_us - ctx.now_us()) > 0:
        received = await line.stream.receive(max_bytes=_MOST_BYTES, timeout_s=left_us / 1e6)
        if isinstance(received, Failure):
            return received
        line.pending += received
        while (message := _take(line)) is not None:
            decoded = stun.decode(message)
            if isinstance(decoded, stun.Message) and decoded.transaction_id == transaction_id:
                return None if decoded.kind == "success" else Failure.error_answer
        if len(line.pending) > _MOST_BYTES:
            return Failure.malformed
    return Failure.timeout


def _take(line: _Line) -> bytes | None:
    """The next whole message off the connection; None while there is none."""
    if len(line.pending) < _HEADER_BYTES:
        return None
    size_bytes = _HEADER_BYTES + int.from_bytes(line.pending[2:4], "big")
    if len(line.pending) < size_bytes:
        return None
    message, line.pending = line.pending[:size_bytes], line.pending[size_bytes:]
    return message


def _segments(line: _Line) -> int:
    state = line.stream.state()
    if state is None:
        return _OPENING_SEGMENTS + _SEGMENTS_EACH * len(line.series.heard_us)
    return state.segments_sent + state.segments_received


async def _compare(ctx: Context, host: Target, frozen: _Line) -> dict[str, object]:
    """A new connection is asked once, and the frozen one is given a last chance after it: TCP repeats by itself."""
    stream = await connect(ctx, host, timeout_s=_CONNECT_S)
    if isinstance(stream, Failure):
        return {"renewed_asked": 1, "renewed_answered": 0}
    fresh = _Line(stream, Series())
    try:
        answered = await _ask(ctx, fresh, _FROZEN_S) is None
    finally:
        await stream.close()
    late = await frozen.stream.receive(max_bytes=_MOST_BYTES, timeout_s=_LAST_LOOK_S)
    return {
        "renewed_asked": 1,
        "renewed_answered": int(answered),
        "again_asked": 1,
        "again_answered": int(not isinstance(late, Failure)),
    }
