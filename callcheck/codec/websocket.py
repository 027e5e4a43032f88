"""The client's half of a WebSocket (RFC 6455): the handshake, masked frames out, the server's frames in."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from callcheck.codec import Malformed

KEY_BYTES = 16
MASK_BYTES = 4
MAX_HEAD_BYTES = 8_192
MAX_FRAME_BYTES = 65_536
"""An answer to a greeting has some hundred bytes; no more than this is kept in memory."""

BINARY, CLOSE, PING, PONG = 2, 8, 9, 10

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*?)[ \t]*")
_SWITCHING = 101
_CONTROL_OPCODES = (CLOSE, PING, PONG)
_OPCODES = (0, 1, BINARY, *_CONTROL_OPCODES)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server switched to WebSocket; `rest` is what came behind its handshake."""

    rest: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """An HTTP answer other than 101: somebody speaks HTTP there and no WebSocket."""

    status: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of the server: `opcode` as in RFC 6455 section 5.2; `is_final` is false where more of it follows."""

    opcode: int
    is_final: bool
    payload: bytes


def handshake(host: str, path: str, origin: str, key: bytes) -> bytes:
    """The opening request (RFC 6455 section 4.1); `key` is 16 random bytes. Raises ValueError for what is no header."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    if any(ord(sign) <= 32 or ord(sign) > 126 for sign in host + path + origin):
        raise ValueError("host, path and origin are visible ASCII")
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(key).decode()}\r\nSec-WebSocket-Version: 13\r\nOrigin: {origin}\r\n\r\n"
    ).encode("ascii")


def accept_for(key: bytes) -> bytes:
    """What `Sec-WebSocket-Accept` must say to a key (RFC 6455 section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(base64.b64encode(key) + _GUID, usedforsecurity=False).digest())


def frame(payload: bytes, mask: bytes, *, opcode: int = BINARY) -> bytes:
    """A final, masked frame (RFC 6455 section 5.2); `mask` is 4 random bytes, `payload` at most 65535 bytes."""
    if len(mask) != MASK_BYTES or len(payload) > 0xFFFF or opcode not in _OPCODES:
        raise ValueError("not a frame that a client sends")
    short = len(payload) <= 125
    size = bytes([0x80 | len(payload)]) if short else b"\xfe" + len(payload).to_bytes(2, "big")
    masked = bytes(byte ^ mask[at % MASK_BYTES] for at, byte in enumerate(payload))
    return bytes([0x80 | opcode]) + size + mask + masked


class HandshakeReader:
    """Reads the server's handshake, whatever the way it is cut."""

    def __init__(self, key: bytes) -> None:
        self._expected = accept_for(key)
        self._buffer = bytearray()
        self._answer: Accepted | Refused | Malformed | None = None

    def feed(self, data: bytes) -> Accepted | Refused | Malformed | None:
        """None until the head is whole or cannot be one; from then on always that one answer. Never raises."""
        if self._answer is None:
            self._buffer += data
            self._answer = self._read()
        return self._answer

    def _read(self) -> Accepted | Refused | Malformed | None:
        if b"HTTP/1."[: len(self._buffer)] != self._buffer[:7]:
            return Malformed("no HTTP")
        end = self._buffer.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES)
        if end < 0:
            return Malformed("a head without an end") if len(self._buffer) >= MAX_HEAD_BYTES else None
        return _judged(bytes(self._buffer[:end]), bytes(self._buffer[end + 4 :]), self._expected)


def _judged(head: bytes, rest: bytes, expected: bytes) -> Accepted | Refused | Malformed:
    first, *lines = head.split(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if status is None:
        return Malformed("no status line")
    if int(status[1]) != _SWITCHING:
        return Refused(int(status[1]))
    headers = {found[1].lower(): found[2] for line in lines if (found := _HEADER.fullmatch(line))}
    if headers.get(b"upgrade", b"").lower() != b"websocket" or headers.get(b"sec-websocket-accept") != expected:
        return Malformed("a switch that is not to our WebSocket")
    return Accepted(rest)


class FrameReader:
    """Cuts the server's stream into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._broken = False

    def feed(self, data: bytes) -> list[Frame | Malformed]:
        """The frames that `data` completes. Never raises; the first Malformed is the last thing reported."""
        frames: list[Frame | Malformed] = []
        if self._broken:
            return frames
        self._buffer += data
        while (found := self._next()) is not None:
            frames.append(found)
            if isinstance(found, Malformed):
                self._broken = True
                self._buffer.clear()
                break
        return frames

    def _next(self) -> Frame | Malformed | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, size = buffer[0], buffer[1]
        start = {126: 4, 127: 10}.get(size, 2)
        if wrong := _wrong(first, size):
            return Malformed(wrong)
        payload_bytes = size if start == 2 else int.from_bytes(buffer[2:start], "big")
        if len(buffer) >= start and payload_bytes > MAX_FRAME_BYTES:
            return Malformed("a frame beyond all measure")
        if len(buffer) < start + payload_bytes:
            return None
        payload = bytes(buffer[start : start + payload_bytes])
        del buffer[: start + payload_bytes]
        return Frame(first & 0x0F, bool(first & 0x80), payload)


def _wrong(first: int, size: int) -> str:
    """Why a server may not send these two bytes; "" where it may.

    RFC 6455 sections 5.1, 5.2 and 5.5: it masks nothing, no extension was agreed, control frames are short and whole.
    """
    opcode = first & 0x0F
    if first & 0x70 or size & 0x80 or opcode not in _OPCODES:
        return "a frame that no server may send"
    if opcode in _CONTROL_OPCODES and (size > 125 or not first & 0x80):
        return "a control frame that is too long or in pieces"
    return ""
