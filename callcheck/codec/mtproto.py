"""MTProto without an account: req_pq_multi and its answer, inside the transports that Telegram's servers take.

Source: facts 3.2, from core.telegram.org/mtproto/mtproto-transports and /samples-auth_key, and Telethon's
tcpobfuscated.py. A server that answers with our nonce is a Telegram server; a 4-byte error shows that one is alive.
"""

import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from callcheck.codec import Malformed

NONCE_BYTES = 16
MAX_FRAME_BYTES = 65_536
"""An answer has about 100 bytes; a longer frame than this is not one, and no more is kept in memory."""

_REQ_PQ_MULTI = 0xBE7E8EF1
_RES_PQ = 0x05162463
_VECTOR = 0x1CB5C415
_FORBIDDEN_STARTS = (b"HEAD", b"POST", b"GET ", b"OPTI", b"\xee" * 4, b"\xdd" * 4, b"\x16\x03\x01\x02")


@dataclass(frozen=True, slots=True)
class TransportError:
    """A 4-byte error frame; `code` is negative, for example -404 or -429 (mtproto-transports, "Transport errors")."""

    code: int


@dataclass(frozen=True, slots=True)
class ResPQ:
    """The answer to req_pq_multi; `nonce` must equal the one sent, `pq` is a big-endian number."""

    message_id: int
    nonce: bytes
    server_nonce: bytes
    pq: bytes
    fingerprints: tuple[int, ...]


Received = bytes | TransportError | Malformed


def message_id(unix_time_s: float) -> int:
    """Unix time times 2**32, divisible by 4; servers want it within about 300 s of their own time."""
    return int(unix_time_s * 2**32) & ~3


def req_pq_multi(nonce: bytes, message_id: int) -> bytes:
    """The 40-byte unencrypted message that asks for a resPQ; `nonce` has 16 random bytes."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
    return struct.pack("<qqiI", 0, message_id, 20, _REQ_PQ_MULTI) + nonce


def decode_answer(payload: bytes) -> ResPQ | Malformed:
    """Reads one frame's payload as a resPQ. Never raises."""
    if len(payload) < 20 + 4 + 32 + 4:
        return Malformed(f"{len(payload)} bytes are no resPQ")
    auth_key_id, answer_id, body_bytes, constructor = struct.unpack_from("<qqiI", payload)
    if auth_key_id or body_bytes != len(payload) - 20 or constructor != _RES_PQ:
        return Malformed("a message that is no resPQ")
    # A TL string below 254 bytes has one byte of length and zeros up to a multiple of 4; pq is 8 bytes long.
    pq_bytes = payload[56]
    vector_at = 56 + (1 + pq_bytes + 3) // 4 * 4
    if not 0 < pq_bytes <= 8 or vector_at + 8 > len(payload):
        return Malformed("a resPQ whose pq does not fit")
    vector, count = struct.unpack_from("<II", payload, vector_at)
    if vector != _VECTOR or vector_at + 8 + 8 * count != len(payload):
        return Malformed("a resPQ whose fingerprints do not fit")
    fingerprints = struct.unpack_from(f"<{count}Q", payload, vector_at + 8)
    return ResPQ(answer_id, payload[24:40], payload[40:56], payload[57 : 57 + pq_bytes], fingerprints)


class _Framed(ABC):
    """What abridged and intermediate share: a buffer, and an end after the first bytes that are no frame."""

    TAG: bytes

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._broken = False

    def feed(self, data: bytes) -> list[Received]:
        """The frames that `data` completes, whatever the way the stream was cut.

        Never raises. The first Malformed is the last thing reported, since a stream out of step has no more frames.
        """
        if self._broken:
            return []
        self._buffer += data
        received: list[Received] = []
        while (header := self._header()) is not None:
            header_bytes, frame_bytes = header
            if not 0 < frame_bytes <= MAX_FRAME_BYTES:
                received.append(Malformed(f"a frame of {frame_bytes} bytes"))
                self._broken = True
                self._buffer.clear()
            elif len(self._buffer) < header_bytes + frame_bytes:
                break
            else:
                received.append(_payload(bytes(self._buffer[header_bytes : header_bytes + frame_bytes])))
                del self._buffer[: header_bytes + frame_bytes]
        return received

    @abstractmethod
    def _header(self) -> tuple[int, int] | None:
        """Bytes of the header and of the frame behind it, or None while the header is not whole."""


