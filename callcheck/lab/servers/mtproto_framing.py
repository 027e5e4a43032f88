"""How MTProto payloads are framed and hidden on a TCP stream (core.telegram.org/mtproto/mtproto-transports)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from random import Random
from typing import Final, Protocol

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

OPENING_BYTES: Final = 64
"""Length of the obfuscated transport's opening."""

_LONGEST_PAYLOAD_BYTES: Final = 65536
_ABRIDGED_TAG: Final = b"\xef" * 4
_INTERMEDIATE_TAG: Final = b"\xee" * 4
_PADDED_TAG: Final = b"\xdd" * 4
_NOT_OBFUSCATED: Final = frozenset(
    {b"HEAD", b"POST", b"GET ", b"OPTI", _INTERMEDIATE_TAG, _PADDED_TAG, bytes.fromhex("16030102")}
)


class BrokenStreamError(ValueError):
    """The stream is in no known transport, or announces a payload that no client sends."""


class Framing(Protocol):
    """One transport's framing; it keeps the bytes of a payload that has not fully come."""

    def payloads(self, data: bytes) -> Iterator[bytes]:
        """The payloads that the stream holds so far; BrokenStreamError when the next is too long."""
        ...

    def wrap(self, payload: bytes) -> bytes: ...


class _Abridged:
    """Length in words of four bytes: one byte, or 7f and three bytes, least significant first."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def payloads(self, data: bytes) -> Iterator[bytes]:
        self._buffer += data
        while self._buffer:
            header_bytes, words = 1, self._buffer[0] & 0x7F  # the high bit asks for a quick acknowledgement
            if words == 0x7F:
                if len(self._buffer) < 4:
                    return
                header_bytes, words = 4, int.from_bytes(self._buffer[1:4], "little")
            payload = _cut(self._buffer, header_bytes, words * 4)
            if payload is None:
                return
            yield payload

    def wrap(self, payload: bytes) -> bytes:
        words = len(payload) // 4
        return (bytes([words]) if words < 0x7F else b"\x7f" + words.to_bytes(3, "little")) + payload


class _Intermediate:
    """Length in bytes as four bytes, least significant first; the padded form adds 0 to 15 random bytes."""

    def __init__(self, padding: Random | None) -> None:
        self._buffer = bytearray()
        self._padding = padding

    def payloads(self, data: bytes) -> Iterator[bytes]:
        self._buffer += data
        while len(self._buffer) >= 4:
            (length_bytes,) = struct.unpack_from("<I", self._buffer)
            payload = _cut(self._buffer, 4, length_bytes & 0x7FFFFFFF)
            if payload is None:
                return
            yield payload if self._padding is None else _without_padding(payload)

    def wrap(self, payload: bytes) -> bytes:
        padded = payload
        # Padding would hide which four bytes are a transport error, so errors go bare (inferred).
        if self._padding is not None and len(payload) > 4:
            padded += self._padding.randbytes(self._padding.randrange(16))
        return struct.pack("<I", len(padded)) + padded


class _Obfuscated:
    """AES-256-CTR around another framing; both keys stand in the client's opening (calls-on-the-wire 3.2)."""

    def __init__(self, inner: Framing, from_client: CipherContext, to_client: CipherContext) -> None:
        self._inner = inner
        self._from_client = from_client
        self._to_client = to_client

    def payloads(self, data: bytes) -> Iterator[bytes]:
        return self._inner.payloads(self._from_client.update(data))

    def wrap(self, payload: bytes) -> bytes:
        return self._to_client.update(self._inner.wrap(payload))


def recognise(stream: bytes, random: Random) -> tuple[Framing, int] | None:
    """The framing that a stream's first bytes announce, and how many bytes announce it.

    None while more bytes are needed; BrokenStreamError when no transport opens like this. `random` pads.
    """
    if stream.startswith(b"\xef"):
        return _Abridged(), 1
    if stream[:4] == _INTERMEDIATE_TAG:
        return _Intermediate(None), 4
    if stream[:4] == _PADDED_TAG:
        return _Intermediate(random), 4
    if stream[:4] in _NOT_OBFUSCATED or stream[4:8] == bytes(4):
        raise BrokenStreamError("no MTProto transport opens like this")
    if len(stream) < OPENING_BYTES:
        return None
    return _obfuscated(stream[:OPENING_BYTES], random), OPENING_BYTES


def _obfuscated(opening: bytes, random: Random) -> Framing:
    reversed_secrets = opening[8:56][::-1]
    from_client = Cipher(algorithms.AES(opening[8:40]), modes.CTR(opening[40:56])).decryptor()
    to_client = Cipher(algorithms.AES(reversed_secrets[:32]), modes.CTR(reversed_secrets[32:])).encryptor()
    inner_tag = from_client.update(opening)[56:60]
    inner: Framing
    if inner_tag == _ABRIDGED_TAG:
        inner = _Abridged()
    elif inner_tag == _INTERMEDIATE_TAG:
        inner = _Intermediate(None)
    elif inner_tag == _PADDED_TAG:
        inner = _Intermediate(random)
    else:
        raise BrokenStreamError("the opening hides no known framing")
    return _Obfuscated(inner, from_client, to_client)


def _cut(buffer: bytearray, header_bytes: int, payload_bytes: int) -> bytes | None:
    """Take one frame from the front of the buffer; None while it is incomplete."""
    if payload_bytes > _LONGEST_PAYLOAD_BYTES:
        raise BrokenStreamError(f"a payload of {payload_bytes} bytes")
    end = header_bytes + payload_bytes
    if len(buffer) < end:
        return None
    payload = bytes(buffer[header_bytes:end])
    del buffer[:end]
    return payload


def _without_padding(payload: bytes) -> bytes:
    """An unencrypted message says its own length at byte 16; the 0 to 15 bytes after its end are padding."""
    if len(payload) < 20:
        return payload
    end = 20 + int.from_bytes(payload[16:20], "little")
    return payload[:end] if 0 <= len(payload) - end <= 15 else payload
