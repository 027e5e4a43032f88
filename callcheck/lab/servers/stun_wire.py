"""STUN messages as bytes: RFC 8489 sections 5 and 14, and the classic form of RFC 3489 section 11."""

from __future__ import annotations

import ipaddress
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callcheck.lab.servers.responder import Address

MAGIC_COOKIE: Final = bytes.fromhex("2112a442")
HEADER_BYTES: Final = 20

BINDING: Final = 0x0001
ALLOCATE: Final = 0x0003
SUCCESS: Final = 0x0100
ERROR: Final = 0x0110
_CLASS_BITS: Final = 0x0110

MAPPED_ADDRESS: Final = 0x0001
SOURCE_ADDRESS: Final = 0x0004
CHANGED_ADDRESS: Final = 0x0005
ERROR_CODE: Final = 0x0009
UNKNOWN_ATTRIBUTES: Final = 0x000A
REALM: Final = 0x0014
NONCE: Final = 0x0015
XOR_MAPPED_ADDRESS: Final = 0x0020
SOFTWARE: Final = 0x8022
FINGERPRINT: Final = 0x8028
RESPONSE_ORIGIN: Final = 0x802B
OTHER_ADDRESS: Final = 0x802C

_FINGERPRINT_XOR: Final = 0x5354554E

Attribute = tuple[int, bytes]
"""Type, and value without padding."""


@dataclass(frozen=True, slots=True)
class StunMessage:
    """A well-formed message. `identity` is bytes 4 to 19: cookie and transaction id.

    In the classic form all 16 bytes are the transaction id (RFC 3489 section 11.1).
    """

    message_type: int
    identity: bytes
    attributes: tuple[Attribute, ...]

    @property
    def is_request(self) -> bool:
        return self.message_type & _CLASS_BITS == 0

    @property
    def has_cookie(self) -> bool:
        return self.identity.startswith(MAGIC_COOKIE)

    def value(self, attribute_type: int) -> bytes | None:
        """The value of the first attribute of a type; only the first counts (RFC 8489 section 14)."""
        return next((value for kind, value in self.attributes if kind == attribute_type), None)


def parse_stun(data: bytes) -> StunMessage | None:
    """The message in one datagram or frame; None for anything malformed, and for a FINGERPRINT that does not fit."""
    if len(data) < HEADER_BYTES:
        return None
    message_type, length_bytes = struct.unpack_from(">HH", data)
    if message_type & 0xC000 or length_bytes % 4 or length_bytes != len(data) - HEADER_BYTES:
        return None
    attributes = _parse_attributes(data)
    if attributes is None:
        return None
    if attributes and attributes[-1][0] == FINGERPRINT and attributes[-1][1] != _fingerprint(data[:-8]):
        return None
    return StunMessage(message_type, data[4:HEADER_BYTES], tuple(attributes))


def _parse_attributes(data: bytes) -> list[Attribute] | None:
    attributes: list[Attribute] = []
    offset = HEADER_BYTES
    while offset < len(data):
        attribute_type, value_bytes = struct.unpack_from(">HH", data, offset)
        end = offset + 4 + value_bytes
        if end > len(data):
            return None
        attributes.append((attribute_type, data[offset + 4 : end]))
        offset = end + -value_bytes % 4
    return attributes


def encode_stun(message_type: int, identity: bytes, attributes: Sequence[Attribute], *, fingerprint: bool) -> bytes:
    """A message with the attributes in the order given, each padded with zeros, and FINGERPRINT last if wanted."""
    body = b"".join(
        struct.pack(">HH", attribute_type, len(value)) + value + bytes(-len(value) % 4)
        for attribute_type, value in attributes
    )
    message = struct.pack(">HH", message_type, len(body) + (8 if fingerprint else 0)) + identity + body
    if fingerprint:
        message += struct.pack(">HH", FINGERPRINT, 4) + _fingerprint(message)
    return message


def _fingerprint(message_before: bytes) -> bytes:
    """RFC 8489 section 14.7; the header's length already counts the FINGERPRINT."""
    return struct.pack(">I", zlib.crc32(message_before) ^ _FINGERPRINT_XOR)


def address_value(address: Address) -> bytes:
    """MAPPED-ADDRESS and its kin: zero, family, port, address (RFC 8489 section 14.1)."""
    ip = ipaddress.ip_address(address[0])
    return struct.pack(">BBH", 0, 1 if ip.version == 4 else 2, address[1]) + ip.packed


def xor_address_value(address: Address, identity: bytes) -> bytes:
    """XOR-MAPPED-ADDRESS: port and address XORed with cookie and transaction id (RFC 8489 section 14.2)."""
    plain = address_value(address)
    mask = bytes(2) + identity[:2] + identity
    return bytes(byte ^ key for byte, key in zip(plain, mask, strict=False))


def error_value(code: int, reason: str) -> bytes:
    """ERROR-CODE: class and number, then the reason (RFC 8489 section 14.8).

    The reason ends in zeros up to a whole word that count as part of it, as RFC 3489 asked and coturn still does.
    """
    text = reason.encode()
    return struct.pack(">HBB", 0, code // 100, code % 100) + text + bytes(-len(text) % 4)
