"""A public STUN server, which is also a TURN server without a user for you: coturn 4.6.1 is the model."""

from __future__ import annotations

from collections.abc import Iterable

from callcheck.lab.servers.responder import Address, Datagram, Setting, StreamReply
from callcheck.lab.servers.stun_answers import COTURN, answer_stun
from callcheck.lab.servers.stun_wire import parse_stun
from callcheck.lab.servers.turn_wire import MessageFrames


def _answer(data: bytes, source: Address, setting: Setting) -> bytes | None:
    request = parse_stun(data)
    if request is None:
        return None
    nonce = setting.random.randbytes(8).hex().encode()
    return answer_stun(request, source=source, local=setting.local, manner=COTURN, nonce=nonce)


class StunOverUdp:
    """One request a datagram; whatever is malformed gets no answer."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def received(self, data: bytes, source: Address) -> Iterable[Datagram]:
        answer = _answer(data, source, self._setting)
        return () if answer is None else (Datagram(answer, source),)


class StunOverTcp:
    """Requests one after another; a stream whose framing is lost is never answered again."""

    def __init__(self, setting: Setting, peer: Address) -> None:
        self._setting = setting
        self._peer = peer
        self._frames = MessageFrames(channel_data=False)

    def received(self, data: bytes) -> StreamReply:
        answers = (_answer(frame, self._peer, self._setting) for frame in self._frames.feed(data))
        return StreamReply(b"".join(answer for answer in answers if answer is not None))


def datagram_responder(setting: Setting) -> StunOverUdp:
    """STUN on UDP."""
    return StunOverUdp(setting)


def stream_responder(setting: Setting, peer: Address) -> StunOverTcp:
    """STUN on TCP."""
    return StunOverTcp(setting, peer)
