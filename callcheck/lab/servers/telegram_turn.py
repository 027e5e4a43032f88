"""Telegram's STUN and TURN server on UDP 1400, as captured on 2022-03-23 (calls-on-the-wire 3.3a)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from callcheck.lab.servers.responder import Address, Datagram, Setting
from callcheck.lab.servers.stun_answers import StunManner, answer_stun
from callcheck.lab.servers.stun_wire import ALLOCATE, BINDING, parse_stun

# The capture shows only requests with a cookie; whether the classic form is answered is unknown, so it is not.
_CAPTURED: Final = StunManner(
    software=b"None",
    realm=b"telegram.org",
    fingerprint=True,
    answers_classic=False,
    other_address=("10.67.66.99", 1401),
)


class TelegramTurn:
    """Answers Binding (84 bytes) and Allocate (401, 92 bytes), the two requests of the capture, and nothing else.

    420 for an attribute it does not understand is inferred: the captured attributes and their order are coturn's.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def received(self, data: bytes, source: Address) -> Iterable[Datagram]:
        request = parse_stun(data)
        if request is None or request.message_type not in {BINDING, ALLOCATE}:
            return ()
        nonce = self._setting.random.randbytes(8).hex().encode()
        answer = answer_stun(request, source=source, local=self._setting.local, manner=_CAPTURED, nonce=nonce)
        return () if answer is None else (Datagram(answer, source),)


def datagram_responder(setting: Setting) -> TelegramTurn:
    """Telegram's port 1400."""
    return TelegramTurn(setting)
