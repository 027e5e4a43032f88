"""ClientHellos of TLS and DTLS: real ones of OpenSSL, one typed by hand, and hostile ones."""

import ssl
import struct
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from callcheck.lab.wire.hello import dtls_fingerprint, dtls_hello, is_dtls_hello, is_tls_hello, tls_hello
from callcheck.lab.wire.reading import Cursor, Pieces, ShortError


def tls_client_hello(
    name: str | None = "Web.WhatsApp.com", *, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> bytes:
    """What OpenSSL sends first, as one TLS record."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.maximum_version = version
    sent = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return sent.read()


GOOD_TLS_HELLO = tls_client_hello()


def dtls_client_hello(ciphers: bytes = b"DEFAULT") -> bytes:
    """What OpenSSL sends first, as one datagram."""
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_cipher_list(ciphers)
    connection = SSL.Connection(context, None)
    connection.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        connection.do_handshake()
    return connection.bio_read(65_536)


def typed_dtls_hello(*, random: bytes = bytes(32), cookie: bytes = b"", record_version: bytes = b"\xfe\xff") -> bytes:
    """A small one, by RFC 6347 section 4.2: two ciphers and a grease value, three extensions and a grease value."""
    extensions = (
        struct.pack("!HH", 0x2A2A, 0)
        + struct.pack("!HHHHH", 10, 6, 4, 29, 23)
        + struct.pack("!HHH", 23, 0, 14)
        + struct.pack("!H3s", 3, b"\x00\x01\x00")
    )
    body = b"\xfe\xfd" + random + b"\0" + bytes([len(cookie)]) + cookie
    body += (
        struct.pack("!HHHH", 6, 0xDADA, 0xC02B, 0xC02F) + b"\x01\x00" + struct.pack("!H", len(extensions)) + extensions
    )
    length = len(body).to_bytes(3, "big")
    handshake = b"\x01" + length + bytes(2) + bytes(3) + length + body
    return b"\x16" + record_version + bytes(8) + struct.pack("!H", len(handshake)) + handshake


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_tls_hello_says_which_host_it_asks_for(version: ssl.TLSVersion) -> None:
    record = tls_client_hello(version=version)
    assert is_tls_hello(record)
    hello = tls_hello(record + b"what follows")
    assert hello is not None
    assert hello.server_name() == "web.whatsapp.com"
    assert hello.version == 0x0303
    assert (0x1301 in hello.ciphers) is (version is ssl.TLSVersion.TLSv1_3)
    assert 29 in hello.groups()  # x25519, which OpenSSL offers since 1.1


def test_a_tls_hello_without_a_name_has_none() -> None:
    hello = tls_hello(tls_client_hello(None))
    assert hello is not None
    assert hello.server_name() is None


def test_a_tls_hello_that_has_not_wholly_come_is_none() -> None:
    record = tls_client_hello()
    assert {tls_hello(record[:cut]) for cut in range(len(record))} == {None}
    assert [is_tls_hello(record[:cut]) for cut in range(8)] == [None] * 6 + [True] * 2


@pytest.mark.parametrize(
    "other", [b"GET / HTTP/1.1\r\n", b"\x16\xfe\xff\x00\x00\x01", b"\x16\x03\x03\x00\x50\x02", b"\x17"]
)
def test_what_is_no_tls_hello_is_known_by_its_first_bytes(other: bytes) -> None:
    assert is_tls_hello(other) is False


def test_a_dtls_hello_of_openssl_is_read_and_its_fingerprint_is_the_same_each_time() -> None:
    first, second = dtls_client_hello(), dtls_client_hello()
    assert first != second
    assert is_dtls_hello(first)
    fingerprint = dtls_fingerprint(first)
    assert fingerprint is not None
    assert len(fingerprint) == 12
    assert fingerprint == dtls_fingerprint(second) == fingerprint.lower()
    assert dtls_fingerprint(dtls_client_hello(b"ECDHE-RSA-AES128-GCM-SHA256")) not in (None, fingerprint)


def test_a_dtls_fingerprint_is_what_its_page_says() -> None:
    text = "65277,49195-49199,10-23-14,29-23"
    expected = sha256(text.encode()).hexdigest()[:12]
    assert dtls_fingerprint(typed_dtls_hello()) == expected


def test_random_cookie_and_record_version_do_not_change_a_fingerprint() -> None:
    repeated = typed_dtls_hello(random=b"\x07" * 32, cookie=b"c" * 20, record_version=b"\xfe\xfd")
    assert dtls_fingerprint(repeated) == dtls_fingerprint(typed_dtls_hello())


def test_a_fragment_of_a_dtls_hello_is_known_as_one_but_has_no_fingerprint() -> None:
    hello = bytearray(typed_dtls_hello())
    hello[14:17] = (int.from_bytes(hello[14:17], "big") + 1).to_bytes(3, "big")  # the whole is longer than this part
    assert is_dtls_hello(bytes(hello))
    assert dtls_fingerprint(bytes(hello)) is None


def test_other_dtls_is_no_hello() -> None:
    hello = typed_dtls_hello()
    server_hello = hello[:13] + b"\x02" + hello[14:]
    encrypted = hello[:4] + b"\x01" + hello[5:]
    application = b"\x17" + hello[1:]
    for other in (server_hello, encrypted, application, hello[:13], b""):
        assert not is_dtls_hello(other)
        assert dtls_hello(other) is None


def test_a_hello_in_a_record_of_another_kind_is_not_read() -> None:
    assert tls_hello(GOOD_TLS_HELLO) is not None
    assert tls_hello(b"\x17" + GOOD_TLS_HELLO[1:]) is None


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_bytes_break_the_readers_of_hellos(data: st.DataObject) -> None:
    good = data.draw(st.sampled_from([typed_dtls_hello(), GOOD_TLS_HELLO, b""]))
    start = data.draw(st.integers(0, len(good)))
    hostile = good[:start] + data.draw(st.binary(max_size=60)) + good[start + data.draw(st.integers(0, 40)) :]
    assert is_tls_hello(hostile) in (True, False, None)
    hello = tls_hello(hostile)
    if hello is not None:
        assert is_tls_hello(hostile)
        assert (hello.server_name() or "").islower() or not hello.server_name()
        assert all(0 <= group <= 0xFFFF for group in hello.groups())
    assert dtls_fingerprint(hostile) is None or is_dtls_hello(hostile)


@given(st.binary(min_size=1, max_size=5000), st.data())
@settings(max_examples=100, deadline=None)
def test_pieces_in_any_order_that_overlap_make_the_whole_up_to_4096_bytes(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    edges = [0, *cuts, len(stream)]
    overlap = data.draw(st.integers(0, 20))
    parts = [(start, stream[start : end + overlap]) for start, end in pairwise(edges)]
    pieces = Pieces()
    for offset, part in data.draw(st.permutations(parts)):
        pieces.add(offset, part)
    assert pieces.beginning() == stream[:4096]


def test_pieces_end_at_the_first_gap_and_are_bounded() -> None:
    pieces = Pieces()
    pieces.add(0, b"ab")
    pieces.add(3, b"de")
    pieces.add(2**32 - 5, b"far")
    assert pieces.beginning() == b"ab"
    pieces.add(2, b"c")
    assert pieces.beginning() == b"abcde"
    for offset in range(100, 400, 2):
        pieces.add(offset, b"x")
    assert pieces.is_full()
    pieces.add(5, b"f")
    assert pieces.beginning() == b"abcde"


@pytest.mark.parametrize(
    ("encoded", "value"),
    # RFC 9000 Appendix A.1
    [("c2197c5eff14e88c", 151288809941952652), ("9d7f3e7d", 494878333), ("7bbd", 15293), ("25", 37), ("4025", 37)],
)
def test_variable_length_numbers_are_those_of_the_rfc(encoded: str, value: int) -> None:
    cursor = Cursor(bytes.fromhex(encoded))
    assert cursor.varint() == value
    assert cursor.is_over()
    with pytest.raises(ShortError):
        Cursor(bytes.fromhex(encoded)[:-1]).varint()
