"""Reads Ethernet frames as far as rules and prefixes need it. Total: it never raises, whatever the bytes."""

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from callcheck.lab.wire.strict import Network

ETHERNET_BYTES: Final = 14
_IPV4: Final = b"\x08\x00"
_IPV6: Final = b"\x86\xdd"
_IPV4_HEADER: Final = struct.Struct("!BxHxxHBBxx4s4s")
_IPV6_HEADER: Final = struct.Struct("!BxxxHBB16s16s")
_PORTS: Final = struct.Struct("!HH")
_TCP_HEADER: Final = struct.Struct("!4xIIxB")
TCP: Final = 6
UDP: Final = 17


FlowKey = tuple[int, bytes, int, bytes, int]
"""Protocol, near address and port, remote address and port."""


class Packet(NamedTuple):
    """One IP packet. Near is the client's side of the wire, remote the other; ports are 0 where there are none.

    `ttl` is what IPv4 calls TTL and IPv6 the hop limit: how many hops the packet may still make from this wire on.
    """

    is_up: bool
    protocol: int
    near_address: bytes
    near_port: int
    remote_address: bytes
    remote_port: int
    ip_bytes: int
    payload: bytes
    ttl: int = 64  # what most systems send with

    @property
    def flow(self) -> FlowKey:
        """The same for both directions."""
        return self[1:6]


class TcpHeader(NamedTuple):
    """What a forged segment must agree with. The flags are as on the wire: FIN 1, SYN 2, RST 4, PSH 8, ACK 16."""

    sequence: int
    acknowledgement: int
    flags: int


def is_ip(frame: bytes) -> bool:
    kind = frame[12:14]
    return kind == _IPV4 or kind == _IPV6  # noqa: PLR1714  twice as fast as a tuple, once for each frame


def parse(frame: bytes, *, is_up: bool) -> Packet | None:
    """The IP packet in a frame, or None where it is not one or is cut short."""
    if frame[12:14] == _IPV4:
        return _parse_ipv4(frame, is_up)
    if frame[12:14] == _IPV6:
        return _parse_ipv6(frame, is_up)
    return None


def tcp_header(packet: Packet, frame: bytes) -> TcpHeader | None:
    """The TCP header of the packet in a frame; None where it is not TCP, is cut short, or is a later fragment."""
    if packet.protocol != TCP or not (packet.near_port or packet.remote_port):
        return None
    header_bytes = (frame[ETHERNET_BYTES] & 15) * 4 if frame[12:14] == _IPV4 else 40
    return TcpHeader(*_TCP_HEADER.unpack_from(frame, ETHERNET_BYTES + header_bytes))


def _parse_ipv4(frame: bytes, is_up: bool) -> Packet | None:  # RFC 791 section 3.1
    if len(frame) < ETHERNET_BYTES + 20:
        return None
    first, total_bytes, fragment, ttl, protocol, source, destination = _IPV4_HEADER.unpack_from(frame, ETHERNET_BYTES)
    header_bytes = (first & 15) * 4
    if first >> 4 != 4 or header_bytes < 20 or not header_bytes <= total_bytes <= len(frame) - ETHERNET_BYTES:
        return None
    end = ETHERNET_BYTES + total_bytes
    start = end if fragment & 0x1FFF else ETHERNET_BYTES + header_bytes  # a later fragment has no ports
    return _packet(is_up, (ttl, protocol, source, destination), total_bytes, frame[start:end])


def _parse_ipv6(frame: bytes, is_up: bool) -> Packet | None:  # RFC 8200 section 3; extension headers are left alone
    if len(frame) < ETHERNET_BYTES + 40:
        return None
    first, segment_bytes, protocol, ttl, source, destination = _IPV6_HEADER.unpack_from(frame, ETHERNET_BYTES)
    total_bytes = 40 + segment_bytes
    if first >> 4 != 6 or total_bytes > len(frame) - ETHERNET_BYTES:
        return None
    segment = frame[ETHERNET_BYTES + 40 : ETHERNET_BYTES + total_bytes]
    return _packet(is_up, (ttl, protocol, source, destination), total_bytes, segment)


def _packet(is_up: bool, header: tuple[int, int, bytes, bytes], ip_bytes: int, segment: bytes) -> Packet:
    ttl, protocol, source, destination = header
    source_port = destination_port = 0
    payload = b""
    if protocol == UDP and len(segment) >= 8:
        source_port, destination_port = _PORTS.unpack_from(segment)
        payload = segment[8:]
    elif protocol == TCP and len(segment) >= 20:
        source_port, destination_port = _PORTS.unpack_from(segment)
        payload = segment[(segment[12] >> 4) * 4 :]
    if is_up:
        return Packet(True, protocol, source, source_port, destination, destination_port, ip_bytes, payload, ttl)
    return Packet(False, protocol, destination, destination_port, source, source_port, ip_bytes, payload, ttl)


class Prefixes:
    """A set of prefixes that answers quickly for addresses it has seen. Empty means every address."""

    __slots__ = ("_known", "_nets")
    _MOST_KNOWN = 65_536

    def __init__(self, networks: Iterable[Network]) -> None:
        self._nets = [
            (network.max_prefixlen // 8, int(network.netmask), int(network.network_address)) for network in networks
        ]
        self._known: dict[bytes, bool] = {}

    def holds(self, address: bytes) -> bool:
        if not self._nets:
            return True
        answer = self._known.get(address)
        if answer is None:
            if len(self._known) >= self._MOST_KNOWN:
                self._known.clear()
            value, size = int.from_bytes(address, "big"), len(address)
            answer = any(size == width and value & mask == net for width, mask, net in self._nets)
            self._known[address] = answer
        return answer
