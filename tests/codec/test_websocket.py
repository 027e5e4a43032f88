"""The client's half of a WebSocket, against RFC 6455's own examples and against anything at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.codec import Malformed, websocket
from callcheck.codec.websocket import Accepted, Frame, FrameReader, HandshakeReader, Refused

KEY = b"the sample nonce"
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def test_the_accept_of_the_rfcs_sample_key() -> None:
    """RFC 6455 section 1.3."""
    assert websocket.accept_for(KEY) == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    opening = websocket.handshake("example.com", "/chat", "https://example.com", KEY)
    assert b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" in opening
    assert opening.startswith(b"GET /chat HTTP/1.1\r\nHost: example.com\r\n")
    assert opening.endswith(b"Origin: https://example.com\r\n\r\n")


def test_the_rfcs_masked_hello() -> None:
    """RFC 6455 section 5.7, as text there; the masking does not know the difference."""
    assert websocket.frame(b"Hello", b"\x37\xfa\x21\x3d")[1:] == bytes.fromhex("8537fa213d7f9f4d5158")
    assert websocket.frame(b"x" * 300, bytes(4))[:4] == b"\x82\xfe\x01\x2c"


@pytest.mark.parametrize("sizes", [(1,), (7,), (1000,)])
def test_a_handshake_is_read_however_it_is_cut(sizes: tuple[int]) -> None:
    reader = HandshakeReader(KEY)
    data = SWITCH + b"\x82\x01a"
    answers = [reader.feed(data[at : at + sizes[0]]) for at in range(0, len(data), sizes[0])]
    accepted = next(answer for answer in answers if answer is not None)
    assert isinstance(accepted, Accepted)
    assert b"\x82\x01a".startswith(accepted.rest)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", Refused(403)),
        (b"HTTP/1.1 200\r\nA: b\r\n\r\n", Refused(200)),
        (b"SSH-2.0-x", Malformed("no HTTP")),
        (b"HTTP/1.1 hello\r\n\r\n", Malformed("no status line")),
        (SWITCH.replace(b"s3p", b"s4p"), Malformed("a switch that is not to our WebSocket")),
        (b"HTTP/1.1 200 OK\r\n" + b"a" * 9000, Malformed("a head without an end")),
    ],
)
def test_what_is_no_switch_is_said_so(data: bytes, expected: object) -> None:
    assert HandshakeReader(KEY).feed(data) == expected


def test_frames_of_every_length_form() -> None:
    long = b"\x82\x7e\x01\x2c" + b"y" * 300
    longer = b"\x82\x7f" + (300).to_bytes(8, "big") + b"z" * 300
    assert FrameReader().feed(b"\x02\x01a\x80\x01b\x89\x00" + long + longer) == [
        Frame(2, False, b"a"),
        Frame(0, True, b"b"),
        Frame(9, True, b""),
        Frame(2, True, b"y" * 300),
        Frame(2, True, b"z" * 300),
    ]


@pytest.mark.parametrize(
    "data", [b"\xc2\x00", b"\x82\x81abcda", b"\x83\x00", b"\x09\x00", b"\x89\x7e", b"\x82\x7f" + b"\xff" * 8]
)
def test_what_no_server_may_send_ends_the_stream(data: bytes) -> None:
    reader = FrameReader()
    assert [type(one) for one in reader.feed(data)] == [Malformed]
    assert reader.feed(b"\x82\x01a") == []


@pytest.mark.parametrize("wrong", ["a b", "a\r\nX: y", "й"])
def test_no_header_is_made_of_what_is_none(wrong: str) -> None:
    with pytest.raises(ValueError, match="visible"):
        websocket.handshake(wrong, "/", "https://a", KEY)


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_readers_never_raise(pieces: list[bytes]) -> None:
    handshake, frames = HandshakeReader(KEY), FrameReader()
    for piece in pieces:
        handshake.feed(piece)
        assert all(isinstance(one, Frame | Malformed) for one in frames.feed(piece))


@given(st.binary(max_size=400), st.binary(min_size=4, max_size=4))
def test_what_was_masked_can_be_unmasked(payload: bytes, mask: bytes) -> None:
    framed = websocket.frame(payload, mask)
    body = framed[-len(payload) :] if payload else b""
    assert bytes(byte ^ mask[at % 4] for at, byte in enumerate(body)) == payload
