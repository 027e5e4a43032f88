"""One plain question over UDP, everything that comes to it, and the same over TCP where the answer was cut short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from callcheck.api import Context, Datagram, Failure, IcmpError, Observation, Stream, Target
from callcheck_dns.names import Name

if TYPE_CHECKING:
    from callcheck_dns.question import Question, Reply

# A false answer is sent by somebody nearer than the resolver, so that the true one comes behind it.
_LISTEN_ON_US = 200_000
_LATER_KEPT = 3
_WRONG_ANSWERS_KEPT = 3
_MOST_HEARD = 50
_MOST_BYTES = 65_537
_ASK_AGAIN = {Failure.timeout, Failure.not_ours}


@dataclass(frozen=True, slots=True)
class Asking:
    """Under which `op` the answers are written down, when to begin, how long to wait for each of `tries`."""

    op: str
    start_s: float
    timeout_s: float
    tries: int


@dataclass(slots=True)
class _Heard:
    """The first answer to a question or why there is none, and what came behind it, in ms after it."""

    reply: Reply | None = None
    failure: Failure | None = Failure.timeout
    rtt_ms: float = 0.0
    later: list[tuple[Reply, float]] = field(default_factory=list)


async def ask_plain(
    ctx: Context, target: Target, name: Name, question: Callable[[str], Question], asking: Asking
) -> None:
    """Each try is a new question on a new source port; none follows an answer."""
    await ctx.sleep(asking.start_s)
    for number in range(1, asking.tries + 1):
        asked = question(name.name)
        data: dict[str, object] = {"name": name.name, "service": name.service, "try": number}
        heard = await _ask_once(ctx, target, asked, asking, data)
        if heard.reply is not None and heard.reply.truncated:
            heard = await _ask_by_tcp(ctx, target, asked, asking.timeout_s, heard)
            data["by_tcp"] = True
        _emit(ctx, target, asking.op, heard, data)
        if heard.failure not in _ASK_AGAIN:
            return


def _emit(ctx: Context, target: Target, op: str, heard: _Heard, data: dict[str, object]) -> None:
    reply = heard.reply
    told: dict[str, object] = {**data, "rtt_ms": heard.rtt_ms, **_said(reply)} if reply is not None else dict(data)
    ctx.emit(Observation(op=op, target=target, form="query", failure=heard.failure, data=told))
    for again, after_ms in heard.later[:_LATER_KEPT]:
        more = {**data, "after_ms": after_ms, **_said(again)}
        ctx.emit(Observation(op="dns.again", target=target, form="query", failure=again.failure, data=more))


def _said(reply: Reply) -> dict[str, object]:
    return {"addresses_count": len(reply.addresses), "addresses": list(reply.addresses)}


async def _ask_once(
    ctx: Context, target: Target, question: Question, asking: Asking, data: dict[str, object]
) -> _Heard:
    sock = await ctx.udp(target)
    if isinstance(sock, Failure):
        return _Heard(failure=sock)
    wrong_answers = 0

    def wrong(failure: Failure) -> None:
        nonlocal wrong_answers
        wrong_answers += 1
        if wrong_answers <= _WRONG_ANSWERS_KEPT:
            told = {**data, "wrong_answer": wrong_answers}
            ctx.emit(Observation(op=asking.op, target=target, form="query", failure=failure, data=told))

    try:
        return await _listen(ctx, sock, question, asking.timeout_s, wrong)
    finally:
        sock.close()


async def _listen(
    ctx: Context, sock: Datagram, question: Question, timeout_s: float, wrong: Callable[[Failure], None]
) -> _Heard:
    heard = _Heard()
    sent_us = sock.send(question.payload)
    if isinstance(sent_us, Failure):
        return _Heard(failure=sent_us)
    deadline_us, first_us = sent_us + int(timeout_s * 1e6), 0
    for _ in range(_MOST_HEARD):
        left_us = deadline_us - ctx.now_us()
        packet = await sock.receive(timeout_s=left_us / 1e6) if left_us > 0 else None
        if packet is None:
            break
        if isinstance(packet, IcmpError):
            if heard.reply is None:
                return _Heard(failure=packet.failure)
            continue
        reply = question.read(packet.payload)
        if isinstance(reply, Failure):
            wrong(reply)
            heard.failure = Failure.not_ours if heard.reply is None else heard.failure
        elif heard.reply is None:
            first_us = packet.received_us
            heard.reply, heard.failure = reply, reply.failure
            # Stamps of the kernel and readings of ours may differ by a little.
            heard.rtt_ms = round(max(first_us - sent_us, 0) / 1000, 3)
            deadline_us = ctx.now_us() + _LISTEN_ON_US
        else:
            heard.later.append((reply, round(max(packet.received_us - first_us, 0) / 1000, 3)))
    return heard


async def _ask_by_tcp(ctx: Context, target: Target, question: Question, timeout_s: float, cut: _Heard) -> _Heard:
    """The one retry that RFC 7766 section 5 asks for; where it fails, what was said over UDP stands."""
    deadline_us = ctx.now_us() + int(timeout_s * 1e6)
    stream = await ctx.tcp(msgspec.structs.replace(target, transport="tcp"), timeout_s=timeout_s)
    if isinstance(stream, Failure | IcmpError):
        return cut
    try:
        reply = await _read_framed(ctx, stream, question, deadline_us)
    finally:
        await stream.close()
    return cut if reply is None else _Heard(reply, reply.failure, cut.rtt_ms, cut.later)


async def _read_framed(ctx: Context, stream: Stream, question: Question, deadline_us: int) -> Reply | None:
    if await stream.send(question.framed) is not None:
        return None
    buffer = b""
    while (left_us := deadline_us - ctx.now_us()) > 0 and len(buffer) < _MOST_BYTES:
        piece = await stream.receive(max_bytes=_MOST_BYTES, timeout_s=left_us / 1e6)
        if isinstance(piece, Failure):
            return None
        buffer += piece
        size = int.from_bytes(buffer[:2], "big")
        if 2 <= len(buffer) >= 2 + size:
            reply = question.read(buffer[2 : 2 + size])
            return None if isinstance(reply, Failure) else reply
    return None
