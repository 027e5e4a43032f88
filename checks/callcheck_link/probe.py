"""Asks the system for the way out, and the router whether it is there."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from callcheck.api import Context, Datagram, Failure, IcmpError, LinkState, Observation, Packet, Target

_ECHO_REQUEST, _ECHO_REPLY = 8, 0  # RFC 792
_ICMP_HEADER = struct.Struct("!BBHHH")
_TOKEN_BYTES = 24
_LATE_S = 1.0
_CLOSED_PORT = 33434  # where traceroute begins: nothing listens there
_UDP_ASKS = 6
_UDP_WAIT_S = 0.35
_PORT_UNREACHABLE = (3, 3)  # RFC 792


async def measure(ctx: Context, *, echoes: int, interval_s: float) -> None:
    """One `link.route`, then one `link.ping` for each question to the router; none where there is no way out."""
    state = await ctx.link()
    ctx.emit(_route(state))
    if state.default_route is False:
        return
    if not state.gateway:
        ctx.emit(Observation(op="link.ping", failure=Failure.unsupported))
        return
    gateway = Target(role="gateway", address=state.gateway, transport="icmp", protocol="icmp")
    sock = await ctx.icmp(state.gateway)
    if isinstance(sock, Failure):
        await _ask_closed_port(ctx, state.gateway)
        return
    try:
        await _ping(ctx, sock, gateway, echoes, interval_s)
    finally:
        sock.close()


def _route(state: LinkState) -> Observation:
    known = {"default_route": state.default_route, "tunnel": state.tunnel, "wireless": state.wireless}
    data = {name: value for name, value in known.items() if value is not None}
    failure = Failure.network_unreachable if state.default_route is False else None
    return Observation(op="link.route", failure=failure, data={**data, "resolvers_count": len(state.resolvers)})


@dataclass(frozen=True, slots=True)
class _Train:
    """Echoes under way: what marks them as ours, how many there will be, and when (run time) each came back."""

    token: bytes
    echoes: int
    heard_us: dict[int, int] = field(default_factory=dict)


async def _ping(ctx: Context, sock: Datagram, gateway: Target, echoes: int, interval_s: float) -> None:
    """Send `echoes` on an absolute schedule and listen all the while. The kernel writes its own identifier into a
    request, so a reply is known by its number and by a random token."""
    train = _Train(ctx.random_bytes(_TOKEN_BYTES), echoes)
    sent: list[int | Failure] = []
    start_us = ctx.now_us()
    for number in range(echoes):
        ctx.progress(number / echoes)
        sent.append(sock.send(echo_request(number, train.token)))
        await _listen(ctx, sock, train, start_us + round((number + 1) * interval_s * 1e6))
    await _listen(ctx, sock, train, ctx.now_us() + round(_LATE_S * 1e6))
    for number, sent_us in enumerate(sent):
        ctx.emit(_ping_observation(gateway, number, sent_us, train.heard_us.get(number)))


async def _listen(ctx: Context, sock: Datagram, train: _Train, until_us: int) -> None:
    """Note when each reply came, up to `until_us` or until all are in."""
    while len(train.heard_us) < train.echoes and (left_us := until_us - ctx.now_us()) > 0:
        arrived = await sock.receive(timeout_s=left_us / 1e6)
        if isinstance(arrived, Packet):
            number = echo_reply_number(arrived.payload, train.token)
            if number is not None and number < train.echoes:
                train.heard_us.setdefault(number, arrived.received_us)


def _ping_observation(gateway: Target, number: int, sent_us: int | Failure, heard_us: int | None) -> Observation:
    if isinstance(sent_us, Failure):
        return Observation(op="link.ping", target=gateway, form="echo", failure=sent_us, data={"number": number})
    data: dict[str, object] = {"number": number, "sent_us": sent_us}
    if heard_us is None:
        return Observation(op="link.ping", target=gateway, form="echo", failure=Failure.timeout, data=data)
    rtt_ms = round(max(heard_us - sent_us, 0) / 1000, 3)
    return Observation(op="link.ping", target=gateway, form="echo", data={**data, "rtt_ms": rtt_ms})


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
