"""Questions that nobody on the way can read or answer: DNS over TLS (RFC 7858) and over HTTPS (RFC 8484)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from callcheck.api import Context, Failure, Observation, Stream, Target
from callcheck.asking import connect
from callcheck_dns.names import Name

if TYPE_CHECKING:
    from callcheck_dns.question import Question, Reply

Ask = Callable[[str], "Question"]

# Connection, TLS and answers together, in units of one question's patience.
_DOT_PATIENCE = 1.2
_DOH_PATIENCE = 1.3
_SPACING_S = 0.05
_MOST_BYTES = 65_536
_MEDIA_TYPE = "application/dns-message"
_HTTP_OK = 200


async def ask_trusted(ctx: Context, names: Sequence[Name], question: Ask, *, timeout_s: float) -> None:
    """All names over TLS. Over HTTPS, which costs a connection a name, the services' names: in a quick run only those
    that nobody answered over TLS."""
    dot = [target for target in ctx.targets(protocol="dot") if target.transport == "tcp"]
    served = [name for name in names if name.service]
    over_tls = asyncio.gather(*(_ask_dot(ctx, target, names, question, _DOT_PATIENCE * timeout_s) for target in dot))
    if ctx.depth == "quick":
        known = set().union(*await over_tls)
        served = [name for name in served if name.name not in known]
        await _ask_all_doh(ctx, served, question, _DOH_PATIENCE * timeout_s)
    else:
        await asyncio.gather(over_tls, _ask_all_doh(ctx, served, question, 2 * _DOH_PATIENCE * timeout_s))


async def _ask_dot(ctx: Context, target: Target, names: Sequence[Name], question: Ask, limit_s: float) -> set[str]:
    """All names on one connection; those that were answered. A connection that failed is one observation."""
    deadline_us = ctx.now_us() + int(limit_s * 1e6)
    stream = await connect(ctx, target, timeout_s=limit_s)
    if isinstance(stream, Failure):
        ctx.emit(Observation(op="dns.dot", target=target, form="query", failure=stream))
        return set()
    try:
        left_s = max(deadline_us - ctx.now_us(), 0) / 1e6
        unsafe = await stream.start_tls(target.host, timeout_s=left_s)
        if unsafe is not None:
            ctx.emit(Observation(op="dns.dot", target=target, form="query", failure=unsafe))
            return set()
        asked = {name: question(name.name) for name in names}
        replies, failure = await _converse(ctx, stream, asked, deadline_us)
    finally:
        await stream.close()
    for name in names:
        _emit(ctx, "dns.dot", target, name, replies.get(name, failure))
    return {name.name for name in replies}


async def _converse(
    ctx: Context, stream: Stream, asked: dict[Name, Question], deadline_us: int
) -> tuple[dict[Name, Reply], Failure]:
    """Replies in any order, and why the others are missing."""
    from callcheck_dns.question import messages  # noqa: PLC0415 - dnspython is slow to import

    replies: dict[Name, Reply] = {}
    failure = await stream.send(b"".join(question.framed for question in asked.values()))
    if failure is not None:
        return replies, failure
    buffer, size_bytes = b"", 0
    while len(replies) < len(asked) and size_bytes < _MOST_BYTES:
        left_us = deadline_us - ctx.now_us()
        piece = await stream.receive(max_bytes=_MOST_BYTES, timeout_s=left_us / 1e6) if left_us > 0 else Failure.timeout
        if isinstance(piece, Failure):
            return replies, piece
        size_bytes += len(piece)
        whole, buffer = messages(buffer + piece)
        for message in whole:
            for name, question in asked.items():
                reply = question.read(message)
                if not isinstance(reply, Failure):
                    replies.setdefault(name, reply)
    return replies, Failure.not_ours


async def _ask_all_doh(ctx: Context, names: Sequence[Name], question: Ask, limit_s: float) -> None:
    doh = [target for target in ctx.targets(protocol="doh") if target.transport == "tcp"]
    deadline_us = ctx.now_us() + int(limit_s * 1e6)
    await asyncio.gather(
        *(
            _ask_doh(ctx, target, name, question, start_s=turn * _SPACING_S, deadline_us=deadline_us)
            for target in doh
            for turn, name in enumerate(names)
        )
    )


async def _ask_doh(
    ctx: Context, target: Target, name: Name, question: Ask, *, start_s: float, deadline_us: int
) -> None:
    await ctx.sleep(start_s)
    asked = question(name.name)
    fetched = await ctx.fetch(
        target,
        "/dns-query",
        method="POST",
        headers={"content-type": _MEDIA_TYPE, "accept": _MEDIA_TYPE},
        content=asked.payload,
        timeout_s=max(deadline_us - ctx.now_us(), 0) / 1e6,
    )
    if isinstance(fetched, Failure):
        said: Reply | Failure = fetched
    else:
        said = asked.read(fetched.body) if fetched.status == _HTTP_OK else Failure.error_answer
    _emit(ctx, "dns.doh", target, name, said)


def _emit(ctx: Context, op: str, target: Target, name: Name, said: Reply | Failure) -> None:
    data: dict[str, object] = {"name": name.name, "service": name.service}
    if isinstance(said, Failure):
        ctx.emit(Observation(op=op, target=target, form="query", failure=said, data=data))
        return
    data |= {"addresses_count": len(said.addresses), "addresses": list(said.addresses)}
    ctx.emit(Observation(op=op, target=target, form="query", failure=said.failure, data=data))
