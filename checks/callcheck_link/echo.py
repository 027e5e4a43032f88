"""Echoes to the router on an absolute schedule, and another way to ask where the system forbids echoes."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from callcheck.api import Context, Datagram, Failure, IcmpError, Observation, Packet, Target

_ECHO_REQUEST, _ECHO_REPLY = 8, 0  # RFC 792
_ICMP_HEADER = struct.Struct("!BBHHH")
_TOKEN_BYTES = 24
_CLOSED_PORT = 33434  # where traceroute begins: nothing listens there
_UDP_ASKS = 6
_UDP_WAIT_S = 0.3
_PORT_UNREACHABLE = (3, 3)  # RFC 792


@dataclass(frozen=True, slots=True)
class Pace:
    """`echoes` requests, `interval_s` apart, the first after `head_s`; `tail_s` is the patience after the last."""

    echoes: int
    interval_s: float
    head_s: float
    tail_s: float


async def ask_gateway(ctx: Context, address: str, pace: Pace) -> None:
    """One `link.ping` for each question to the router at `address`: data `number`, `sent_us`, `sent_late_ms`, `rtt_ms`,
    `kernel_stamped`; forms `echo` and `closed_port`."""
    sock = await ctx.icmp(address)
    if isinstance(sock, Failure):
        await _ask_closed_port(ctx, address)
        return
    try:
        # What the web check prepares meanwhile (TLS) holds the loop for moments: the echoes begin after it.
        await ctx.sleep(pace.head_s)
        await _ping(ctx, sock, Target(role="gateway", address=address, transport="icmp", protocol="icmp"), pace)
    finally:
        sock.close()


@dataclass(frozen=True, slots=True)
class _Sent:
    """One request: when it left (run time) or why not, and how long after its turn."""

    at_us: int | Failure
    late_us: int


@dataclass(frozen=True, slots=True)
class _Train:
    """Echoes under way: what marks them as ours, and those that left and came back, by number."""

    token: bytes
    sent: dict[int, _Sent] = field(default_factory=dict)
    heard: dict[int, Packet] = field(default_factory=dict)


async def _ping(ctx: Context, sock: Datagram, gateway: Target, pace: Pace) -> None:
    """The kernel writes its own identifier into a request, so a reply is known by its number and by a random token.

    A turn that is over when ours comes is left out: catching up would send a burst, which measures only itself."""
    train = _Train(ctx.random_bytes(_TOKEN_BYTES))
    start_us, interval_us = ctx.now_us(), round(pace.interval_s * 1e6)
    for number in range(pace.echoes):
        due_us = start_us + number * interval_us
        if number + 1 == pace.echoes or ctx.now_us() < due_us + interval_us:
            ctx.progress(number / pace.echoes)
            sent_us = sock.send(echo_request(number, train.token))
            began_us = sent_us if isinstance(sent_us, int) else ctx.now_us()
            train.sent[number] = _Sent(sent_us, max(began_us - due_us, 0))
            await _listen(ctx, sock, train, due_us + interval_us, everything=False)
    await _listen(ctx, sock, train, ctx.now_us() + round(pace.tail_s * 1e6), everything=True)
    for number, sent in train.sent.items():
        ctx.emit(_ping_observation(gateway, number, sent, train.heard.get(number)))


async def _listen(ctx: Context, sock: Datagram, train: _Train, until_us: int, *, everything: bool) -> None:
    """Note when each reply came, up to `until_us`; with `everything` only until all are in."""
    while (left_us := until_us - ctx.now_us()) > 0:
        if everything and len(train.heard) == len(train.sent):
            return
        arrived = await sock.receive(timeout_s=left_us / 1e6)
        if isinstance(arrived, Packet):
            number = echo_reply_number(arrived.payload, train.token)
            if number is not None and number in train.sent:
                train.heard.setdefault(number, arrived)


def _ping_observation(gateway: Target, number: int, sent: _Sent, heard: Packet | None) -> Observation:
    data: dict[str, object] = {"number": number, "sent_late_ms": round(sent.late_us / 1000, 3)}
    if isinstance(sent.at_us, Failure):
        return Observation(op="link.ping", target=gateway, form="echo", failure=sent.at_us, data=data)
    data["sent_us"] = sent.at_us
    if heard is None:
        return Observation(op="link.ping", target=gateway, form="echo", failure=Failure.timeout, data=data)
    data["rtt_ms"] = round(max(heard.received_us - sent.at_us, 0) / 1000, 3)
    data["kernel_stamped"] = heard.kernel_stamped
    return Observation(op="link.ping", target=gateway, form="echo", data=data)


async def _ask_closed_port(ctx: Context, address: str) -> None:
    """Where pings are not permitted: the router's "nothing listens here" is a sign of life. Routers give few of them
    (Linux: one a second after a burst of six), so the pace is gentle and their absence proves nothing."""
    gateway = Target(role="gateway", address=address, port=_CLOSED_PORT, transport="udp", protocol="closed_port")
    for number in range(_UDP_ASKS):
        ctx.progress(number / _UDP_ASKS)
        ctx.emit(await _ask_once(ctx, gateway, number))


async def _ask_once(ctx: Context, gateway: Target, number: int) -> Observation:
    sock = await ctx.udp(gateway)
    if isinstance(sock, Failure):
        return _closed_port_observation(gateway, number, None, sock)
    try:
        sent_us = sock.send(ctx.random_bytes(_TOKEN_BYTES))
        if isinstance(sent_us, Failure):
            return _closed_port_observation(gateway, number, None, sent_us)
        arrived = await sock.receive(timeout_s=_UDP_WAIT_S)
    finally:
        sock.close()
    return _closed_port_observation(gateway, number, sent_us, arrived)


def _closed_port_observation(
    gateway: Target, number: int, sent_us: int | None, arrived: Packet | IcmpError | Failure | None
) -> Observation:
    data: dict[str, object] = {"number": number}
    failure: Failure | None = None
    if sent_us is not None:
        data["sent_us"] = sent_us
    if isinstance(arrived, Failure):
        failure = arrived
    elif arrived is None:
        failure = Failure.timeout
    elif isinstance(arrived, IcmpError) and not _from_gateway(arrived, gateway):
        failure = arrived.failure
    elif sent_us is not None:
        data["rtt_ms"] = round(max(arrived.received_us - sent_us, 0) / 1000, 3)
    return Observation(op="link.ping", target=gateway, form="closed_port", failure=failure, data=data)


def _from_gateway(error: IcmpError, gateway: Target) -> bool:
    unreachable = (error.icmp_type, error.icmp_code) == _PORT_UNREACHABLE or error.failure is Failure.refused
    return unreachable and error.hop in {"", gateway.address}


def echo_request(number: int, token: bytes) -> bytes:
    """An ICMP echo request (RFC 792); the kernel fills in identifier and checksum of its own."""
    header = _ICMP_HEADER.pack(_ECHO_REQUEST, 0, 0, 0, number)
    return _ICMP_HEADER.pack(_ECHO_REQUEST, 0, _checksum(header + token), 0, number) + token


def echo_reply_number(message: bytes, token: bytes) -> int | None:
    """The number of the request that this ICMP message answers; None if it answers none of ours."""
    if len(message) < _ICMP_HEADER.size or message[_ICMP_HEADER.size :] != token:
        return None
    icmp_type, code, _, _, number = _ICMP_HEADER.unpack_from(message)
    return int(number) if (icmp_type, code) == (_ECHO_REPLY, 0) else None


def _checksum(message: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(message) // 2}H", message))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
