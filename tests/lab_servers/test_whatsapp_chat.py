"""WhatsApp's chat: Noise ClientHello to ServerHello (calls-on-the-wire 2.2)."""

from __future__ import annotations

import pytest

from callcheck.lab.servers import whatsapp_chat
from tests.lab_servers.harness import CLIENT, Running, connection, read_exactly, setting

EPHEMERAL = bytes(range(0x60, 0x80))
PREAMBLE = bytes.fromhex("57410603")
HELLO = bytes.fromhex("12220a20") + EPHEMERAL
STREAM = PREAMBLE + bytes.fromhex("000024") + HELLO


def _assert_server_hello(frame: bytes) -> None:
    """3-byte length, then field 3 with three fields: 32 bytes, 48 bytes, and a certificate of a few hundred."""
    message = frame[3:]
    assert int.from_bytes(frame[:3]) == len(message)
    assert message[0] == 0x1A
    inner_bytes = message[1] & 0x7F | message[2] << 7
    assert message[1] & 0x80
    assert inner_bytes == len(message) - 3
    inner = message[3:]
    assert inner[:2] == bytes.fromhex("0a20")
    assert inner[34:36] == bytes.fromhex("1230")
    assert inner[84] == 0x1A
    assert 200 <= len(inner) - 84 <= 600


def test_a_client_hello_is_answered_with_a_server_hello() -> None:
    chat = whatsapp_chat.stream_responder(setting(), CLIENT)
    reply = chat.received(STREAM)
    assert not reply.close
    _assert_server_hello(reply.data)


def test_a_client_hello_may_come_byte_by_byte() -> None:
    chat = whatsapp_chat.stream_responder(setting(), CLIENT)
    replies = [chat.received(STREAM[index : index + 1]) for index in range(len(STREAM))]
    assert [bool(reply.data) for reply in replies] == [False] * 42 + [True]
    assert not any(reply.close for reply in replies)


def test_a_client_hello_with_fields_of_later_versions_is_taken() -> None:
    inner = b"\x0a\x20" + EPHEMERAL + b"\x20\x01" + b"\x2a\x03abc"
    hello = b"\x12" + bytes([len(inner)]) + inner
    chat = whatsapp_chat.stream_responder(setting(), CLIENT)
    _assert_server_hello(chat.received(PREAMBLE + len(hello).to_bytes(3) + hello).data)


@pytest.mark.parametrize(
    "stream",
    [
        b"WA\x05\x03",
        b"G",
        bytes.fromhex("ed0001"),
        PREAMBLE + bytes.fromhex("ffffff"),
        PREAMBLE + bytes.fromhex("000000"),
        PREAMBLE + bytes.fromhex("000024") + b"\x1a" + HELLO[1:],
        PREAMBLE + bytes.fromhex("000024") + HELLO[:3] + b"\x1f" + EPHEMERAL,
        PREAMBLE + bytes.fromhex("000024") + b"\xff" * 36,
        PREAMBLE + bytes.fromhex("000002") + b"\x12\x00",
    ],
    ids=[
        "old magic",
        "one wrong letter",
        "routing preface",
        "endless frame",
        "empty frame",
        "server hello",
        "short key",
        "no protobuf",
        "no key",
    ],
)
def test_everything_else_is_closed_without_a_word(stream: bytes) -> None:
    reply = whatsapp_chat.stream_responder(setting(), CLIENT).received(stream)
    assert reply.close
    assert reply.data == b""


def test_over_tcp_a_second_frame_ends_the_connection(servers: Running) -> None:
    with connection(servers.place("whatsapp_chat")) as sock:
        sock.sendall(STREAM)
        head = read_exactly(sock, 3)
        _assert_server_hello(head + read_exactly(sock, int.from_bytes(head)))
        sock.sendall(bytes.fromhex("000004") + b"next")
        assert sock.recv(100) == b""
