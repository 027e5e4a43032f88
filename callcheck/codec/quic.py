"""What every version of QUIC shares: the long header, and Version Negotiation (RFC 8999; RFC 9000 section 17.2.1).

A server answers a long header of a version that it does not know with the list of those that it does. That takes no
TLS and shows no name, so it tells whether UDP on this port passes at all, apart from what happens to version 1.
"""

from dataclasses import dataclass

from callcheck.codec import Malformed

VERSION_1 = 0x00000001
UNKNOWN_VERSION = 0x1A2A3A4A
"""Of the form 0x?a?a?a?a, which is set aside to be unknown: RFC 9000 section 15."""

SMALLEST_BYTES = 1200
"""A server need not answer less: RFC 9000 section 5.2.2 and 14.1."""

CONNECTION_ID_BYTES = 8
"""Servers drop a first packet whose destination connection id is shorter: RFC 9000 section 7.2."""

_LONG_HEADER = 0x80
_FIXED_BIT = 0x40
_MOST_ID_BYTES = 20


@dataclass(frozen=True, slots=True)
class VersionNegotiation:
    """The versions that a server speaks, in its order; the connection ids are ours turned round."""

    destination_id: bytes
    source_id: bytes
    versions: tuple[int, ...]


def version_probe(
    destination_id: bytes, source_id: bytes, *, version: int = UNKNOWN_VERSION, size_bytes: int = SMALLEST_BYTES
) -> bytes:
    """A long header of `version` and zeros up to exactly `size_bytes`.

    Raises ValueError for ids that RFC 9000 section 17.2 does not allow, and for a size that is too small for them.
    """
    if not CONNECTION_ID_BYTES <= len(destination_id) <= _MOST_ID_BYTES or len(source_id) > _MOST_ID_BYTES:
        raise ValueError("a first packet has 8 to 20 bytes of destination id and up to 20 of source id")
    header = bytes([_LONG_HEADER | _FIXED_BIT]) + version.to_bytes(4, "big")
    for connection_id in (destination_id, source_id):
        header += bytes([len(connection_id)]) + connection_id
    if len(header) > size_bytes:
        raise ValueError(f"{size_bytes} bytes do not hold the header")
    return header.ljust(size_bytes, b"\0")


def decode_versions(datagram: bytes) -> VersionNegotiation | Malformed:
    """The Version Negotiation packet that fills a datagram (RFC 8999 section 6). Never raises."""
    if len(datagram) < 7 or not datagram[0] & _LONG_HEADER:
        return Malformed("no long header")
    if any(datagram[1:5]):
        return Malformed("a packet of some version, no negotiation")
    destination_id, at = _connection_id(datagram, 5)
    source_id, at = _connection_id(datagram, at)
    versions = datagram[at:]
    if at > len(datagram) or not versions or len(versions) % 4:
        return Malformed("a list of versions that is empty or cut off")
    numbers = (int.from_bytes(versions[place : place + 4], "big") for place in range(0, len(versions), 4))
    return VersionNegotiation(destination_id, source_id, tuple(numbers))


def answers_probe(datagram: bytes, probe: bytes) -> VersionNegotiation | None:
    """The negotiation in `datagram` if it answers `probe`; None for anything else. Never raises.

    It must turn our two ids round (RFC 8999 section 6) and may not list the version that it refuses (RFC 9000 6.2).
    """
    heard = decode_versions(datagram)
    if isinstance(heard, Malformed):
        return None
    destination_id, at = _connection_id(probe, 5)
    source_id, _ = _connection_id(probe, at)
    ours = (heard.destination_id, heard.source_id) == (source_id, destination_id)
    return heard if ours and int.from_bytes(probe[1:5], "big") not in heard.versions else None


def _connection_id(datagram: bytes, at: int) -> tuple[bytes, int]:
    """An id of any version, up to 255 bytes, and the place behind it; that lies past the end if the id is cut off."""
    if at >= len(datagram):
        return b"", len(datagram) + 1
    end = at + 1 + datagram[at]
    return datagram[at + 1 : end], end
