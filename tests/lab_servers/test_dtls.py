"""The DTLS server: cookies, whole handshakes with OpenSSL as the client, bounded sessions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from callcheck.lab.servers import dtls
from callcheck.lab.servers.dtls import DtlsServer
from callcheck.lab.servers.responder import Address
from tests.lab_servers.harness import CLIENT, setting

OTHER_CLIENT: Address = ("203.0.113.9", 40001)


class _OpenSslClient:
    """OpenSSL's client, whose datagrams the test carries."""

    def __init__(self) -> None:
        self.connection = SSL.Connection(SSL.Context(SSL.DTLS_CLIENT_METHOD), None)
        self.connection.set_connect_state()
        self.is_connected = False

    def step(self, datagrams: list[bytes]) -> list[bytes]:
        """Take what came, and say what is to be sent."""
        for datagram in datagrams:
            self.connection.bio_write(datagram)
        with suppress(SSL.WantReadError):
            self.connection.do_handshake()
            self.is_connected = True
        return self.waiting()

    def waiting(self) -> list[bytes]:
        datagrams = []
        with suppress(SSL.WantReadError):
            while True:
                datagrams.append(self.connection.bio_read(65536))
        return datagrams


def _server(monotonic_s: Callable[[], float] = lambda: 0.0) -> DtlsServer:
    return dtls.datagram_responder(setting(monotonic_s=monotonic_s))


def _said(server: DtlsServer, datagrams: list[bytes], client: Address = CLIENT) -> list[bytes]:
    answers = [answer for datagram in datagrams for answer in server.received(datagram, client)]
    assert all(answer.destination == client for answer in answers)
    return [answer.data for answer in answers]


def _connected(server: DtlsServer, address: Address = CLIENT) -> _OpenSslClient:
    client = _OpenSslClient()
    answers: list[bytes] = []
    for _ in range(4):
        answers = _said(server, client.step(answers), address)
    assert client.is_connected
    return client


def test_a_hello_without_cookie_gets_48_bytes_and_leaves_no_trace() -> None:
    server = _server()
    (hello,) = _OpenSslClient().step([])
    (answer,) = _said(server, [hello])
    assert len(answer) == 48
    assert answer[:28] == bytes.fromhex("16feff00000000000000000023 030000170000000000000017 feff14")
    assert server.session_count == 0


def test_openssl_completes_its_handshake_and_may_speak() -> None:
    server = _server()
    client = _connected(server)
    assert server.session_count == 1
    client.connection.send(b"data")
    assert _said(server, client.waiting()) == []
    assert server.session_count == 1


def test_a_goodbye_ends_the_session() -> None:
    server = _server()
    client = _connected(server)
    client.connection.shutdown()
    _said(server, client.waiting())
    assert server.session_count == 0


def test_a_cookie_is_good_for_its_own_client_only() -> None:
    server = _server()
    client = _OpenSslClient()
    with_cookie = client.step(_said(server, client.step([])))
    (asked_again,) = _said(server, with_cookie, OTHER_CLIENT)
    assert len(asked_again) == 48
    assert server.session_count == 0
    (flight,) = _said(server, with_cookie)
    assert flight[13] == 2  # ServerHello
    assert server.session_count == 1


def test_a_client_may_begin_anew_on_the_same_port() -> None:
    server = _server()
    first = _connected(server)
    second = _connected(server)
    first.connection.send(b"old")
    assert _said(server, first.waiting()) == []
    second.connection.send(b"new")
    assert _said(server, second.waiting()) == []
    assert server.session_count == 1


def test_a_hello_that_comes_twice_does_not_begin_another_handshake() -> None:
    server = _server()
    client = _OpenSslClient()
    with_cookie = client.step(_said(server, client.step([])))
    flight = _said(server, with_cookie)
    late = _said(server, with_cookie)
    for _ in range(2):
        flight = _said(server, client.step(flight))
    client.step(flight)
    assert client.is_connected
    assert late == []


def test_sessions_are_forgotten_after_a_minute_of_silence_and_bounded() -> None:
    now_s = 0.0
    server = _server(lambda: now_s)
    _connected(server)
    now_s = 60.0
    speaking = _connected(server, OTHER_CLIENT)
    now_s = 61.0
    assert _said(server, [b"noise"]) == []
    assert server.session_count == 1
    now_s = 120.0
    speaking.connection.send(b"data")
    _said(server, speaking.waiting(), OTHER_CLIENT)
    now_s = 180.0
    assert _said(server, [b"noise"]) == []
    assert server.session_count == 1
    for port in range(1024, 1024 + 65):
        client = _OpenSslClient()
        _said(server, client.step(_said(server, client.step([]), (CLIENT[0], port))), (CLIENT[0], port))
    assert server.session_count == 64


@given(
    place=st.integers(0, 400),
    bit=st.integers(0, 7),
    cut=st.integers(0, 400),
    noise=st.binary(max_size=100),
    step=st.integers(0, 2),
)
@settings(max_examples=150, deadline=None)
def test_no_bytes_whatsoever_kill_it(place: int, bit: int, cut: int, noise: bytes, step: int) -> None:
    server = _SHARED
    client = _OpenSslClient()
    sent = client.step([])
    for _ in range(step):
        sent = client.step(_said(server, sent))
    whole = b"".join(sent)
    changed = bytearray(whole[:cut] or b"\x16")
    changed[place % len(changed)] ^= 1 << bit
    _said(server, [bytes(changed), noise, b""])
    _connected(server, OTHER_CLIENT)


_SHARED = _server()
"""One server for all that is thrown at it."""
