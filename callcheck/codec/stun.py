"""STUN and TURN messages: RFC 8489, and the classic form of RFC 3489 that has no magic cookie."""

import hashlib
import hmac
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from callcheck.codec import Malformed
from callcheck.codec.stun_attributes import (
    ATTRIBUTES,
    MAGIC_COOKIE,
    Attribute,
    ErrorCode,
    Fingerprint,
    MappedAddress,
    MessageIntegrity,
    RequestedTransport,
    Software,
    Unknown,
    XorMappedAddress,
)

BINDING = 0x001
ALLOCATE = 0x003

Kind = Literal["request", "indication", "success", "error"]

_KINDS: tuple[Kind, ...] = ("request", "indication", "success", "error")
"""In the order of the two class bits: RFC 8489 section 5."""

_HEADER_BYTES = 20
_INTEGRITY_BYTES = 4 + 20
_FINGERPRINT_BYTES = 4 + 4
_FINGERPRINT_MASK = 0x5354554E
_IP_PROTOCOL_UDP = 17

MAX_PADDED_BYTES = 1232
"""The IPv6 minimum of 1280 bytes less the headers; RFC 8489 section 6.1 asks to stay below the path MTU."""

_SOFTWARE_MAX_BYTES = 4 + 128
"""RFC 8489 section 14.14: fewer than 128 characters, so 127 and one byte of padding."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    `transaction_id` has 12 bytes with a magic cookie (`cookie`) and 16 without: RFC 3489 section 11.1. `attributes`
    keeps the order on the wire, and holds MESSAGE-INTEGRITY and FINGERPRINT of a received message as plain values:
    `check_integrity` and `check_fingerprint` judge them.
    """

    method: int
    kind: Kind
    transaction_id: bytes
    attributes: tuple[Attribute, ...] = ()
    cookie: bool = True


def encode(message: Message, *, key: bytes | None = None, fingerprint: bool = False) -> bytes:
    """The message's bytes; with `key` MESSAGE-INTEGRITY is appended, with `fingerprint` FINGERPRINT after it.

    Raises ValueError (or struct.error, which a wrong integer gives) for a message that has no wire form.
    """
    datagram = _header(message) + b"".join(_attribute(item, _mask(message)) for item in message.attributes)
    if len(datagram) > _HEADER_BYTES + 0xFFFC - _INTEGRITY_BYTES - _FINGERPRINT_BYTES:
        raise ValueError("the attributes do not fit the 16-bit message length")
    if key is not None:
        if not message.cookie:
            raise ValueError("the integrity rule of RFC 8489 needs the magic cookie")
        datagram = _with_length(datagram, len(datagram) + _INTEGRITY_BYTES)
        digest = hmac.digest(key, datagram, hashlib.sha1)
        datagram += struct.pack("!HH", MessageIntegrity.TYPE, 20) + digest
    if fingerprint:
        datagram = _with_length(datagram, len(datagram) + _FINGERPRINT_BYTES)
        datagram += struct.pack("!HHI", Fingerprint.TYPE, 4, zlib.crc32(datagram) ^ _FINGERPRINT_MASK)
    return _with_length(datagram, len(datagram))


def decode(datagram: bytes) -> Message | Malformed:
    """The message in a datagram, with the form recognised by the magic cookie. Never raises."""
    places = _places(datagram)
    if isinstance(places, Malformed):
        return places
    message_type = int.from_bytes(datagram[:2], "big")
    cookie = datagram[4:8] == MAGIC_COOKIE
    mask = MAGIC_COOKIE + datagram[8:20]
    return Message(
        method=message_type & 0xF | message_type >> 1 & 0x70 | message_type >> 2 & 0xF80,
        kind=_KINDS[message_type >> 7 & 2 | message_type >> 4 & 1],
        transaction_id=datagram[8:20] if cookie else datagram[4:20],
        attributes=tuple(_typed(place.type, datagram[place.start : place.end], mask) for place in places),
        cookie=cookie,
    )


def check_integrity(datagram: bytes, key: bytes) -> bool:
    """True if MESSAGE-INTEGRITY is there and right for `key`: RFC 8489 section 14.5.

    `key` is the password of the short-term mechanism, or the MD5 of user, realm and password of the long-term one
    (section 9.2.2). The classic form padded the text before hashing (RFC 3489 section 11.2.8) and gives False.
    """
    places = _places(datagram)
    if isinstance(places, Malformed) or datagram[4:8] != MAGIC_COOKIE:
        return False
    for place in places:
        if place.type == MessageIntegrity.TYPE:
            covered = _with_length(datagram[: place.start - 4], place.start + 20)
            return hmac.compare_digest(hmac.digest(key, covered, hashlib.sha1), datagram[place.start : place.end])
    return False


def check_fingerprint(datagram: bytes) -> bool:
    """True if the last attribute is FINGERPRINT and it is right: RFC 8489 section 14.7."""
    places = _places(datagram)
    if isinstance(places, Malformed) or not places or places[-1].type != Fingerprint.TYPE:
        return False
    crc32 = zlib.crc32(datagram[: places[-1].start - 4]) ^ _FINGERPRINT_MASK
    return datagram[places[-1].start : places[-1].end] == struct.pack("!I", crc32)


