"""STUN attributes: one frozen class each, which reads and writes its own value, and the table of their types."""

import ipaddress
import struct
from dataclasses import dataclass
from typing import ClassVar, Self

MAGIC_COOKIE = bytes.fromhex("2112a442")
"""RFC 8489 section 5."""

_COOKIE_PORT = int.from_bytes(MAGIC_COOKIE[:2], "big")
_FAMILY_BY_PACKED_BYTES = {4: 1, 16: 2}


def _xor(raw: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ key for byte, key in zip(raw, mask[: len(raw)], strict=True))


@dataclass(frozen=True, slots=True)
class _Endpoint:
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
class _XorEndpoint(_Endpoint):
    """RFC 8489 section 14.2; `mask` is the magic cookie followed by the transaction id."""

    @classmethod
    def parse(cls, raw: bytes, mask: bytes, /) -> Self | None:
        return super(_XorEndpoint, cls).parse(_xor_endpoint(raw, mask), mask) if 4 <= len(raw) <= 20 else None

    def value(self, mask: bytes, /) -> bytes:
        return _xor_endpoint(super(_XorEndpoint, self).value(mask), mask)


def _xor_endpoint(raw: bytes, mask: bytes) -> bytes:
    port = int.from_bytes(raw[2:4], "big") ^ _COOKIE_PORT
    return raw[:2] + struct.pack("!H", port) + _xor(raw[4:], mask)


@dataclass(frozen=True, slots=True)
class MappedAddress(_Endpoint):
    """RFC 8489 section 14.1."""

    TYPE: ClassVar[int] = 0x0001


@dataclass(frozen=True, slots=True)
class XorMappedAddress(_XorEndpoint):
    """RFC 8489 section 14.2."""

    TYPE: ClassVar[int] = 0x0020


@dataclass(frozen=True, slots=True)
class XorRelayedAddress(_XorEndpoint):
    """RFC 8656 section 18.5."""

    TYPE: ClassVar[int] = 0x0016


@dataclass(frozen=True, slots=True)
class ResponseOrigin(_Endpoint):
    """RFC 5780 section 7.3."""

    TYPE: ClassVar[int] = 0x802B


@dataclass(frozen=True, slots=True)
class OtherAddress(_Endpoint):
    """RFC 5780 section 7.4."""

    TYPE: ClassVar[int] = 0x802C


@dataclass(frozen=True, slots=True)
class _Text:
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


@dataclass(frozen=True, slots=True)
class Username(_Text):
    """RFC 8489 section 14.3."""

    TYPE: ClassVar[int] = 0x0006


@dataclass(frozen=True, slots=True)
class Realm(_Text):
    """RFC 8489 section 14.9."""

    TYPE: ClassVar[int] = 0x0014


@dataclass(frozen=True, slots=True)
class Nonce(_Text):
    """RFC 8489 section 14.10."""

    TYPE: ClassVar[int] = 0x0015


@dataclass(frozen=True, slots=True)
class Software(_Text):
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
class RequestedTransport:
    """`protocol` is an IP protocol number, 17 for UDP: RFC 8656 section 18.8."""

    TYPE: ClassVar[int] = 0x0019

    protocol: int

    @classmethod
    def parse(cls, raw: bytes, _mask: bytes, /) -> Self | None:
        return cls(raw[0]) if len(raw) == 4 else None

    def value(self, _mask: bytes, /) -> bytes:
        return struct.pack("!B3x", self.protocol)


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
    | Lifetime
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
        Lifetime,
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
