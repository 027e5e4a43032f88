"""Helpers for plugins: one datagram on a fresh source port and what came of it; connections, and whole messages off
them; which addresses stand together."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from callcheck.api import Context, Datagram, IcmpError, Stream, Target
from callcheck.words import Failure

T = TypeVar("T")

# Addresses of one /22 (IPv6: /48) stand at one site: Telegram announces its relays in blocks of that size.
_SITE_BITS = {4: 22, 6: 48}

_MS = 1000.0


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """What one question brought: `value` and `rtt_ms`, or why not. `local` is the socket's own address and port;
    `hop` is who sent an ICMP error, "" otherwise."""

    value: T | None
    failure: Failure | None
    rtt_ms: float | None = None
    local: tuple[str, int] = ("", 0)
    hop: str = ""


def site_of(target: Target) -> str:
    """What stands at one site shares its outages: the block of the target's address, its name where it has none."""
    try:
        address = ipaddress.ip_address(target.address)
    except ValueError:
        return target.host
    return str(ipaddress.ip_network((address, _SITE_BITS[address.version]), strict=False))


async def ask(
    ctx: Context, target: Target, question: bytes, read: Callable[[bytes], T | None], *, timeout_s: float
) -> Answer[T]:
    """Send `question` once and wait for a datagram that `read` accepts. There is no retransmission: a lost packet
    shall be seen, and a round-trip time belongs to one packet. Datagrams that `read` refuses name the failure only
    when nothing better comes."""
    sock = await ctx.udp(target)
    if isinstance(sock, Failure):
        return Answer(None, sock)
    try:
        sent_us = sock.send(question)
        if isinstance(sent_us, Failure):
            return Answer(None, sent_us, local=sock.local)
        return await _wait(ctx, sock, sent_us, read, timeout_s)
    finally:
        sock.close()


async def connect(ctx: Context, target: Target, *, timeout_s: float) -> Stream | Failure:
    """A connection of the full TTL, or why none opened within `timeout_s`: who sent an ICMP error does not matter."""
    stream = await ctx.tcp(target, timeout_s=timeout_s)
    return stream.failure if isinstance(stream, IcmpError) else stream


async def whole_message(
    ctx: Context,
    stream: Stream,
    *,
    header_bytes: int,
    body_bytes: Callable[[bytes], int],
    most_bytes: int,
    ends_us: int,
) -> bytes | Failure:
    """One message off a stream whose header says how long its body is, header included; or why none came until
    `ends_us`. One that would be longer than `most_bytes` is `Failure.malformed`."""
    heard = b""
    wanted_bytes = header_bytes
    while len(heard) < wanted_bytes:
        left_s = (ends_us - ctx.now_us()) / 1e6
        if left_s <= 0:
            return Failure.timeout
        piece = await stream.receive(max_bytes=wanted_bytes - len(heard), timeout_s=left_s)
        if isinstance(piece, Failure):
            return piece
        heard += piece
        if len(heard) >= header_bytes:
            wanted_bytes = header_bytes + body_bytes(heard[:header_bytes])
            if wanted_bytes > most_bytes:
                return Failure.malformed
    return heard


async def _wait(
    ctx: Context, sock: Datagram, sent_us: int, read: Callable[[bytes], T | None], timeout_s: float
) -> Answer[T]:
    failure = Failure.timeout
    deadline_us = sent_us + int(timeout_s * 1e6)
    while (left_us := deadline_us - ctx.now_us()) > 0:
        heard = await sock.receive(timeout_s=left_us / 1e6)
        if heard is None:
            break
        if isinstance(heard, IcmpError):
            return Answer(None, heard.failure, local=sock.local, hop=heard.hop)
        value = read(heard.payload)
        if value is not None:
            # A stamp of the kernel and a reading of ours may differ by a little: never report less than nothing.
            rtt_ms = max(heard.received_us - sent_us, 0) / _MS
            return Answer(value, None, round(rtt_ms, 3), sock.local)
        failure = Failure.not_ours
    return Answer(None, failure, local=sock.local)
