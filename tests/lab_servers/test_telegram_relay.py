"""Telegram's reflector: hello, self-info, and forwarding between two sides of a call (calls-on-the-wire 3.3b)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callcheck.lab.servers import telegram_relay
from callcheck.lab.servers.config_checks import ConfigError, Option
from callcheck.lab.servers.responder import Address
from callcheck.lab.servers.telegram_relay import TelegramRelay
from tests.lab_servers.harness import CLIENT, NOW_UNIX_S, Running, ask_udp, setting, udp_socket

# The hello of a real client in 2026, byte for byte.
CAPTURED_HELLO = bytes.fromhex("00578f5df7eb3781f05cabef243fdfa0ffffffffffffffffffffffff feffffff 000000000000007b")

CALL = bytes(range(0x51, 0x5C))
CALLER_TAG, CALLEE_TAG = b"ABCD", b"WXYZ"
CALLER, CALLEE = ("203.0.113.9", 40001), ("198.51.100.8", 40002)


def _hello(side: int, client_tag: bytes, call: bytes = CALL) -> bytes:
    return bytes([side]) + call + client_tag + b"\xff" * 12 + bytes.fromhex("feffffff") + b"question"


def _data(side: int, to: bytes, sender: bytes, data: bytes, call: bytes = CALL) -> bytes:
    padding = bytes(-len(data) % 4)
    return bytes([side]) + call + to + sender + len(data).to_bytes(4) + data + padding


def _met(relay: TelegramRelay | None = None) -> TelegramRelay:
    """A relay to which both sides of the call have said hello."""
    relay = relay or telegram_relay.datagram_responder(setting())
    assert len(tuple(relay.received(_hello(0, CALLER_TAG), CALLER))) == 1
    assert len(tuple(relay.received(_hello(1, CALLEE_TAG), CALLEE))) == 1
    return relay


def _sent(relay: TelegramRelay, packet: bytes, source: Address) -> list[tuple[bytes, Address]]:
    return [(datagram.data, datagram.destination) for datagram in relay.received(packet, source)]


def test_a_hello_is_answered_with_64_bytes_of_self_info() -> None:
    relay = telegram_relay.datagram_responder(setting())
    expected = (
        "00578f5df7eb3781f05cabef243fdfa0"
        "ffffffffffffffffffffffff"
        "c77215c0"
        "00f15365"  # 1 700 000 000, least significant byte first
        "000000000000007b"
        "00000000000000000000ffffcb007109"
        "409c0000"
    )
    assert NOW_UNIX_S == 0x6553F100
    assert _sent(relay, CAPTURED_HELLO, CLIENT) == [(bytes.fromhex(expected), CLIENT)]


def test_an_ipv6_client_is_shown_its_whole_address() -> None:
    relay = telegram_relay.datagram_responder(setting())
    ((answer, _),) = _sent(relay, CAPTURED_HELLO, ("2001:db8::9", 40000))
    assert answer[44:60] == bytes.fromhex("20010db8000000000000000000000009")


@pytest.mark.parametrize("size_bytes", [1, 60, 61, 160, 1200])
def test_data_reaches_the_other_side_under_its_own_tag(size_bytes: int) -> None:
    relay = _met()
    data = bytes(index % 251 for index in range(size_bytes))
    to_callee = _data(0, CALLEE_TAG, CALLER_TAG, data)
    assert _sent(relay, to_callee, CALLER) == [(b"\x01" + CALL + to_callee[12:], CALLEE)]
    to_caller = _data(1, CALLER_TAG, CALLEE_TAG, data)
    assert _sent(relay, to_caller, CALLEE) == [(b"\x00" + CALL + to_caller[12:], CALLER)]


@pytest.mark.parametrize(
    "packet",
    [
        _data(0, b"none", CALLER_TAG, b"data"),
        _data(0, CALLEE_TAG, CALLER_TAG, b"data", call=bytes(11)),
        _data(1, CALLEE_TAG, CALLER_TAG, b"data"),
        _data(2, CALLEE_TAG, CALLER_TAG, b"data"),
        _data(0, CALLEE_TAG, CALLER_TAG, b"data")[:-1],
        _hello(0, CALLER_TAG)[:-1],
        _hello(0, CALLER_TAG) + b"\0",
        _hello(0, CALLER_TAG)[:28] + b"\xff" * 12,
        CALL,
        b"",
    ],
    ids=[
        "to a stranger",
        "to another call",
        "to the same side",
        "from a third side",
        "cut short",
        "hello cut short",
        "hello with a tail",
        "another special request",
        "less than a tag",
        "nothing",
    ],
)
def test_anything_else_is_ignored(packet: bytes) -> None:
    assert _sent(_met(), packet, CALLER) == []


def test_a_new_hello_moves_a_peer_to_its_new_address() -> None:
    relay = _met()
    moved = ("198.51.100.8", 50000)
    assert len(_sent(relay, _hello(1, CALLEE_TAG), moved)) == 1
    assert [to for _, to in _sent(relay, _data(0, CALLEE_TAG, CALLER_TAG, b"data"), CALLER)] == [moved]


def test_a_peer_that_falls_silent_is_forgotten_and_one_that_speaks_is_not() -> None:
    clock = [0.0]
    relay = _met(telegram_relay.datagram_responder(setting(monotonic_s=lambda: clock[0])))
    clock[0] = 59.0
    assert len(_sent(relay, _data(0, CALLEE_TAG, CALLER_TAG, b"data"), CALLER)) == 1
    clock[0] = 61.0
    assert _sent(relay, _data(0, CALLEE_TAG, CALLER_TAG, b"data"), CALLER) == []
    assert len(_sent(relay, _hello(1, CALLEE_TAG), CALLEE)) == 1
    assert len(_sent(relay, _data(1, CALLER_TAG, CALLEE_TAG, b"data"), CALLEE)) == 1


def test_no_number_of_hellos_fills_the_memory() -> None:
    relay = telegram_relay.datagram_responder(setting())
    for number in range(5000):
        tuple(relay.received(_hello(0, number.to_bytes(4)), CLIENT))
    assert relay.peer_count == 4096
    last = _data(1, (4999).to_bytes(4), b"peer", b"data")
    assert len(_sent(relay, last, CALLEE)) == 1


REQUEST_OF_CALLER = b"\x00" + CALL + CALLER_TAG + b"\xff" * 16


def _that_tells_peers() -> TelegramRelay:
    return telegram_relay.datagram_responder(replace(setting(), options={"peer_info": True}))


def test_a_client_that_asks_is_told_its_own_and_its_peers_address() -> None:
    expected = (
        "00" + CALL.hex() + CALLER_TAG.hex() + "ffffffffffffffffffffffff"
        "1c37d927"
        "cb007109 419c0000"  # 203.0.113.9, 40001
        "c6336408 429c0000"  # 198.51.100.8, 40002
    )
    assert _sent(_met(_that_tells_peers()), REQUEST_OF_CALLER, CALLER) == [(bytes.fromhex(expected), CALLER)]


def test_of_several_peers_a_client_is_told_the_one_that_was_heard_last() -> None:
    relay = _met(_that_tells_peers())
    for tag, port in ((b"late", 50000), (CALLEE_TAG, CALLEE[1])):
        assert len(_sent(relay, _hello(1, tag), (CALLEE[0], port))) == 1
    ((answer, _),) = _sent(relay, REQUEST_OF_CALLER, CALLER)
    assert answer[-4:] == CALLEE[1].to_bytes(4, "little")


@pytest.mark.parametrize("greeted", [[], [0], [0, 0]], ids=["nobody", "itself", "its own side"])
def test_before_the_other_side_is_there_nothing_is_told(greeted: list[int]) -> None:
    relay = _that_tells_peers()
    for number, side in enumerate(greeted):
        assert len(_sent(relay, _hello(side, bytes([number]) * 4), CALLER)) == 1
    assert _sent(relay, REQUEST_OF_CALLER, CALLER) == []


def test_ipv6_addresses_do_not_fit_and_are_not_told() -> None:
    assert _sent(_met(_that_tells_peers()), REQUEST_OF_CALLER, ("2001:db8::9", 40001)) == []


def test_peers_are_told_only_where_the_option_says_so() -> None:
    assert _sent(_met(), REQUEST_OF_CALLER, CALLER) == []


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({"peer_info": 1}, "peer_info: expected true or false, got 1"), ({"peers": True}, "unknown key 'peers'")],
)
def test_other_options_are_refused(options: dict[str, Option], complaint: str) -> None:
    telegram_relay.check_options({"peer_info": False})
    with pytest.raises(ConfigError, match=complaint):
        telegram_relay.check_options(options)


def test_over_udp_two_sockets_talk_through_the_relay(servers: Running) -> None:
    place = servers.place("telegram_relay")
    with udp_socket() as caller, udp_socket() as callee:
        for sock, side, tag in ((caller, 0, CALLER_TAG), (callee, 1, CALLEE_TAG)):
            sock.sendto(_hello(side, tag), place)
            answer = sock.recv(2048)
            assert len(answer) == 64
            assert answer[56:64] == b"\x7f\0\0\x01" + sock.getsockname()[1].to_bytes(4, "little")
        for number in range(50):
            caller.sendto(_data(0, CALLEE_TAG, CALLER_TAG, number.to_bytes(160)), place)
            expected = b"\x01" + CALL + CALLEE_TAG + CALLER_TAG + (160).to_bytes(4) + number.to_bytes(160)
            assert callee.recv(2048) == expected


def test_over_udp_a_hello_is_answered_after_noise(servers: Running) -> None:
    answer = ask_udp(servers.place("telegram_relay"), b"\x00" * 40, CAPTURED_HELLO)
    assert answer[:32] == CAPTURED_HELLO[:28] + bytes.fromhex("c77215c0")