def binding_request(transaction_id: bytes, *, cookie: bool = True, pad_to_bytes: int = 0) -> bytes:
    """A Binding request of 20 bytes, or of exactly `pad_to_bytes`.

    It reaches every multiple of 4 from 24 to `MAX_PADDED_BYTES`, and raises ValueError for any other size. It pads with
    SOFTWARE, which a server may ignore, so that a padded request is still answered: RFC 5780's PADDING has a
    comprehension-required type, which servers without RFC 5780 refuse with 420.
    """
    return encode(Message(BINDING, "request", transaction_id, _padding(pad_to_bytes), cookie))


def allocate_request(transaction_id: bytes) -> bytes:
    """The 28-byte Allocate (RFC 8656 section 7.1) that Telegram's clients send: facts 3.3, pcap telegram_videocall."""
    return encode(Message(ALLOCATE, "request", transaction_id, (RequestedTransport(_IP_PROTOCOL_UDP),)))


def reflexive_address(message: Message) -> tuple[str, int] | None:
    """The sender's address as the server saw it: XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS.

    A classic message is read the other way round, as RFC 3489 knows only MAPPED-ADDRESS.
    """
    order = (XorMappedAddress, MappedAddress) if message.cookie else (MappedAddress, XorMappedAddress)
    for wanted in order:
        for attribute in message.attributes:
            if isinstance(attribute, wanted):
                return attribute.address, attribute.port
    return None


def error_code(message: Message) -> tuple[int, str] | None:
    """Code and reason of the first ERROR-CODE; the reason is text from the network, to be escaped where it is shown."""
    for attribute in message.attributes:
        if isinstance(attribute, ErrorCode):
            return attribute.code, attribute.reason
    return None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an attribute's value stands in a datagram, padding left out."""

    type: int
    start: int
    end: int


def _places(datagram: bytes) -> list[_Place] | Malformed:
    if len(datagram) < _HEADER_BYTES:
        return Malformed(f"{len(datagram)} bytes are no STUN header")
    if datagram[0] & 0xC0:
        return Malformed("the first two bits are not zero")
    length = int.from_bytes(datagram[2:4], "big")
    if length != len(datagram) - _HEADER_BYTES or length % 4:
        return Malformed(f"a length of {length} where {len(datagram) - _HEADER_BYTES} bytes follow the header")
    places = list(_walk(datagram))
    if places and places[-1].end > len(datagram):
        return Malformed("an attribute runs past the end")
    return places


def _walk(datagram: bytes) -> Iterator[_Place]:
    """The last place may end past the datagram; all sizes are multiples of 4, so a 4-byte header always fits."""
    at = _HEADER_BYTES
    while at < len(datagram):
        attribute_type, length = struct.unpack_from("!HH", datagram, at)
        yield _Place(attribute_type, at + 4, at + 4 + length)
        at += 4 + length + -length % 4


def _typed(attribute_type: int, raw: bytes, mask: bytes) -> Attribute:
    known = ATTRIBUTES.get(attribute_type)
    return (known and known.parse(raw, mask)) or Unknown(attribute_type, raw)


def _header(message: Message) -> bytes:
    if message.cookie:
        if len(message.transaction_id) != 12:
            raise ValueError("a transaction id has 12 bytes beside a magic cookie")
    elif len(message.transaction_id) != 16 or message.transaction_id.startswith(MAGIC_COOKIE):
        raise ValueError("a classic transaction id has 16 bytes that do not begin with the magic cookie")
    if not 0 <= message.method <= 0xFFF:
        raise ValueError(f"no STUN method: {message.method}")
    kind = _KINDS.index(message.kind)
    method = message.method & 0xF | (message.method & 0x70) << 1 | (message.method & 0xF80) << 2
    message_type = method | (kind & 2) << 7 | (kind & 1) << 4
    cookie = MAGIC_COOKIE if message.cookie else b""
    return struct.pack("!HH", message_type, 0) + cookie + message.transaction_id


def _mask(message: Message) -> bytes:
    return MAGIC_COOKIE + message.transaction_id[-12:]


def _attribute(attribute: Attribute, mask: bytes) -> bytes:
    if isinstance(attribute, Unknown):
        attribute_type, raw = attribute.type, attribute.raw
    else:
        attribute_type, raw = attribute.TYPE, attribute.value(mask)
    return struct.pack("!HH", attribute_type, len(raw)) + raw + bytes(-len(raw) % 4)


def _with_length(datagram: bytes, total_bytes: int) -> bytes:
    return datagram[:2] + struct.pack("!H", total_bytes - _HEADER_BYTES) + datagram[4:]


def _padding(total_bytes: int) -> tuple[Software, ...]:
    """SOFTWARE attributes that fill a bare request up to `total_bytes`; one of them holds at most 127 characters."""
    if total_bytes in {0, _HEADER_BYTES}:
        return ()
    if total_bytes % 4 or not _HEADER_BYTES < total_bytes <= MAX_PADDED_BYTES:
        raise ValueError(f"a padded request cannot have {total_bytes} bytes")
    missing_bytes = total_bytes - _HEADER_BYTES
    sizes = [_SOFTWARE_MAX_BYTES] * (missing_bytes // _SOFTWARE_MAX_BYTES)
    if missing_bytes % _SOFTWARE_MAX_BYTES:
        sizes.append(missing_bytes % _SOFTWARE_MAX_BYTES)
    return tuple(Software("." * min(size - 4, 127)) for size in sizes)
