"""The server's half of a WebSocket (RFC 6455), around a responder that sees and says one stream of bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
from http import HTTPStatus
from typing import Final

from callcheck.lab.servers.http_wire import Request, Response
from callcheck.lab.servers.responder import StreamReply, StreamResponder

BINARY: Final = 2
_CONTINUATION, _TEXT, _CLOSE, _PING, _PONG = 0, 1, 8, 9, 10
_FINAL: Final = 0x80
_MASKED: Final = 0x80
_MOST_CONTROL_BYTES: Final = 125
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_NORMAL, _PROTOCOL_ERROR, _NOT_UNDERSTOOD, _TOO_BIG = 1000, 1002, 1003, 1009


def upgrade(request: Request, inner: StreamResponder) -> Response:
    """Switch to a WebSocket whose messages `inner` hears, or say why not (RFC 6455 section 4.2)."""
    headers = request.headers
    if request.method != "GET" or headers.get("upgrade", "").lower() != "websocket":
        return Response(HTTPStatus.UPGRADE_REQUIRED, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    if headers.get("sec-websocket-version") != "13":
        return Response(HTTPStatus.UPGRADE_REQUIRED, headers={"Sec-WebSocket-Version": "13"})
    key = headers.get("sec-websocket-key", "")
    if "upgrade" not in headers.get("connection", "").lower() or not _is_key(key):
        return Response(HTTPStatus.BAD_REQUEST)
    accepted = base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()
    return Response(
        HTTPStatus.SWITCHING_PROTOCOLS,
        headers={"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accepted},
        upgraded=WebSocket(inner),
    )


class _FrameError(ValueError):
    """The peer broke the protocol; `code` is what a close frame says about it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class WebSocket:
    """Gives whole binary messages to the inner responder; what it says to each goes back as one binary message.

    A message has 8192 bytes at most. Pings are answered; text is not understood.
    """

    MOST_MESSAGE_BYTES: Final = 8192

    def __init__(self, inner: StreamResponder) -> None:
        self._inner = inner
        self._buffer = bytearray()
        self._message: bytearray | None = None

    def received(self, data: bytes) -> StreamReply:
        self._buffer += data
        said = bytearray()
        try:
            while (frame := self._next_frame()) is not None:
                reply = self._answer(*frame)
                said += reply.data
                if reply.close:
                    return StreamReply(bytes(said), close=True)
        except _FrameError as error:
            return StreamReply(bytes(said) + _close_frame(error.code), close=True)
        return StreamReply(bytes(said))

    def _next_frame(self) -> tuple[int, bool, bytes] | None:
        """Opcode, finality and payload of the next frame, taken out of the buffer; None while it is incomplete."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        short_bytes = buffer[1] & 0x7F
        # Three bits are for extensions, of which none was agreed on; a client masks everything.
        if buffer[0] & 0x70 or not buffer[1] & _MASKED:
            raise _FrameError(_PROTOCOL_ERROR)
        length_bytes = {126: 2, 127: 8}.get(short_bytes, 0)
        start = 2 + length_bytes + 4
        if len(buffer) < start:
            return None
        payload_bytes = int.from_bytes(buffer[2 : 2 + length_bytes], "big") if length_bytes else short_bytes
        if payload_bytes > self.MOST_MESSAGE_BYTES:
            raise _FrameError(_TOO_BIG)
        end = start + payload_bytes
        if len(buffer) < end:
            return None
        payload = _unmasked(bytes(buffer[start:end]), bytes(buffer[start - 4 : start]))
        opcode, is_final = buffer[0] & 0x0F, bool(buffer[0] & _FINAL)
        del buffer[:end]
        return opcode, is_final, payload

    def _answer(self, opcode: int, is_final: bool, payload: bytes) -> StreamReply:
        if opcode in {_CONTINUATION, BINARY}:
            return self._hear(opcode, is_final, payload)
        if opcode == _TEXT:
            raise _FrameError(_NOT_UNDERSTOOD)
        if opcode not in {_CLOSE, _PING, _PONG} or not is_final or len(payload) > _MOST_CONTROL_BYTES:
            raise _FrameError(_PROTOCOL_ERROR)
        if opcode == _CLOSE:
            return StreamReply(_close_frame(_NORMAL), close=True)
        return StreamReply(frame(_PONG, payload) if opcode == _PING else b"")

    def _hear(self, opcode: int, is_final: bool, payload: bytes) -> StreamReply:
        """Join the pieces of a message; the last one makes it heard."""
        if (opcode == BINARY) != (self._message is None):
            raise _FrameError(_PROTOCOL_ERROR)
        message = (self._message or bytearray()) + payload
        if len(message) > self.MOST_MESSAGE_BYTES:
            raise _FrameError(_TOO_BIG)
        if not is_final:
            self._message = message
            return StreamReply()
        self._message = None
        reply = self._inner.received(bytes(message))
        said = frame(BINARY, reply.data) if reply.data else b""
        return StreamReply(said + _close_frame(_NORMAL), close=True) if reply.close else StreamReply(said)


def frame(opcode: int, payload: bytes) -> bytes:
    """One final frame as a server sends it, unmasked (RFC 6455 section 5.2); payloads to 65 535 bytes."""
    size = len(payload)
    length = bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2, "big")
    return bytes([_FINAL | opcode]) + length + payload


def _close_frame(code: int) -> bytes:
    return frame(_CLOSE, code.to_bytes(2, "big"))


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    whole_mask = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole_mask, "big")).to_bytes(len(payload), "big")


def _is_key(text: str) -> bool:
    """Whether it is 16 bytes in base64."""
    try:
        return len(base64.b64decode(text, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
