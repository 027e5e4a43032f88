"""WhatsApp's chat server as far as a stranger gets: Noise ClientHello, ServerHello (calls-on-the-wire 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from callcheck.lab.servers.responder import Address, Setting, StreamReply

# The facts have the preamble confirmed for the websocket; that raw TCP takes the same bytes is inferred.
_PREAMBLE: Final = bytes.fromhex("57410603")
_LENGTH_BYTES: Final = 3
_CLIENT_HELLO_FIELD: Final = 2
_EPHEMERAL_FIELD: Final = 1
_KEY_BYTES: Final = 32
_LONGEST_HELLO_BYTES: Final = 4096

# An encrypted 32-byte key has a tag of 16 bytes behind it; the certificate's length is inferred.
_ENCRYPTED_KEY_BYTES: Final = 48
_ENCRYPTED_CERTIFICATE_BYTES: Final = 256


class _NotWhatsAppError(ValueError):
    """The stream opens with another preamble, or with a frame longer than any hello."""


class WhatsAppChat:
    """One connection: a ServerHello for a good first frame, an end for everything else.

    A second frame would be a ClientFinish, which nobody without WhatsApp's keys can check, so it also ends here.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._buffer = bytearray()
        self._has_greeted = False

    def received(self, data: bytes) -> StreamReply:
        if self._has_greeted:
            return StreamReply(close=True)
        self._buffer += data
        try:
            hello = self._first_frame()
        except _NotWhatsAppError:
            return StreamReply(close=True)
        if hello is None:
            return StreamReply()
        if not _is_client_hello(hello):
            return StreamReply(close=True)
        self._has_greeted = True
        return StreamReply(self._server_hello(), close=len(self._buffer) > 0)

    def _first_frame(self) -> bytes | None:
        """The frame behind the preamble, taken out of the buffer; None while it is incomplete."""
        preamble = self._buffer[: len(_PREAMBLE)]
        if preamble != _PREAMBLE[: len(preamble)]:
            raise _NotWhatsAppError
        start = len(_PREAMBLE) + _LENGTH_BYTES
        if len(self._buffer) < start:
            return None
        end = start + int.from_bytes(self._buffer[len(_PREAMBLE) : start], "big")
        if end > start + _LONGEST_HELLO_BYTES:
            raise _NotWhatsAppError
        if len(self._buffer) < end:
            return None
        frame = bytes(self._buffer[start:end])
        del self._buffer[:end]
        return frame

    def _server_hello(self) -> bytes:
        random = self._setting.random
        server_hello = (
            _field(1, random.randbytes(_KEY_BYTES))
            + _field(2, random.randbytes(_ENCRYPTED_KEY_BYTES))
            + _field(3, random.randbytes(_ENCRYPTED_CERTIFICATE_BYTES))
        )
        message = _field(3, server_hello)
        return len(message).to_bytes(_LENGTH_BYTES, "big") + message


def _is_client_hello(message: bytes) -> bool:
    handshake = _length_delimited_fields(message)
    if handshake is None or _CLIENT_HELLO_FIELD not in handshake:
        return False
    client_hello = _length_delimited_fields(handshake[_CLIENT_HELLO_FIELD])
    return client_hello is not None and len(client_hello.get(_EPHEMERAL_FIELD, b"")) == _KEY_BYTES


def _length_delimited_fields(message: bytes) -> Mapping[int, bytes] | None:
    """The fields of a protobuf message, numbers (varints) left out; None when it is not one."""
    fields: dict[int, bytes] = {}
    offset = 0
    while offset < len(message):
        key, offset = _varint(message, offset)
        if key & 7 not in {0, 2}:
            return None
        value, offset = _varint(message, offset)
        if key & 7 == 2:
            fields[key >> 3] = message[offset : offset + value]
            offset += value
        if offset > len(message):
            return None
    return fields


def _varint(message: bytes, offset: int) -> tuple[int, int]:
    """A number of up to ten 7-bit groups, and where it ends; behind the message's end when it has no end."""
    value = 0
    for shift in range(0, 70, 7):
        if offset + shift // 7 >= len(message):
            break
        byte = message[offset + shift // 7]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, offset + shift // 7 + 1
    return 0, len(message) + 1


def _field(number: int, value: bytes) -> bytes:
    length = len(value)
    size = bytes([length]) if length < 0x80 else bytes([length & 0x7F | 0x80, length >> 7])
    return bytes([number << 3 | 2]) + size + value


def stream_responder(setting: Setting, _peer: Address) -> WhatsAppChat:
    """One connection to the chat server."""
    return WhatsAppChat(setting)
