"""Telegram's data centre: one question over four transports (calls-on-the-wire 3.2)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from callcheck.lab.servers import telegram_dc
from tests.lab_servers.harness import CLIENT, NOW_UNIX_S, Running, connection, read_exactly, setting

NONCE = bytes(range(0x30, 0x40))
NOT_FOUND = bytes.fromhex("6cfeffff")


def _request(message_id: int = NOW_UNIX_S << 32, constructor: str = "f18e7ebe", body_bytes: int = 20) -> bytes:
    head = bytes(8) + message_id.to_bytes(8, "little") + body_bytes.to_bytes(4, "little")
    return head + bytes.fromhex(constructor) + NONCE


REQUEST = _request()


def _received(stream: bytes) -> bytes:
    """What a new connection answers to the stream, given byte by byte."""
    dc = telegram_dc.stream_responder(setting(), CLIENT)
    answer = b""
    for index in range(len(stream)):
        reply = dc.received(stream[index : index + 1])
        assert not reply.close
        answer += reply.data
    return answer


def _assert_res_pq(payload: bytes, nonce: bytes = NONCE) -> None:
    assert len(payload) == 100
    assert payload[:8] == bytes(8)
    assert int.from_bytes(payload[8:16], "little") % 4 == 1
    assert payload[16:20] == bytes.fromhex("50000000")
    assert payload[20:24] == bytes.fromhex("63241605")
    assert payload[24:40] == nonce
    assert payload[56] == 8
    assert int.from_bytes(payload[57:65]) == 0x494C553B * 0x53911073
    assert payload[65:68] == bytes(3)
    assert payload[68:76] == bytes.fromhex("15c4b51c03000000")


def test_abridged_asks_in_42_bytes_and_is_answered_with_length_in_words() -> None:
    stream = b"\xef\x0a" + REQUEST
    assert len(stream) == 42
    answer = _received(stream)
    assert answer[0] == 25
    _assert_res_pq(answer[1:])


def test_abridged_takes_the_long_length_and_the_quick_acknowledgement_bit() -> None:
    answer = _received(b"\xef\x7f\x0a\0\0" + REQUEST + b"\x8a" + REQUEST)
    assert len(answer) == 2 * 101
    _assert_res_pq(answer[1:101])
    _assert_res_pq(answer[102:])


def test_intermediate_asks_in_48_bytes_and_is_answered_with_length_in_bytes() -> None:
    stream = b"\xee" * 4 + bytes.fromhex("28000000") + REQUEST
    assert len(stream) == 48
    answer = _received(stream)
    assert answer[:4] == (100).to_bytes(4, "little")
    _assert_res_pq(answer[4:])


@pytest.mark.parametrize("padding_bytes", [0, 1, 15])
def test_padded_intermediate_takes_padding_and_gives_it(padding_bytes: int) -> None:
    length = (40 + padding_bytes).to_bytes(4, "little")
    answer = _received(b"\xdd" * 4 + length + REQUEST + b"p" * padding_bytes)
    assert len(answer) == 4 + int.from_bytes(answer[:4], "little")
    assert 100 <= len(answer) - 4 <= 115
    _assert_res_pq(answer[4:104])


def test_an_error_is_not_padded() -> None:
    assert _received(b"\xdd" * 4 + (20).to_bytes(4, "little") + bytes(20)) == bytes.fromhex("04000000") + NOT_FOUND


def test_padding_is_refused_where_the_transport_has_none() -> None:
    stream = b"\xee" * 4 + (44).to_bytes(4, "little") + REQUEST + b"pppp"
    assert _received(stream) == bytes.fromhex("04000000") + NOT_FOUND


def _obfuscate(inner_tag: bytes, stream: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """The client's bytes, and how it reads the server's, as the facts have it."""
    opening = bytes(range(1, 57)) + inner_tag + (2).to_bytes(2, "little") + b"\x07\x08"
    to_server = Cipher(algorithms.AES(opening[8:40]), modes.CTR(opening[40:56])).encryptor()
    backwards = bytes(reversed(opening[8:56]))
    from_server = Cipher(algorithms.AES(backwards[:32]), modes.CTR(backwards[32:48])).decryptor()
    hidden = to_server.update(opening)
    return opening[:56] + hidden[56:64] + to_server.update(stream), from_server.update


@pytest.mark.parametrize(
    ("inner_tag", "frame", "header_bytes"),
    [
        (b"\xef" * 4, b"\x0a" + REQUEST, 1),
        (b"\xee" * 4, bytes.fromhex("28000000") + REQUEST, 4),
        (b"\xdd" * 4, bytes.fromhex("29000000") + REQUEST + b"p", 4),
    ],
    ids=["abridged", "intermediate", "padded"],
)
def test_obfuscated_hides_every_framing(inner_tag: bytes, frame: bytes, header_bytes: int) -> None:
    stream, reveal = _obfuscate(inner_tag, frame + frame)
    answer = reveal(_received(stream))
    _assert_res_pq(answer[header_bytes : header_bytes + 100])
    assert len(answer) >= 2 * (header_bytes + 100)


@pytest.mark.parametrize(
    "payload",
    [
        _request(message_id=(NOW_UNIX_S << 32) + 2),
        _request(message_id=(NOW_UNIX_S - 301) << 32),
        _request(message_id=(NOW_UNIX_S + 302) << 32),
        _request(constructor="deadbeef"),
        _request(body_bytes=24),
        b"\x01" + REQUEST[1:],
        REQUEST[:36],
        b"",
    ],
    ids=["id not divisible", "too old", "too new", "unknown", "wrong length", "with a key", "cut short", "empty"],
)
def test_a_bad_message_gets_404_and_the_connection_goes_on(payload: bytes) -> None:
    answer = _received(b"\xef" + bytes([len(payload) // 4]) + payload + b"\x0a" + REQUEST)
    assert answer[:5] == b"\x01" + NOT_FOUND
    _assert_res_pq(answer[6:])


@pytest.mark.parametrize(
    "stream",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /api",
        bytes.fromhex("16030102") + bytes(100),
        bytes.fromhex("34000000 00000000") + bytes(60),
        bytes(range(1, 65)),
        b"\xee" * 4 + b"\xff\xff\xff\x7f",
        b"\xef\x7f\xff\xff\xff",
    ],
    ids=["http", "post", "tls", "full transport", "noise", "long intermediate", "long abridged"],
)
def test_a_stream_in_no_known_transport_is_closed(stream: bytes) -> None:
    reply = telegram_dc.stream_responder(setting(), CLIENT).received(stream)
    assert reply.close
    assert reply.data == b""


def test_over_tcp_one_connection_answers_again_and_again(servers: Running) -> None:
    request = _request(message_id=int(time.time()) << 32)
    with connection(servers.place("telegram_dc")) as sock:
        sock.sendall(b"\xef")
        for _ in range(3):
            sock.sendall(b"\x0a" + request)
            answer = read_exactly(sock, 101)
            assert answer[0] == 25
            _assert_res_pq(answer[1:])


def test_over_tcp_noise_ends_the_connection(servers: Running) -> None:
    with connection(servers.place("telegram_dc")) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert sock.recv(100) == b""
