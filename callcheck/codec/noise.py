"""The first two messages of WhatsApp's chat protocol, which need no account: Noise ClientHello and ServerHello.

Source: facts 2.2, from tulir/whatsmeow socket/constants.go, handshake.go and framesocket.go. The same bytes travel as
one message of a websocket (confirmed there) and on raw TCP (inferred: libprotoident lpi_whatsapp.cc shows the framing).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from callcheck.codec import Malformed

EPHEMERAL_BYTES = 32
MAX_FRAME_BYTES = 16_384
"""A ServerHello has some hundred bytes; a longer frame than this is not one, and no more is kept in memory."""

_PROLOGUE = b"WA\x06\x03"
_SERVER_HELLO_KEY = 0x1A


@dataclass(frozen=True, slots=True)
class ServerHello:
    """The server's ephemeral key (32 bytes), its encrypted static key and its encrypted certificate."""

    ephemeral: bytes
    static: bytes
    payload: bytes


def client_hello(ephemeral: bytes) -> bytes:
    """The 43 bytes that start the stream: prologue, 3-byte length, and a HandshakeMessage with one X25519 public key.

    32 random bytes suffice as the key to get an answer.
    """
    if len(ephemeral) != EPHEMERAL_BYTES:
        raise ValueError(f"an ephemeral key has {EPHEMERAL_BYTES} bytes")
    message = b"\x12\x22\x0a\x20" + ephemeral
    return _PROLOGUE + len(message).to_bytes(3, "big") + message


class ServerHelloReader:
    """Reads the first frame of the server's stream, whatever the way it is cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: ServerHello | Malformed | None = None

    def feed(self, data: bytes) -> ServerHello | Malformed | None:
        """None until the first frame is whole or cannot be one; from then on always that one answer. Never raises."""
        if self._answer is None:
            self._buffer += data
            self._answer = self._read()
        return self._answer

    def _read(self) -> ServerHello | Malformed | None:
        if len(self._buffer) < 3:
            return None
        frame_bytes = int.from_bytes(self._buffer[:3], "big")
        if not 0 < frame_bytes <= MAX_FRAME_BYTES:
            return Malformed(f"a frame of {frame_bytes} bytes")
        if len(self._buffer) < 3 + frame_bytes:
            return None
        return _server_hello(bytes(self._buffer[3 : 3 + frame_bytes]))


def _server_hello(frame: bytes) -> ServerHello | Malformed:
    if frame[0] != _SERVER_HELLO_KEY:
        return Malformed("a frame that is no ServerHello")
    outer = _fields(frame)
    inner = _fields(outer.get(3, b"")) if outer is not None else None
    if inner is None:
        return Malformed("a ServerHello that is no protobuf")
    ephemeral, static, payload = (inner.get(number, b"") for number in (1, 2, 3))
    if len(ephemeral) != EPHEMERAL_BYTES or not static or not payload:
        return Malformed("a ServerHello without its keys or certificate")
    return ServerHello(ephemeral, static, payload)


def _fields(message: bytes) -> dict[int, bytes] | None:
    """The length-delimited fields of a protobuf message, the last of each number; None if it is not well formed."""
    found: dict[int, bytes] = {}
    for number, value in _walk(message):
        if number is None:
            return None
        found[number] = value
    return found


def _walk(message: bytes) -> Iterator[tuple[int | None, bytes]]:
    """Field number and value, fields of other wire types as empty under 0; a number of None ends a broken message."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        start = at
        match key & 7:
            case 0:
                _, at = _varint(message, at)
            case 1:
                at += 8
            case 2:
                size, start = _varint(message, at)
                at = start + size
            case 5:
                at += 4
            case _:
                at = len(message) + 1
        if at > len(message):
            yield None, b""
            return
        yield (key >> 3, message[start:at]) if key & 7 == 2 else (0, b"")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Value and the place after it; the place is past the end if the varint is cut off or has more than 10 bytes."""
    value = 0
    for index in range(10):
        if at + index >= len(message):
            break
        value |= (message[at + index] & 0x7F) << (7 * index)
        if message[at + index] < 0x80:
            return value, at + index + 1
    return 0, len(message) + 1
