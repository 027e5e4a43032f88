"""Reads the ClientHello of TLS and DTLS as a middlebox does: the name it asks for, and what its maker looks like.

RFC 8446 section 4.1.2 (TLS), RFC 6347 section 4.2 (DTLS: a cookie, and a longer header). Total: nothing here raises.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from callcheck.lab.wire.reading import Cursor, ShortError

_HANDSHAKE_RECORD: Final = 22
_CLIENT_HELLO: Final = 1
_TLS_RECORD_BYTES: Final = 5
_DTLS_RECORD_BYTES: Final = 13
_DTLS_VERSIONS: Final = (b"\xfe\xff", b"\xfe\xfd")
_SERVER_NAME: Final = 0  # RFC 6066 section 3
_SUPPORTED_GROUPS: Final = 10  # RFC 8422 section 5.1.1
_FINGERPRINT_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What tells one ClientHello from another. Numbers are as on the wire, in its order."""

    version: int
    ciphers: tuple[int, ...]
    extensions: tuple[tuple[int, bytes], ...]

    def server_name(self) -> str | None:
        """The host that it asks for, in lower case without a last dot; None if it names none."""
        content = self._extension(_SERVER_NAME)
        try:
            names = Cursor(Cursor(content).block(2))
            return names.block(2).decode("ascii", "replace").lower().rstrip(".") if names.number(1) == 0 else None
        except ShortError:
            return None

    def groups(self) -> tuple[int, ...]:
        """The key exchange groups that it offers; () if it says nothing of them."""
        content = self._extension(_SUPPORTED_GROUPS)
        try:
            return _numbers(Cursor(content).block(2))
        except ShortError:
            return ()

    def _extension(self, kind: int) -> bytes:
        return next((content for number, content in self.extensions if number == kind), b"")


def read_client_hello(body: bytes, *, has_cookie: bool = False) -> ClientHello | None:
    """A ClientHello without its handshake header; None if it is not whole. DTLS has a cookie, TLS has none."""
    cursor = Cursor(body)
    try:
        version = cursor.number(2)
        cursor.take(32)  # random
        cursor.block(1)  # session id
        if has_cookie:
            cursor.block(1)
        ciphers = _numbers(cursor.block(2))
        cursor.block(1)  # compression methods
        extensions = () if cursor.is_over() else _read_extensions(cursor.block(2))
    except ShortError:
        return None
    return ClientHello(version, ciphers, extensions)


def read_handshake(message: bytes) -> ClientHello | None:
    """A handshake message of TLS 1.2 or 1.3 with its header, as in a TLS record or in QUIC's CRYPTO frames."""
    if message[:1] != bytes([_CLIENT_HELLO]) or len(message) < 4:
        return None
    end = 4 + int.from_bytes(message[1:4], "big")
    return read_client_hello(message[4:end]) if end <= len(message) else None


def is_tls_hello(stream: bytes) -> bool | None:
    """Whether a TCP stream begins with a ClientHello; None while it is too short to tell."""
    for at, byte in ((0, _HANDSHAKE_RECORD), (1, 3), (5, _CLIENT_HELLO)):
        if len(stream) <= at:
            return None
        if stream[at] != byte:
            return False
    return True


def tls_hello(stream: bytes) -> ClientHello | None:
    """The ClientHello in the first record of a TCP stream; None if that record is not whole or holds no whole one.

    A ClientHello that is spread over several records is not read, as by the middleboxes that this evades.
    """
    if not is_tls_hello(stream):
        return None
    end = _TLS_RECORD_BYTES + int.from_bytes(stream[3:5], "big")
    return read_handshake(stream[_TLS_RECORD_BYTES:end]) if len(stream) >= end else None


def is_tls_record_whole(stream: bytes) -> bool:
    return len(stream) >= _TLS_RECORD_BYTES + int.from_bytes(stream[3:5], "big")


def is_dtls_hello(payload: bytes) -> bool:
    """Whether a datagram begins with a DTLS record, not yet encrypted, that holds (the start of) a ClientHello."""
    return (
        len(payload) > _DTLS_RECORD_BYTES
        and payload[0] == _HANDSHAKE_RECORD
        and payload[1:3] in _DTLS_VERSIONS
        and payload[3:5] == b"\0\0"
        and payload[_DTLS_RECORD_BYTES] == _CLIENT_HELLO
    )


def dtls_hello(payload: bytes) -> ClientHello | None:
    """The ClientHello at the start of a datagram; None if there is none, or only a fragment of one."""
    if not is_dtls_hello(payload):
        return None
    cursor = Cursor(payload[_DTLS_RECORD_BYTES:])
    try:
        cursor.take(1)  # message type
        whole_bytes = cursor.number(3)
        cursor.take(2)  # message number
        offset, fragment_bytes = cursor.number(3), cursor.number(3)
        body = cursor.take(fragment_bytes)
    except ShortError:
        return None
    return read_client_hello(body, has_cookie=True) if offset == 0 and fragment_bytes == whole_bytes else None


def dtls_fingerprint(payload: bytes) -> str | None:
    """What a DTLS ClientHello shows of the library that made it, or None where a datagram holds none.

    As JA3 does for TLS: version, ciphers, extension types and groups in decimal and in the order of the wire, without
    the values that RFC 8701 reserves for nonsense, "771,4865-4866,0-10,29-23"; here the first 12 hexadecimal digits
    of its SHA-256, lower case. Random, cookie and session do not count: each hello of one library has the same.
    """
    hello = dtls_hello(payload)
    if hello is None:
        return None
    kinds = tuple(number for number, _ in hello.extensions)
    parts = (str(hello.version), *(_joined(numbers) for numbers in (hello.ciphers, kinds, hello.groups())))
    return sha256(",".join(parts).encode()).hexdigest()[:_FINGERPRINT_DIGITS]


def _joined(numbers: tuple[int, ...]) -> str:
    return "-".join(str(number) for number in numbers if not _is_grease(number))


def _is_grease(number: int) -> bool:  # RFC 8701 section 2: 0a0a, 1a1a and so on to fafa
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def _numbers(content: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(content[at : at + 2], "big") for at in range(0, len(content) - 1, 2))


def _read_extensions(content: bytes) -> tuple[tuple[int, bytes], ...]:
    """Raises ShortError."""
    cursor = Cursor(content)
    extensions = []
    while not cursor.is_over():
        kind = cursor.number(2)
        extensions.append((kind, cursor.block(2)))
    return tuple(extensions)
