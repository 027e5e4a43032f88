"""STUN attributes: one frozen class each, which reads and writes its own value, and the table of their types."""

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from callcheck.codec.attribute_values import MAGIC_COOKIE, EndpointValue, TextValue, XorEndpointValue
from callcheck.codec.turn_attributes import (
    ChannelNumber,
    Data,
    Lifetime,
    RequestedTransport,
    XorPeerAddress,
    XorRelayedAddress,
)

__all__ = [
    "ATTRIBUTES",
    "MAGIC_COOKIE",
    "Attribute",
    "ChangeRequest",
    "ChannelNumber",
    "Data",
    "ErrorCode",
    "Fingerprint",
    "Known",
    "Lifetime",
    "MappedAddress",
    "MessageIntegrity",
    "Nonce",
    "OtherAddress",
    "Realm",
    "RequestedTransport",
    "ResponseOrigin",
    "Software",
    "Unknown",
    "Username",
    "XorMappedAddress",
    "XorPeerAddress",
    "XorRelayedAddress",
]


@dataclass(frozen=True, slots=True)
class MappedAddress(EndpointValue):
    """RFC 8489 section 14.1."""

    TYPE: ClassVar[int] = 0x0001


@dataclass(frozen=True, slots=True)
class XorMappedAddress(XorEndpointValue):
    """RFC 8489 section 14.2."""

    TYPE: ClassVar[int] = 0x0020


@dataclass(frozen=True, slots=True)
class ResponseOrigin(EndpointValue):
    """RFC 5780 section 7.3."""

    TYPE: ClassVar[int] = 0x802B


@dataclass(frozen=True, slots=True)
class OtherAddress(EndpointValue):
    """RFC 5780 section 7.4."""

    TYPE: ClassVar[int] = 0x802C


@dataclass(frozen=True, slots=True)
class Username(TextValue):
    """RFC 8489 section 14.3."""

    TYPE: ClassVar[int] = 0x0006


@dataclass(frozen=True, slots=True)
class Realm(TextValue):
    """RFC 8489 section 14.9."""

    TYPE: ClassVar[int] = 0x0014


@dataclass(frozen=True, slots=True)
class Nonce(TextValue):
    """RFC 8489 section 14.10."""

    TYPE: ClassVar[int] = 0x0015


@dataclass(frozen=True, slots=True)
class Software(TextValue):
    """RFC 8489 section 14.14."""

    TYPE: ClassVar[int] = 0x8022


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """`code` is class * 100 + number: RFC 8489 section 14.8; classes 1 and 2 are of RFC 3489 section 11.2.9."""

    TYPE: ClassVar[int] = 0x0009

    code: int
    reason: str

    @classmethod
    def parse(cls, raw: bytes, _mask: bytes, /) -> Self | None:
        if len(raw) < 4 or not 1 <= raw[2] & 7 <= 6 or raw[3] > 99:
            return None
        # A reason that is not UTF-8 must not hide the code, which is what callers act on.
        return cls((raw[2] & 7) * 100 + raw[3], raw[4:].decode(errors="replace"))

    def value(self, _mask: bytes, /) -> bytes:
        error_class, number = divmod(self.code, 100)
        if not 1 <= error_class <= 6:
            raise ValueError(f"no STUN error code: {self.code}")
        return bytes([0, 0, error_class, number]) + self.reason.encode()


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """RFC 5780 section 7.2 and RFC 3489 section 11.2.4."""

    TYPE: ClassVar[int] = 0x0003

    change_address: bool
    change_port: bool

    @classmethod
    def parse(cls, raw: bytes, _mask: bytes, /) -> Self | None:
        return cls(bool(raw[3] & 4), bool(raw[3] & 2)) if len(raw) == 4 else None

    def value(self, _mask: bytes, /) -> bytes:
        return bytes([0, 0, 0, self.change_address * 4 + self.change_port * 2])


@dataclass(frozen=True, slots=True)
class MessageIntegrity:
    """The 20 bytes of HMAC-SHA1 as they stood in the message: RFC 8489 section 14.5."""

    TYPE: ClassVar[int] = 0x0008

    hmac_sha1: bytes

    @classmethod
    def parse(cls, raw: bytes, _mask: bytes, /) -> Self | None:
        return cls(raw) if len(raw) == 20 else None

    def value(self, _mask: bytes, /) -> bytes:
        return self.hmac_sha1


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """CRC-32 already combined with 0x5354554e: RFC 8489 section 14.7."""

    TYPE: ClassVar[int] = 0x8028

    crc32: int

    @classmethod
    def parse(cls, raw: bytes, _mask: bytes, /) -> Self | None:
        return cls(int.from_bytes(raw, "big")) if len(raw) == 4 else None

    def value(self, _mask: bytes, /) -> bytes:
        return struct.pack("!I", self.crc32)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A type outside the table, or a value that does not fit its type; `raw` is the value without padding."""

    type: int
    raw: bytes


Known = (
    MappedAddress
    | XorMappedAddress
    | XorPeerAddress
    | XorRelayedAddress
    | ResponseOrigin
    | OtherAddress
    | Username
    | Realm
    | Nonce
    | Software
    | ErrorCode
    | ChangeRequest
    | RequestedTransport
    | ChannelNumber
    | Lifetime
    | Data
    | MessageIntegrity
    | Fingerprint
)

ATTRIBUTES: dict[int, type[Known]] = {
    attribute.TYPE: attribute
    for attribute in (
        MappedAddress,
        ChangeRequest,
        Username,
        MessageIntegrity,
        ErrorCode,
        ChannelNumber,
        Lifetime,
        XorPeerAddress,
        Data,
        Realm,
        Nonce,
        XorRelayedAddress,
        RequestedTransport,
        XorMappedAddress,
        Software,
        Fingerprint,
        ResponseOrigin,
        OtherAddress,
    )
}
"""Every type that is read into a class of its own; the rest stays `Unknown`."""

Attribute = Known | Unknown
