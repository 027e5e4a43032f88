"""Telegram's port 1400 against the capture of 2022-03-23 (calls-on-the-wire 3.3a)."""

from __future__ import annotations

import zlib

import pytest

from callcheck.lab.servers import telegram_turn
from tests.lab_servers.harness import CLIENT, Running, ask_udp, setting, stun_attributes

TRANSACTION_ID = bytes.fromhex("a0a1a2a3a4a5a6a7a8a9aaab")
BINDING = bytes.fromhex("000100002112a442") + TRANSACTION_ID
ALLOCATE = bytes.fromhex("000300082112a442") + TRANSACTION_ID + bytes.fromhex("0019000411000000")


def _answers(request: bytes) -> list[bytes]:
    responder = telegram_turn.datagram_responder(setting(local=("91.108.9.35", 1400)))
    return [answer.data for answer in responder.received(request, CLIENT)]


def _assert_fingerprint_fits(message: bytes) -> None:
    assert message[-8:-4] == bytes.fromhex("80280004")
    assert int.from_bytes(message[-4:]) == zlib.crc32(message[:-8]) ^ 0x5354554E


def test_binding_is_answered_in_the_84_bytes_of_the_capture() -> None:
    (answer,) = _answers(BINDING)
    assert len(answer) == 84
    assert answer[:76] == bytes.fromhex(
        "010100402112a442a0a1a2a3a4a5a6a7a8a9aaab"
        "002000080001bd52ea12d54b"
        "0001000800019c40cb007109"
        "802b000800010578 5b6c0923"  # 91.108.9.35:1400
        "802c000800010579 0a434263"  # 10.67.66.99:1401
        "802200044e6f6e65"
    )
    _assert_fingerprint_fits(answer)


def test_allocate_is_refused_in_the_92_bytes_of_the_capture() -> None:
    (answer,) = _answers(ALLOCATE)
    assert len(answer) == 92
    assert answer[:40] == bytes.fromhex("011300482112a442a0a1a2a3a4a5a6a7a8a9aaab 0009001000000401") + b"Unauthorized"
    assert [kind for kind, _ in stun_attributes(answer)] == [0x0009, 0x0015, 0x0014, 0x8022, 0x8028]
    attributes = dict(stun_attributes(answer))
    assert len(attributes[0x0015]) == 16
    assert set(attributes[0x0015]) <= set(b"0123456789abcdef")
    assert attributes[0x0014] == b"telegram.org"
    assert attributes[0x8022] == b"None"
    _assert_fingerprint_fits(answer)


@pytest.mark.parametrize(
    "request_bytes",
    [
        BINDING[:4] + b"abcd" + TRANSACTION_ID,
        bytes.fromhex("000400002112a442") + TRANSACTION_ID,
        bytes.fromhex("080100002112a442") + TRANSACTION_ID,
        BINDING + b"\0",
    ],
    ids=["classic binding", "refresh", "whatsapp ping", "malformed"],
)
def test_what_the_capture_does_not_show_is_met_with_silence(request_bytes: bytes) -> None:
    assert _answers(request_bytes) == []


def test_over_udp_the_same_two_answers_come(servers: Running) -> None:
    place = servers.place("telegram_turn")
    assert ask_udp(place, b"noise", BINDING)[:4] == bytes.fromhex("01010040")
    assert ask_udp(place, ALLOCATE)[:4] == bytes.fromhex("01130048")
