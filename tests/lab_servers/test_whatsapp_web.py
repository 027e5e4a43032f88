"""WhatsApp's chat inside a WebSocket in TLS (RFC 6455, calls-on-the-wire 2.2)."""

from __future__ import annotations

import itertools
import socket
import ssl
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.servers import whatsapp_web
from callcheck.lab.servers.responder import StreamReply
from callcheck.lab.servers.websocket_wire import WebSocket
from tests.lab_servers.harness import CLIENT, connection, endpoint, read_exactly, serving, setting

# The key and its answer are RFC 6455's own example (section 1.3).
UPGRADE = (
    b"GET /ws/chat HTTP/1.1\r\nHost: web.whatsapp.com\r\nOrigin: https://web.whatsapp.com\r\nUpgrade: websocket\r\n"
    b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)
ACCEPT = b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
MASK = bytes.fromhex("37fa213d")
HELLO = bytes.fromhex("57410603000024 12220a20") + bytes(range(0x60, 0x80))
SERVER_HELLO_BYTES = 3 + 3 + 34 + 50 + 3 + 256


def _masked(opcode: int, payload: bytes, *, final: bool = True, mask: bytes = MASK) -> bytes:
    """One frame as a client sends it."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return bytes([final << 7 | opcode]) + length + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


class _Parrot:
    """Says every message again, and ends at `end`."""

    def received(self, data: bytes) -> StreamReply:
        return StreamReply(data, close=data == b"end")


def test_rfc_6455s_own_masked_frame_is_read() -> None:
    masked_hello = bytes.fromhex("8185 37fa213d 7f9f4d5158").replace(b"\x81", b"\x82", 1)
    assert WebSocket(_Parrot()).received(masked_hello).data == b"\x82\x05Hello"


CONVERSATIONS = [
    ("binary", [_masked(2, b"ab")], b"\x82\x02ab", False),
    ("empty", [_masked(2, b"")], b"", False),
    ("long", [_masked(2, b"x" * 200)], b"\x82\x7e\x00\xc8" + b"x" * 200, False),
    ("two", [_masked(2, b"a") + _masked(2, b"b")], b"\x82\x01a\x82\x01b", False),
    (
        "in pieces",
        [_masked(2, b"a", final=False), _masked(0, b"b", final=False), _masked(0, b"c")],
        b"\x82\x03abc",
        False,
    ),
    (
        "ping between",
        [_masked(2, b"a", final=False), _masked(9, b"p"), _masked(0, b"b")],
        b"\x8a\x01p\x82\x02ab",
        False,
    ),
    ("pong", [_masked(10, b"p")], b"", False),
    ("close", [_masked(8, b"\x03\xe8bye"), _masked(2, b"x")], b"\x88\x02\x03\xe8", True),
    ("end", [_masked(2, b"end")], b"\x82\x03end\x88\x02\x03\xe8", True),
    ("text", [_masked(1, b"a")], b"\x88\x02\x03\xeb", True),
    ("unmasked", [b"\x82\x01a"], b"\x88\x02\x03\xea", True),
    ("reserved bit", [b"\xc2\x81" + MASK + b"a"], b"\x88\x02\x03\xea", True),
    ("unknown opcode", [_masked(3, b"")], b"\x88\x02\x03\xea", True),
    ("ping in pieces", [_masked(9, b"", final=False)], b"\x88\x02\x03\xea", True),
    ("long ping", [_masked(9, b"x" * 126)], b"\x88\x02\x03\xea", True),
    ("nothing to continue", [_masked(0, b"a")], b"\x88\x02\x03\xea", True),
    ("not continued", [_masked(2, b"a", final=False), _masked(2, b"b")], b"\x88\x02\x03\xea", True),
    ("too long", [b"\x82\xfe\x20\x01" + MASK], b"\x88\x02\x03\xf1", True),
    ("endless", [b"\x82\xff" + b"\xff" * 8 + MASK], b"\x88\x02\x03\xf1", True),
    ("too long in pieces", [_masked(2, b"x" * 8192, final=False), _masked(0, b"x")], b"\x88\x02\x03\xf1", True),
]


@pytest.mark.parametrize(
    ("frames", "said", "is_ended"), [case[1:] for case in CONVERSATIONS], ids=[case[0] for case in CONVERSATIONS]
)
def test_a_websocket_answers_each_frame_as_rfc_6455_has_it(frames: list[bytes], said: bytes, is_ended: bool) -> None:
    websocket = WebSocket(_Parrot())
    answer = b""
    for one in frames:
        reply = websocket.received(one)
        answer += reply.data
        if reply.close:
            break
    assert answer == said
    assert reply.close == is_ended


FRAMES = st.builds(
    lambda opcode, payload, final: _masked(opcode, payload, final=final),
    st.sampled_from([0, 2, 2, 8, 9]),
    st.binary(max_size=130),
    st.booleans(),
)


@given(
    parts=st.lists(FRAMES | st.just(_masked(2, HELLO)) | st.binary(max_size=30), max_size=5),
    cuts=st.lists(st.integers(0, 900), max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_behind_the_upgrade_are_answered_the_same_however_they_are_cut(
    parts: list[bytes], cuts: list[int]
) -> None:
    stream = UPGRADE + b"".join(parts)
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    answers = []
    for pieces in ([stream], [stream[start:end] for start, end in itertools.pairwise(edges)]):
        chat = whatsapp_web.stream_responder(setting(), CLIENT)
        answer = b""
        for piece in pieces:
            reply = chat.received(piece)
            answer += reply.data
            if reply.close:
                break
        answers.append(answer)
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("changed", "to", "status"),
    [
        (b"/ws/chat", b"/", b"200 OK"),
        (b"/ws/chat", b"/ws/other", b"404 Not Found"),
        (b"Upgrade: websocket", b"Upgrade: h2c", b"426 Upgrade Required"),
        (b"GET", b"POST", b"426 Upgrade Required"),
        (b"Version: 13", b"Version: 8", b"426 Upgrade Required"),
        (b"keep-alive, Upgrade", b"keep-alive", b"400 Bad Request"),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhl", b"400 Bad Request"),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"====", b"400 Bad Request"),
        (b"dGhlIHNhbXBsZSBub25jZQ==", b"\xe9", b"400 Bad Request"),
    ],
)
def test_what_asks_for_no_websocket_is_answered_as_by_any_web_site(changed: bytes, to: bytes, status: bytes) -> None:
    reply = whatsapp_web.stream_responder(setting(), CLIENT).received(UPGRADE.replace(changed, to, 1))
    assert reply.data.startswith(b"HTTP/1.1 " + status)


def _assert_is_server_hello(sock: socket.socket) -> None:
    head = read_exactly(sock, 4)
    assert head == b"\x82\x7e" + SERVER_HELLO_BYTES.to_bytes(2)
    message = read_exactly(sock, SERVER_HELLO_BYTES)
    assert int.from_bytes(message[:3]) == SERVER_HELLO_BYTES - 3
    assert message[3] == 0x1A


def test_a_client_hello_in_one_message_gets_its_server_hello_in_one_message_over_tls(tmp_path: Path) -> None:
    with serving(
        tmp_path,
        [endpoint("whatsapp_web", transport="tls")],
        certificates=str(tmp_path),
        zone={"web.whatsapp.com": ["157.240.0.62"]},
    ) as servers:
        trust = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        with (
            connection(servers.place("whatsapp_web")) as sock,
            trust.wrap_socket(sock, server_hostname="web.whatsapp.com") as safe,
        ):
            # A browser's first message may come in one packet with the question for the upgrade.
            safe.sendall(UPGRADE + _masked(2, HELLO))
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += read_exactly(safe, 1)
            assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            assert ACCEPT in head
            assert b"Content-Length" not in head
            _assert_is_server_hello(safe)
            safe.sendall(_masked(2, b"a ClientFinish"))
            assert read_exactly(safe, 5) == b"\x88\x02\x03\xe8"
