"""DTLS: OpenSSL's ClientHello answered by OpenSSL's server in memory, and bytes that are no answer."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL

from callcheck.codec import Malformed, dtls
from callcheck.codec.dtls import Alert, HelloVerifyRequest, ServerHello
from tests.codec import strategies

COOKIE = b"twenty bytes, a cook"

# OpenSSL's server, facts 8 and this file's own server test: 48 bytes with a cookie of 20.
HELLO_VERIFY_REQUEST = bytes.fromhex("16feff 0000 000000000000 0023 03 000017 0000 000000 000017 feff 14") + COOKIE
SERVER_HELLO = bytes.fromhex("16fefd 0000 000000000001 0032 02 000026 0001 000000 000026 fefd") + bytes(36)
ALERT = bytes.fromhex("15fefd 0000 000000000001 0002 0228")


def server_context(*, certificate: bool) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_cookie_generate_callback(lambda _connection: COOKIE)
    context.set_cookie_verify_callback(lambda _connection, cookie: cookie == COOKIE)
    if certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay")])
        start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + dt.timedelta(days=3650))
        context.use_privatekey(key)
        context.use_certificate(builder.sign(key, hashes.SHA256()))
    return context


def server_answer(client_hello: bytes, *, certificate: bool = False, asks_for_cookie: bool = True) -> bytes:
    """The first datagrams of a server that has only a memory BIO, no socket."""
    server = SSL.Connection(server_context(certificate=certificate), None)
    server.set_accept_state()
    server.bio_write(client_hello)
    go_on = server.DTLSv1_listen if asks_for_cookie else server.do_handshake
    with pytest.raises(SSL.Error):  # WantReadError is one: the server waits for the client's next datagram
        go_on()
    return server.bio_read(65_536)


def test_a_client_hello_is_one_record_that_fits_a_datagram() -> None:
    hello = dtls.client_hello()
    assert hello[:3] == bytes.fromhex("16feff")
    assert hello[13] == 1
    assert int.from_bytes(hello[11:13], "big") == len(hello) - 13
    assert len(hello) <= 1200


def test_two_client_hellos_differ_in_their_random_bytes() -> None:
    assert dtls.client_hello() != dtls.client_hello()


def test_a_server_asks_for_its_cookie_back() -> None:
    answer = server_answer(dtls.client_hello())
    assert answer == HELLO_VERIFY_REQUEST
    assert dtls.decode(answer) == HelloVerifyRequest(COOKIE)


def test_a_server_that_wants_no_cookie_answers_with_its_hello() -> None:
    answer = server_answer(dtls.client_hello(), certificate=True, asks_for_cookie=False)
    assert dtls.decode(answer) == ServerHello(0xFEFD)


def test_a_server_without_a_certificate_answers_with_an_alert() -> None:
    answer = server_answer(dtls.client_hello(), asks_for_cookie=False)
    assert dtls.decode(answer) == Alert(level=2, description=40)


@pytest.mark.parametrize(
    ("datagram", "expected"),
    [
        (HELLO_VERIFY_REQUEST, HelloVerifyRequest(COOKIE)),
        (HELLO_VERIFY_REQUEST + b"next record", HelloVerifyRequest(COOKIE)),
        (HELLO_VERIFY_REQUEST.replace(b"\xfe\xff", b"\xfe\xfd"), HelloVerifyRequest(COOKIE)),
        (SERVER_HELLO, ServerHello(0xFEFD)),
        (ALERT, Alert(2, 40)),
    ],
)
def test_a_servers_first_record_is_read(datagram: bytes, expected: object) -> None:
    assert dtls.decode(datagram) == expected


@pytest.mark.parametrize(
    "datagram",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(HELLO_VERIFY_REQUEST[:12], id="cut header"),
        pytest.param(HELLO_VERIFY_REQUEST[:-1], id="cut record"),
        pytest.param(b"\x16\x03\x03" + HELLO_VERIFY_REQUEST[3:], id="TLS"),
        pytest.param(ALERT[:3] + b"\0\1" + ALERT[5:], id="encrypted"),
        pytest.param(b"\x17" + ALERT[1:], id="application data"),
        pytest.param(dtls.client_hello(), id="our own hello sent back"),
        pytest.param(HELLO_VERIFY_REQUEST[:27] + b"\x13" + HELLO_VERIFY_REQUEST[28:], id="wrong cookie length"),
        pytest.param(SERVER_HELLO[:24] + b"\xff" + SERVER_HELLO[25:], id="fragment past its record"),
        pytest.param(SERVER_HELLO[:16] + b"\x25" + SERVER_HELLO[17:], id="fragment longer than its message"),
        pytest.param(
            bytes.fromhex("16fefd 0000 000000000001 000e 03 000002 0001 000000 000002 feff"), id="version alone"
        ),
        pytest.param(SERVER_HELLO[:21] + b"\1" + SERVER_HELLO[22:], id="a later fragment"),
        pytest.param(SERVER_HELLO[:25] + b"\3\3" + SERVER_HELLO[27:], id="a TLS hello inside"),
        pytest.param(bytes.fromhex("16fefd 0000 000000000001 000c 0e 000000 0001 000000 000000"), id="empty body"),
    ],
)
def test_what_no_dtls_server_sends_first_is_malformed(datagram: bytes) -> None:
    assert isinstance(dtls.decode(datagram), Malformed)


records = st.sampled_from([HELLO_VERIFY_REQUEST, SERVER_HELLO, ALERT])


@strategies.examples
@given(st.one_of(st.binary(max_size=100), strategies.damaged(records)))
def test_any_bytes_are_an_answer_or_malformed(datagram: bytes) -> None:
    assert isinstance(dtls.decode(datagram), HelloVerifyRequest | ServerHello | Alert | Malformed)
