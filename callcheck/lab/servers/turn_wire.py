"""TURN as bytes: what RFC 8656 adds to a STUN message, its credentials (RFC 8489 section 9.2), and ChannelData."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import struct
from collections.abc import Sequence
from typing import Final

from callcheck.lab.servers import stun_wire as wire
from callcheck.lab.servers.responder import Address
from callcheck.lab.servers.stun_wire import Attribute

REFRESH: Final = 0x0004
CREATE_PERMISSION: Final = 0x0008
CHANNEL_BIND: Final = 0x0009
SEND_INDICATION: Final = 0x0016
DATA_INDICATION: Final = 0x0017

USERNAME: Final = 0x0006
MESSAGE_INTEGRITY: Final = 0x0008
CHANNEL_NUMBER: Final = 0x000C
LIFETIME: Final = 0x000D
XOR_PEER_ADDRESS: Final = 0x0012
DATA: Final = 0x0013
XOR_RELAYED_ADDRESS: Final = 0x0016
REQUESTED_ADDRESS_FAMILY: Final = 0x0017
EVEN_PORT: Final = 0x0018
REQUESTED_TRANSPORT: Final = 0x0019
RESERVATION_TOKEN: Final = 0x0022

CHANNEL_HEADER_BYTES: Final = 4
_INTEGRITY_BYTES: Final = 20
_ATTRIBUTE_HEADER_BYTES: Final = 4


def long_term_key(user: str, realm: str, password: str) -> bytes:
    """The key of MESSAGE-INTEGRITY (RFC 8489 section 9.2.2)."""
    # MD5 is what the protocol asks for.
    return hashlib.md5(f"{user}:{realm}:{password}".encode(), usedforsecurity=False).digest()


def encode_signed(message_type: int, identity: bytes, attributes: Sequence[Attribute], key: bytes) -> bytes:
    """A message whose last attribute is a MESSAGE-INTEGRITY over all before it."""
    message = wire.encode_stun(message_type, identity, attributes, fingerprint=False)
    counted = _counted_up_to_integrity(message)
    return counted + struct.pack(">HH", MESSAGE_INTEGRITY, _INTEGRITY_BYTES) + hmac.digest(key, counted, "sha1")


def integrity_fits(message: bytes, key: bytes) -> bool:
    """Whether the first MESSAGE-INTEGRITY of a well-formed message was made with the key (RFC 8489 section 14.5)."""
    offset = wire.HEADER_BYTES
    while offset < len(message):
        attribute_type, value_bytes = struct.unpack_from(">HH", message, offset)
        start = offset + _ATTRIBUTE_HEADER_BYTES
        if attribute_type == MESSAGE_INTEGRITY:
            expected = hmac.digest(key, _counted_up_to_integrity(message[:offset]), "sha1")
            return hmac.compare_digest(message[start : start + value_bytes], expected)
        offset = start + value_bytes + -value_bytes % 4
    return False


def _counted_up_to_integrity(message_before: bytes) -> bytes:
    """The text that is signed: its header's length counts the MESSAGE-INTEGRITY, and nothing after it."""
    length_bytes = len(message_before) - wire.HEADER_BYTES + _ATTRIBUTE_HEADER_BYTES + _INTEGRITY_BYTES
    return message_before[:2] + struct.pack(">H", length_bytes) + message_before[4:]


def read_xor_address(value: bytes, identity: bytes) -> Address | None:
    """The address in an XOR-PEER-ADDRESS; None for anything but a whole IPv4 or IPv6 address."""
    if (len(value), value[1:2]) not in {(8, b"\1"), (20, b"\2")}:
        return None
    mask = bytes(2) + identity[:2] + identity
    plain = bytes(byte ^ key for byte, key in zip(value, mask, strict=False))
    (port,) = struct.unpack_from(">H", plain, 2)
    return str(ipaddress.ip_address(plain[4:])), port


def channel_data(number: int, data: bytes, *, padded: bool) -> bytes:
    """A ChannelData message; on streams it is padded to whole words (RFC 8656 section 12.5)."""
    return struct.pack(">HH", number, len(data)) + data + (bytes(-len(data) % 4) if padded else b"")


def parse_channel_data(message: bytes) -> tuple[int, bytes] | None:
    """Channel number and data; None where the message is no ChannelData or shorter than it says."""
    if len(message) < CHANNEL_HEADER_BYTES or message[0] & 0xC0 != 0x40:
        return None
    number, data_bytes = struct.unpack_from(">HH", message)
    if data_bytes > len(message) - CHANNEL_HEADER_BYTES:
        return None
    return number, message[CHANNEL_HEADER_BYTES : CHANNEL_HEADER_BYTES + data_bytes]


class MessageFrames:
    """Cuts a stream into STUN messages and, if wanted, ChannelData (RFC 8489 section 6.2.2, RFC 8656 section 12.5).

    A stream whose framing is lost is read and never gives another message, as coturn does; so is the classic form
    of STUN, which has no cookie. It holds at most one message, of less than 66 kB, and the piece fed last.
    """

    def __init__(self, *, channel_data: bool) -> None:
        self._takes_channel_data = channel_data
        self._buffer = bytearray()
        self._framing_is_lost = False

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete with this piece; ChannelData keeps its padding."""
        if self._framing_is_lost:
            return []
        self._buffer += data
        messages = []
        while (end := self._first_message_bytes()) is not None and end <= len(self._buffer):
            messages.append(bytes(self._buffer[:end]))
            del self._buffer[:end]
        return messages

    def _first_message_bytes(self) -> int | None:
        """How long the message at the start is; None as long as that cannot be told."""
        if self._takes_channel_data and self._buffer and self._buffer[0] & 0xC0 == 0x40:
            if len(self._buffer) < CHANNEL_HEADER_BYTES:
                return None
            (data_bytes,) = struct.unpack_from(">H", self._buffer, 2)
            return int(CHANNEL_HEADER_BYTES + data_bytes + -data_bytes % 4)
        if len(self._buffer) < wire.HEADER_BYTES:
            return None
        message_type, length_bytes = struct.unpack_from(">HH", self._buffer)
        if message_type & 0xC000 or length_bytes % 4 or self._buffer[4:8] != wire.MAGIC_COOKIE:
            self._framing_is_lost = True
            self._buffer.clear()
            return None
        return int(wire.HEADER_BYTES + length_bytes)