class Abridged(_Framed):
    """Length divided by 4 in one byte, or 0x7f and three; a quick-ack, which nobody asked for, is Malformed."""

    TAG = b"\xef\xef\xef\xef"

    def open(self) -> bytes:
        """The byte that starts the stream."""
        return b"\xef"

    def frame(self, payload: bytes) -> bytes:
        """`payload` as one frame; its size is a multiple of 4 bytes up to `MAX_FRAME_BYTES`."""
        _check_size(payload)
        words = len(payload) // 4
        return (bytes([words]) if words < 0x7F else b"\x7f" + words.to_bytes(3, "little")) + payload

    def _header(self) -> tuple[int, int] | None:
        if not self._buffer:
            return None
        if self._buffer[0] != 0x7F:
            # The high bit marks a quick-ack, which reads as a length of zero here: no frame.
            return 1, 0 if self._buffer[0] & 0x80 else self._buffer[0] * 4
        if len(self._buffer) < 4:
            return None
        return 4, int.from_bytes(self._buffer[1:4], "little") * 4


class Intermediate(_Framed):
    """A 4-byte little-endian length before each payload; a quick-ack has the high bit, so it is too long a frame."""

    TAG = b"\xee\xee\xee\xee"

    def open(self) -> bytes:
        """The 4 bytes that start the stream."""
        return self.TAG

    def frame(self, payload: bytes) -> bytes:
        """`payload` as one frame; its size is a multiple of 4 bytes up to `MAX_FRAME_BYTES`."""
        _check_size(payload)
        return struct.pack("<I", len(payload)) + payload

    def _header(self) -> tuple[int, int] | None:
        return (4, int.from_bytes(self._buffer[:4], "little")) if len(self._buffer) >= 4 else None


class Obfuscated:
    """The transport that Telegram's apps use: 64 bytes that look random, then AES-256-CTR over an inner framing."""

    def __init__(self, random64: bytes, inner: Abridged | Intermediate, dc_id: int) -> None:
        """`inner` is fresh and belongs to this stream from here on; `dc_id` is a signed 16-bit number.

        Raises ValueError where `usable_random(random64)` is false: draw again.
        """
        if not usable_random(random64):
            raise ValueError("these 64 bytes would be taken for another transport")
        self._inner = inner
        keys, reversed_keys = random64[8:56], random64[8:56][::-1]
        self._encryptor = Cipher(algorithms.AES(keys[:32]), modes.CTR(keys[32:])).encryptor()
        self._decryptor = Cipher(algorithms.AES(reversed_keys[:32]), modes.CTR(reversed_keys[32:])).decryptor()
        plain = random64[:56] + inner.TAG + struct.pack("<h", dc_id) + random64[62:]
        self._opening = random64[:56] + self._encryptor.update(plain)[56:]

    def open(self) -> bytes:
        """The 64 bytes that start the stream; they also announce the inner framing, so nothing else does."""
        return self._opening

    def frame(self, payload: bytes) -> bytes:
        """`payload` as one encrypted frame; frames go out in the order in which they were made."""
        return self._encryptor.update(self._inner.frame(payload))

    def feed(self, data: bytes) -> list[Received]:
        """The frames that `data` completes. Never raises."""
        return self._inner.feed(self._decryptor.update(data))


Transport = Abridged | Intermediate | Obfuscated


def usable_random(random64: bytes) -> bool:
    """False if a server would take the first bytes for another transport or HTTP or TLS: mtproto-transports."""
    first = random64[:4]
    return len(random64) == 64 and first[0] != 0xEF and first not in _FORBIDDEN_STARTS and any(random64[4:8])


def _check_size(payload: bytes) -> None:
    if not 0 < len(payload) <= MAX_FRAME_BYTES or len(payload) % 4:
        raise ValueError(f"a payload of {len(payload)} bytes")


def _payload(payload: bytes) -> bytes | TransportError:
    code = int.from_bytes(payload, "little", signed=True)
    return TransportError(code) if len(payload) == 4 and code < 0 else payload
