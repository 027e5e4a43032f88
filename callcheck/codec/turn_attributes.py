"""The attributes that TURN adds to STUN (RFC 8656 section 18)."""

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from callcheck.codec.attribute_values import XorEndpointValue


@dataclass(frozen=True, slots=True)
class ChannelNumber:
    """0x4000 to 0x4FFF: RFC 8656 section 18.1; the two reserved bytes are ignored."""

    TYPE: ClassVar[int] = 0x000C

    number: int

    @classmethod
    def parse(cls, raw: bytes, _mask: bytes, /) -> Self | None:
        return cls(int.from_bytes(raw[:2], "big")) if len(raw) == 4 else None

    def value(self, _mask: bytes, /) -> bytes:
        return struct.pack("!H2x", self.number)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """RFC 8656 section 18.2."""

    TYPE: ClassVar[int] = 0x000D

    lifetime_s: int

    @classmethod
    def parse(cls, raw: bytes, _mask: bytes, /) -> Self | None:
        return cls(int.from_bytes(raw, "big")) if len(raw) == 4 else None

    def value(self, _mask: bytes, /) -> bytes:
        return struct.pack("!I", self.lifetime_s)


@dataclass(frozen=True, slots=True)
class XorPeerAddress(XorEndpointValue):
    """RFC 8656 section 18.3."""

    TYPE: ClassVar[int] = 0x0012


@dataclass(frozen=True, slots=True)
class Data:
    """What a peer sent, or is to be sent: RFC 8656 section 18.4."""

    TYPE: ClassVar[int] = 0x0013

    data: bytes

    @classmethod
    def parse(cls, raw: bytes, _mask: bytes, /) -> Self | None:
        return cls(raw)

    def value(self, _mask: bytes, /) -> bytes:
        return self.data


@dataclass(frozen=True, slots=True)
class XorRelayedAddress(XorEndpointValue):
    """RFC 8656 section 18.5."""

    TYPE: ClassVar[int] = 0x0016


@dataclass(frozen=True, slots=True)
class RequestedTransport:
    """`protocol` is an IP protocol number, 17 for UDP: RFC 8656 section 18.8."""

    TYPE: ClassVar[int] = 0x0019

    protocol: int

    @classmethod
    def parse(cls, raw: bytes, _mask: bytes, /) -> Self | None:
        return cls(raw[0]) if len(raw) == 4 else None

    def value(self, _mask: bytes, /) -> bytes:
        return struct.pack("!B3x", self.protocol)
