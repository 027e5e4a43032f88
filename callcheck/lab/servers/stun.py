"""A public STUN server, which is also a TURN server without a user for you: coturn 4.6.1 is the model."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from callcheck.lab.servers.responder import Address, Datagram, Setting, StreamReply
from callcheck.lab.servers.stun_answers import StunManner, answer_stun
from callcheck.lab.servers.stun_wire import HEADER_BYTES, MAGIC_COOKIE, parse_stun

REALM: Final = "lab"
"""The realm of the lab's TURN servers; the real coturn is started with the same one."""

# Seen on coturn 4.6.1 without --fingerprint and RFC 5780: 80 bytes with the cookie, 84 without it.
_COTURN: Final = StunManner(
    software=b"Coturn-4.6.1 'Gorst'",
    realm=REALM.encode(),
    fingerprint=False,
    answers_classic=True,
    other_address=None,
)


def _answer(data: bytes, source: Address, setting: Setting) -> bytes | None:
    request = parse_stun(data)
    if request is None:
        return None
    nonce = setting.random.randbytes(8).hex().encode()
    return answer_stun(request, source=source, local=setting.local, manner=_COTURN, nonce=nonce)


class StunOverUdp:
    """One request a datagram; whatever is malformed gets no answer."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def received(self, data: bytes, source: Address) -> Iterable[Datagram]:
        answer = _answer(data, source, self._setting)
        return () if answer is None else (Datagram(answer, source),)


class StunOverTcp:
    """Requests one after another, framed by their own length (RFC 8489 section 6.2.2).

    A stream whose framing is lost is read and never answered, as coturn does; so is the classic form,
    which has no cookie.
    """

    def __init__(self, setting: Setting, peer: Address) -> None:
        self._setting = setting
        self._peer = peer
        self._buffer = bytearray()
        self._framing_is_lost = False

    def received(self, data: bytes) -> StreamReply:
        if self._framing_is_lost:
            return StreamReply()
        self._buffer += data
        answers = bytearray()
        while (frame := self._next_frame()) is not None:
            answers += _answer(frame, self._peer, self._setting) or b""
        return StreamReply(bytes(answers))

    def _next_frame(self) -> bytes | None:
        if len(self._buffer) < HEADER_BYTES:
            return None
        message_type, length_bytes = struct.unpack_from(">HH", self._buffer)
        if message_type & 0xC000 or length_bytes % 4 or self._buffer[4:8] != MAGIC_COOKIE:
            self._framing_is_lost = True
            self._buffer.clear()
            return None
        end = HEADER_BYTES + length_bytes
        if len(self._buffer) < end:
            return None
        frame = bytes(self._buffer[:end])
        del self._buffer[:end]
        return frame


def datagram_responder(setting: Setting) -> StunOverUdp:
    """STUN on UDP."""
    return StunOverUdp(setting)


def stream_responder(setting: Setting, peer: Address) -> StunOverTcp:
    """STUN on TCP."""
    return StunOverTcp(setting, peer)
