"""DTLS as a probe: the ClientHello that OpenSSL makes, and the header of what a server sends back.

RFC 6347 sections 4.1 (record), 4.2.2 (handshake header) and 4.2.1 (cookie). WhatsApp's relays speak DTLS before they
see any token, so this is the probe most likely to be answered by them (inferred: facts 2.4 and 8).
"""

from dataclasses import dataclass

from OpenSSL import SSL

from callcheck.codec import Malformed

_RECORD_HEADER_BYTES = 13
_HANDSHAKE_HEADER_BYTES = 12
_VERSIONS = (0xFEFF, 0xFEFD)
_ALERT = 21
_HANDSHAKE = 22
_SERVER_HELLO = 2
_HELLO_VERIFY_REQUEST = 3
_MAX_HELLO_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class HelloVerifyRequest:
    """The server asks for its cookie back, so it has read the ClientHello: RFC 6347 section 4.2.1."""

    cookie: bytes


@dataclass(frozen=True, slots=True)
class ServerHello:
    """The server went on without a cookie; `version` is 0xfeff for DTLS 1.0 and 0xfefd from 1.2 on."""

    version: int


@dataclass(frozen=True, slots=True)
class Alert:
    """`level` is 1 warning or 2 fatal, `description` a code of RFC 5246 section 7.2; still a live DTLS server."""

    level: int
    description: int


def client_hello() -> bytes:
    """One ClientHello datagram without a cookie, about 200 bytes, made by OpenSSL in memory.

    It differs from call to call: OpenSSL draws its random bytes itself, which this package does nowhere else.
    """
    connection = SSL.Connection(SSL.Context(SSL.DTLS_METHOD), None)
    connection.set_connect_state()
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        return connection.bio_read(_MAX_HELLO_BYTES)
    raise RuntimeError("OpenSSL finished a handshake with nobody")


def decode(datagram: bytes) -> HelloVerifyRequest | ServerHello | Alert | Malformed:
    """The first record of a server's first datagram. Never raises."""
    if len(datagram) < _RECORD_HEADER_BYTES:
        return Malformed(f"{len(datagram)} bytes are no DTLS record")
    version, epoch = int.from_bytes(datagram[1:3], "big"), int.from_bytes(datagram[3:5], "big")
    if version not in _VERSIONS or epoch != 0:
        return Malformed(f"a record of version {version:#06x} and epoch {epoch}")
    record_bytes = int.from_bytes(datagram[11:13], "big")
    fragment = datagram[_RECORD_HEADER_BYTES : _RECORD_HEADER_BYTES + record_bytes]
    if len(fragment) != record_bytes:
        return Malformed("a record that runs past the end")
    if datagram[0] == _ALERT and record_bytes == 2:
        return Alert(level=fragment[0], description=fragment[1])
    if datagram[0] == _HANDSHAKE and record_bytes >= _HANDSHAKE_HEADER_BYTES:
        return _handshake(fragment)
    return Malformed(f"a record of type {datagram[0]} and {record_bytes} bytes")


def _handshake(fragment: bytes) -> HelloVerifyRequest | ServerHello | Malformed:
    message_bytes = int.from_bytes(fragment[1:4], "big")
    offset = int.from_bytes(fragment[6:9], "big")
    fragment_bytes = int.from_bytes(fragment[9:12], "big")
    body = fragment[_HANDSHAKE_HEADER_BYTES : _HANDSHAKE_HEADER_BYTES + fragment_bytes]
    if len(body) != fragment_bytes or fragment_bytes > message_bytes:
        return Malformed("a handshake message that runs past its record")
    if offset != 0 or len(body) < 3 or int.from_bytes(body[:2], "big") not in _VERSIONS:
        return Malformed("no start of a server's handshake")
    if fragment[0] == _SERVER_HELLO:
        return ServerHello(int.from_bytes(body[:2], "big"))
    if fragment[0] == _HELLO_VERIFY_REQUEST and body[2] == len(body) - 3:
        return HelloVerifyRequest(cookie=body[3:])
    return Malformed(f"a handshake message of type {fragment[0]}")
