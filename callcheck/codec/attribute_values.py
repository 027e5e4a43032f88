"""The forms that values of several STUN and TURN attributes share: an endpoint, a masked endpoint, and text."""

import ipaddress
import struct
from dataclasses import dataclass
from typing import Self

MAGIC_COOKIE = bytes.fromhex("2112a442")
"""RFC 8489 section 5."""

_COOKIE_PORT = int.from_bytes(MAGIC_COOKIE[:2], "big")
_FAMILY_BY_PACKED_BYTES = {4: 1, 16: 2}


def _xor(raw: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ key for byte, key in zip(raw, mask[: len(raw)], strict=True))


@dataclass(frozen=True, slots=True)
class EndpointValue:
    """An IP address in its canonical text form and a port: the value format of RFC 8489 section 14.1."""

    address: str
    port: int

    @classmethod
    def parse(cls, raw: bytes, _mask: bytes, /) -> Self | None:
        packed = raw[4:]
        # "The first 8 bits ... MUST be ignored by receivers" (section 14.1), so raw[0] is not looked at.
        if len(packed) not in _FAMILY_BY_PACKED_BYTES or raw[1] != _FAMILY_BY_PACKED_BYTES[len(packed)]:
            return None
        return cls(str(ipaddress.ip_address(packed)), int.from_bytes(raw[2:4], "big"))

    def value(self, _mask: bytes, /) -> bytes:
        packed = ipaddress.ip_address(self.address).packed
        return struct.pack("!BBH", 0, _FAMILY_BY_PACKED_BYTES[len(packed)], self.port) + packed


@dataclass(frozen=True, slots=True)
class XorEndpointValue(EndpointValue):
    """RFC 8489 section 14.2; `mask` is the magic cookie followed by the transaction id."""

    @classmethod
    def parse(cls, raw: bytes, mask: bytes, /) -> Self | None:
        return super(XorEndpointValue, cls).parse(_xor_endpoint(raw, mask), mask) if 4 <= len(raw) <= 20 else None

    def value(self, mask: bytes, /) -> bytes:
        return _xor_endpoint(super(XorEndpointValue, self).value(mask), mask)


def _xor_endpoint(raw: bytes, mask: bytes) -> bytes:
    port = int.from_bytes(raw[2:4], "big") ^ _COOKIE_PORT
    return raw[:2] + struct.pack("!H", port) + _xor(raw[4:], mask)


@dataclass(frozen=True, slots=True)
class TextValue:
    """UTF-8 text, kept as it was sent: whoever shows it escapes it."""

    text: str

    @classmethod
    def parse(cls, raw: bytes, _mask: bytes, /) -> Self | None:
        try:
            return cls(raw.decode())
        except UnicodeDecodeError:
            return None

    def value(self, _mask: bytes, /) -> bytes:
        return self.text.encode()
