"""A WhatsApp relay on UDP 3478 or 3480, as far as a stranger without a token gets (calls-on-the-wire 2.3, 2.4)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Final

from callcheck.lab.servers.dtls_wire import ClientHello, hello_cookie, hello_verify_request, parse_client_hello
from callcheck.lab.servers.responder import Address, Datagram, Setting
from callcheck.lab.servers.stun_wire import (
    BINDING,
    MAPPED_ADDRESS,
    SUCCESS,
    address_value,
    encode_stun,
    parse_stun,
)

_PING: Final = 0x0801
_PONG: Final = 0x0802


class WhatsAppRelay:
    """Answers a DTLS ClientHello, a plain STUN Binding and an empty 0x0801 ping; silent otherwise.

    DTLS without a token is inferred (strongly: two independent clients begin so). It says HelloVerifyRequest to a
    ClientHello without a cookie of its own making, and nothing to one with it: the lab plays no whole handshake.
    Binding is confirmed for a Meta address in 2019 only, inferred for relays. The pong is confirmed inside a call;
    that a stranger gets one is inferred. An Allocate is met with silence, with or without a token.
    """

    def __init__(self, setting: Setting) -> None:
        self._cookie_secret = setting.random.randbytes(32)

    def received(self, data: bytes, source: Address) -> Iterable[Datagram]:
        client_hello = parse_client_hello(data)
        answer = _stun_answer(data, source) if client_hello is None else self._dtls_answer(client_hello, source)
        return () if answer is None else (Datagram(answer, source),)

    def _dtls_answer(self, client_hello: ClientHello, source: Address) -> bytes | None:
        cookie = hello_cookie(self._cookie_secret, source, client_hello.client_random)
        if hmac.compare_digest(client_hello.cookie, cookie):
            return None
        return hello_verify_request(client_hello.record_sequence, cookie)


def _stun_answer(data: bytes, source: Address) -> bytes | None:
    request = parse_stun(data)
    if request is None or not request.has_cookie or request.attributes:
        return None
    if request.message_type == _PING:
        return encode_stun(_PONG, request.identity, [], fingerprint=False)
    if request.message_type == BINDING:
        mapped = (MAPPED_ADDRESS, address_value(source))
        return encode_stun(BINDING | SUCCESS, request.identity, [mapped], fingerprint=False)
    return None


def datagram_responder(setting: Setting) -> WhatsAppRelay:
    """One port of a relay."""
    return WhatsAppRelay(setting)
