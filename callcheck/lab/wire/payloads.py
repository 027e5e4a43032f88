"""Tells what one packet carries by its first bytes, as a middlebox would. Total: it never raises."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from callcheck.lab.wire.frames import TCP, UDP, Packet

_STUN_COOKIE: Final = b"\x21\x12\xa4\x42"  # RFC 8489 section 5
_REFLECTOR_FILL: Final = b"\xff" * 12  # facts/calls-on-the-wire.md 3.2: tag of 16 bytes, then 12 x ff
_DTLS_HANDSHAKE: Final = (b"\x16\xfe\xfd", b"\x16\xfe\xff")  # RFC 6347 section 4.1; 1.0 and 1.2
_DNS_PORT: Final = 53


def is_stun(packet: Packet) -> bool:
    payload = packet.payload
    return len(payload) >= 20 and payload[0] < 0x40 and payload[4:8] == _STUN_COOKIE


def is_reflector(packet: Packet) -> bool:
    return packet.protocol == UDP and packet.payload[16:28] == _REFLECTOR_FILL


def is_dtls(packet: Packet) -> bool:
    return packet.protocol == UDP and packet.payload[:3] in _DTLS_HANDSHAKE


def is_dns(packet: Packet) -> bool:
    return packet.remote_port == _DNS_PORT and len(_dns_message(packet)) >= 12


PACKET_CLASSES: Final[Mapping[str, Callable[[Packet], bool]]] = MappingProxyType(
    {"stun": is_stun, "reflector": is_reflector, "dtls": is_dtls, "dns": is_dns}
)
"""The payload classes that a packet has or has not by itself, whatever else its flow carries."""


def dns_name(packet: Packet) -> str | None:
    """The first name that a DNS message asks for, in lower case without the last dot (RFC 1035 section 4.1.2)."""
    message = _dns_message(packet)
    if message[4:6] in (b"", b"\0\0"):
        return None
    labels, at = [], 12
    while at < len(message) and 0 < message[at] < 64:
        labels.append(message[at + 1 : at + 1 + message[at]].decode("ascii", "replace").lower())
        at += 1 + message[at]
    return ".".join(labels) if at < len(message) and message[at] == 0 else None


def is_named(asked: str | None, names: tuple[str, ...]) -> bool:
    """Whether a name is one of `names` or below one of them; () are all names, and none at all."""
    return not names or (asked is not None and any(asked == name or asked.endswith("." + name) for name in names))


def _dns_message(packet: Packet) -> bytes:
    return packet.payload[2:] if packet.protocol == TCP else packet.payload
