"""A Telegram data centre that knows one question: `req_pq_multi`, answered with `resPQ` (calls-on-the-wire 3.2)."""

from __future__ import annotations

import struct
from typing import Final

from callcheck.lab.servers.mtproto_framing import BrokenStreamError, Framing, recognise
from callcheck.lab.servers.responder import Address, Setting, StreamReply

_REQ_PQ_MULTI: Final = bytes.fromhex("f18e7ebe")
_RES_PQ: Final = bytes.fromhex("63241605")
_VECTOR: Final = bytes.fromhex("15c4b51c")
_NOT_FOUND: Final = struct.pack("<i", -404)
_REQUEST_BYTES: Final = 40
_REQUEST_BODY_BYTES: Final = 20

# 0x494C553B × 0x53911073, the product in the sample of core.telegram.org/mtproto/samples-auth_key.
_PQ: Final = bytes.fromhex("17ed48941a08f981")
_FINGERPRINTS: Final = 3
_CLOCK_TOLERANCE_S: Final = 300


class TelegramDc:
    """One client's connection. It stays open for further requests; a stream in no known transport is closed.

    Answering a bad message id with -404 is inferred: the facts say what an id must be, not what becomes of others.
    The fingerprints are invented: a client that only asks for resPQ knows no key.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._opening = bytearray()
        self._framing: Framing | None = None

    def received(self, data: bytes) -> StreamReply:
        answers = bytearray()
        try:
            framing, rest = self._framing, data
            if framing is None:
                self._opening += data
                recognised = recognise(bytes(self._opening), self._setting.random)
                if recognised is None:
                    return StreamReply()
                framing, opening_bytes = recognised
                self._framing, rest = framing, bytes(self._opening[opening_bytes:])
                self._opening.clear()
            for payload in framing.payloads(rest):
                answers += framing.wrap(self._answer(payload))
        except BrokenStreamError:
            return StreamReply(bytes(answers), close=True)
        return StreamReply(bytes(answers))

    def _answer(self, payload: bytes) -> bytes:
        if not self._is_request(payload):
            return _NOT_FOUND
        random = self._setting.random
        body = (
            _RES_PQ
            + payload[24:40]
            + random.randbytes(16)
            + bytes([len(_PQ)])
            + _PQ
            + bytes(3)
            + _VECTOR
            + struct.pack("<I", _FINGERPRINTS)
            + random.randbytes(8 * _FINGERPRINTS)
        )
        # A server's answer has a message id that leaves 1 when divided by 4 (core.telegram.org/mtproto/description).
        message_id = (int(self._setting.unix_time_s()) << 32) | (random.getrandbits(30) << 2) | 1
        return bytes(8) + struct.pack("<QI", message_id, len(body)) + body

    def _is_request(self, payload: bytes) -> bool:
        if len(payload) != _REQUEST_BYTES:
            return False
        key_id, message_id, body_bytes = struct.unpack_from("<QQI", payload)
        clock_difference_s = abs((message_id >> 32) - self._setting.unix_time_s())
        return (
            key_id == 0
            and message_id % 4 == 0
            and clock_difference_s <= _CLOCK_TOLERANCE_S
            and body_bytes == _REQUEST_BODY_BYTES
            and payload[20:24] == _REQ_PQ_MULTI
        )


def stream_responder(setting: Setting, _peer: Address) -> TelegramDc:
    """One connection to the data centre."""
    return TelegramDc(setting)
