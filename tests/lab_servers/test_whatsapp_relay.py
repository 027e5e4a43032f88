"""WhatsApp's relay: DTLS hello, plain STUN, ping (calls-on-the-wire 2.3 and 2.4)."""

from __future__ import annotations

import pytest
from OpenSSL import SSL

from callcheck.lab.servers import whatsapp_relay
from callcheck.lab.servers.whatsapp_relay import WhatsAppRelay
from tests.lab_servers.harness import CLIENT, Running, ask_udp, setting

TRANSACTION_ID = bytes.fromhex("b0b1b2b3b4b5b6b7b8b9babb")
BINDING = bytes.fromhex("000100002112a442") + TRANSACTION_ID
PING = bytes.fromhex("080100002112a442") + TRANSACTION_ID
RANDOM = bytes(range(32))


def _client_hello(cookie: bytes = b"", *, session_id: bytes = b"", sequence: int = 0) -> bytes:
    """A ClientHello written out by hand, RFC 6347 4.2.2: one cipher suite, no extensions."""
    body = b"\xfe\xfd" + RANDOM + bytes([len(session_id)]) + session_id + bytes([len(cookie)]) + cookie
    body += bytes.fromhex("0002c02b0100")
    size = len(body).to_bytes(3)
    handshake = b"\x01" + size + bytes(2) + bytes(3) + size + body
    return bytes.fromhex("16feff0000") + sequence.to_bytes(6) + len(handshake).to_bytes(2) + handshake


def _relay() -> WhatsAppRelay:
    return whatsapp_relay.datagram_responder(setting())


def _answers(relay: WhatsAppRelay, request: bytes, port: int = CLIENT[1]) -> list[bytes]:
    return [answer.data for answer in relay.received(request, (CLIENT[0], port))]


def test_a_client_hello_without_cookie_gets_the_48_bytes_of_a_hello_verify_request() -> None:
    (answer,) = _answers(_relay(), _client_hello())
    assert len(answer) == 48
    # As OpenSSL writes it, its cookie of 20 bytes aside.
    assert answer[:28] == bytes.fromhex("16feff00000000000000000023 030000170000000000000017 feff14")


def test_the_answer_carries_the_number_of_the_question() -> None:
    (answer,) = _answers(_relay(), _client_hello(sequence=5, session_id=b"s" * 32))
    assert answer[5:11] == (5).to_bytes(6)


def test_the_cookie_it_made_is_accepted_without_a_word() -> None:
    relay = _relay()
    (answer,) = _answers(relay, _client_hello())
    assert _answers(relay, _client_hello(answer[28:], sequence=1)) == []


def test_a_cookie_it_did_not_make_for_this_client_is_asked_for_again() -> None:
    relay = _relay()
    (answer,) = _answers(relay, _client_hello())
    assert _answers(relay, _client_hello(b"c" * 20)) == [answer]
    (for_another_port,) = _answers(relay, _client_hello(answer[28:]), port=40001)
    assert for_another_port[28:] != answer[28:]


def test_plain_binding_is_answered_with_mapped_address_alone() -> None:
    expected = bytes.fromhex("0101000c2112a442") + TRANSACTION_ID + bytes.fromhex("0001000800019c40cb007109")
    assert _answers(_relay(), BINDING) == [expected]


def test_a_ping_comes_back_as_a_pong_with_the_same_transaction_id() -> None:
    assert _answers(_relay(), PING) == [bytes.fromhex("080200002112a442") + TRANSACTION_ID]


_HELLO = _client_hello()


@pytest.mark.parametrize(
    "request_bytes",
    [
        bytes.fromhex("000300082112a442") + TRANSACTION_ID + bytes.fromhex("0019000411000000"),
        bytes.fromhex("0003009c2112a442") + TRANSACTION_ID + bytes.fromhex("40000096") + b"\x02" * 150 + bytes(2),
        BINDING[:4] + b"abcd" + TRANSACTION_ID,
        PING + b"\0",
        _HELLO[:-1],
        b"\x17" + _HELLO[1:],
        _HELLO[:3] + b"\0\x01" + _HELLO[5:],
        _HELLO[:13] + b"\x02" + _HELLO[14:],
        _HELLO[:21] + b"\x01" + _HELLO[22:],
        _HELLO[:59] + b"\xff" + _HELLO[60:],
        b"",
    ],
    ids=[
        "allocate without token",
        "allocate with a token",
        "classic binding",
        "ping with a tail",
        "hello cut short",
        "application data",
        "later epoch",
        "server hello",
        "fragment",
        "session id past the end",
        "nothing",
    ],
)
def test_everything_else_is_met_with_silence(request_bytes: bytes) -> None:
    assert _answers(_relay(), request_bytes) == []


def test_openssl_takes_the_request_and_returns_its_cookie(servers: Running) -> None:
    client = SSL.Connection(SSL.Context(SSL.DTLS_CLIENT_METHOD), None)
    client.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        client.do_handshake()
    answer = ask_udp(servers.place("whatsapp_relay"), client.bio_read(4096))
    client.bio_write(answer)
    with pytest.raises(SSL.WantReadError):
        client.do_handshake()
    assert answer[28:] in client.bio_read(4096)


def test_over_udp_noise_does_not_hinder_a_ping(servers: Running) -> None:
    assert ask_udp(servers.place("whatsapp_relay"), b"\x16", PING)[:2] == bytes.fromhex("0802")
