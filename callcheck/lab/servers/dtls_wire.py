"""The first two DTLS 1.2 messages as bytes: ClientHello and HelloVerifyRequest (RFC 6347 section 4.2)."""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass
from typing import Final

from callcheck.lab.servers.responder import Address

COOKIE_BYTES: Final = 20
_HANDSHAKE_RECORD: Final = 22
_CLIENT_HELLO: Final = 1
_HELLO_VERIFY_REQUEST: Final = 3
_RECORD_HEADER_BYTES: Final = 13
_HANDSHAKE_HEADER_BYTES: Final = 12
_DTLS_1_0: Final = b"\xfe\xff"
_VERSIONS: Final = frozenset({_DTLS_1_0, b"\xfe\xfd"})


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a server without state looks at: the record's number, the client's random, and the cookie (may be empty)."""

    record_sequence: bytes
    client_random: bytes
    cookie: bytes


def parse_client_hello(datagram: bytes) -> ClientHello | None:
    """An unfragmented ClientHello at the start of a datagram; None for everything else."""
    body = _client_hello_body(datagram)
    if body is None:
        return None
    session_id_start = 34
    cookie_start = session_id_start + 1 + body[session_id_start] if len(body) > session_id_start else len(body)
    if cookie_start >= len(body):
        return None
    ciphers_start = cookie_start + 1 + body[cookie_start]
    if ciphers_start + 2 > len(body):
        return None
    return ClientHello(
        record_sequence=datagram[5:11],
        client_random=body[2:session_id_start],
        cookie=body[cookie_start + 1 : ciphers_start],
    )


def _client_hello_body(datagram: bytes) -> bytes | None:
    body_start = _RECORD_HEADER_BYTES + _HANDSHAKE_HEADER_BYTES
    if len(datagram) < body_start or datagram[0] != _HANDSHAKE_RECORD or datagram[1:3] not in _VERSIONS:
        return None
    epoch, record_bytes = struct.unpack_from(">H6xH", datagram, 3)
    message_type = datagram[_RECORD_HEADER_BYTES]
    message_bytes = int.from_bytes(datagram[14:17], "big")
    fragment_offset = int.from_bytes(datagram[19:22], "big")
    fragment_bytes = int.from_bytes(datagram[22:25], "big")
    is_whole = fragment_offset == 0 and fragment_bytes == message_bytes
    fits = record_bytes == _HANDSHAKE_HEADER_BYTES + message_bytes <= len(datagram) - _RECORD_HEADER_BYTES
    if epoch != 0 or message_type != _CLIENT_HELLO or not is_whole or not fits:
        return None
    return datagram[body_start : body_start + message_bytes]


def hello_cookie(secret: bytes, source: Address, client_random: bytes) -> bytes:
    """20 bytes that only the server can make, bound to the client's address and hello, so that it remembers nothing."""
    return hmac.digest(secret, f"{source[0]} {source[1]} ".encode() + client_random, "sha256")[:COOKIE_BYTES]


def hello_verify_request(record_sequence: bytes, cookie: bytes) -> bytes:
    """A HelloVerifyRequest as OpenSSL writes it: 48 bytes with a cookie of 20, DTLS 1.0 in both version fields.

    The record takes the number of the ClientHello's record (RFC 6347 section 4.2.1).
    """
    body = _DTLS_1_0 + bytes([len(cookie)]) + cookie
    length = len(body).to_bytes(3, "big")
    handshake = bytes([_HELLO_VERIFY_REQUEST]) + length + bytes(2) + bytes(3) + length + body
    record_header = bytes([_HANDSHAKE_RECORD]) + _DTLS_1_0 + bytes(2) + record_sequence
    return record_header + struct.pack(">H", len(handshake)) + handshake
