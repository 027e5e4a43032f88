"""Reads Ethernet frames as far as rules and prefixes need it. Total: it never raises, whatever the bytes."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from callcheck.lab.wire.strict import Network

ETHERNET_BYTES: Final = 14
_IPV4: Final = b"\x08\x00"
_IPV6: Final = b"\x86\xdd"
_TCP, _UDP = 6, 17


class Packet(NamedTuple):
    """One IP packet. Near is the client's side of the wire, remote the other; ports are 0 where there are none."""

    is_up: bool
    protocol: int
    near_address: bytes
    near_port: int
    remote_address: bytes
    remote_port: int
    ip_bytes: int
    payload: bytes

    @property
    def flow(self) -> tuple[int, bytes, int, bytes, int]:
        return self[1:6]


def is_ip(frame: bytes) -> bool:
    return frame[12:14] in (_IPV4, _IPV6)


def parse(frame: bytes, *, is_up: bool) -> Packet | None:
    """The IP packet in a frame, or None where it is not one or is cut short."""
    if frame[12:14] == _IPV4:
        return _parse_ipv4(frame, is_up)
    if frame[12:14] == _IPV6:
        return _parse_ipv6(frame, is_up)
    return None


def _parse_ipv4(frame: bytes, is_up: bool) -> Packet | None:  # RFC 791 section 3.1
    if len(frame) < ETHERNET_BYTES + 20 or frame[14] >> 4 != 4:
        return None
    header_bytes = (frame[14] & 15) * 4
    total_bytes = int.from_bytes(frame[16:18], "big")
    if header_bytes < 20 or not header_bytes <= total_bytes <= len(frame) - ETHERNET_BYTES:
        return None
    is_later_fragment = int.from_bytes(frame[20:22], "big") & 0x1FFF != 0
    segment = b"" if is_later_fragment else frame[ETHERNET_BYTES + header_bytes : ETHERNET_BYTES + total_bytes]
    source, destination = _ends(frame[26:30], frame[30:34], frame[23], segment)
    near, remote = (source, destination) if is_up else (destination, source)
    return Packet(is_up, frame[23], *near, *remote, total_bytes, _payload(frame[23], segment))


def _parse_ipv6(frame: bytes, is_up: bool) -> Packet | None:  # RFC 8200 section 3; extension headers are left alone
    if len(frame) < ETHERNET_BYTES + 40 or frame[14] >> 4 != 6:
        return None
    total_bytes = 40 + int.from_bytes(frame[18:20], "big")
    if total_bytes > len(frame) - ETHERNET_BYTES:
        return None
    segment = frame[ETHERNET_BYTES + 40 : ETHERNET_BYTES + total_bytes]
    source, destination = _ends(frame[22:38], frame[38:54], frame[20], segment)
    near, remote = (source, destination) if is_up else (destination, source)
    return Packet(is_up, frame[20], *near, *remote, total_bytes, _payload(frame[20], segment))


def _ends(source: bytes, destination: bytes, protocol: int, segment: bytes) -> tuple[tuple[bytes, int], ...]:
    if protocol not in (_TCP, _UDP) or len(segment) < 8:
        return (source, 0), (destination, 0)
    return (source, int.from_bytes(segment[:2], "big")), (destination, int.from_bytes(segment[2:4], "big"))


def _payload(protocol: int, segment: bytes) -> bytes:
    if protocol == _UDP:
        return segment[8:]
    if protocol == _TCP and len(segment) >= 20:
        return segment[(segment[12] >> 4) * 4 :]
    return b""


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
