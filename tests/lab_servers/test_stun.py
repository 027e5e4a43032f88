"""The STUN stand-in, byte for byte as RFC 8489 and RFC 3489 have it and coturn 4.6.1 says it."""

from __future__ import annotations

import socket

import pytest

from callcheck.lab.servers import stun
from tests.lab_servers.harness import (
    CLIENT,
    Running,
    ask_udp,
    connection,
    read_exactly,
    setting,
    stun_attributes,
    udp_socket,
)

COOKIE = bytes.fromhex("2112a442")
TRANSACTION_ID = bytes.fromhex("0102030405060708090a0b0c")
BINDING = bytes.fromhex("00010000") + COOKIE + TRANSACTION_ID
CLASSIC_BINDING = bytes.fromhex("00010000") + bytes(range(100, 116))
ALLOCATE = bytes.fromhex("00030008") + COOKIE + TRANSACTION_ID + bytes.fromhex("0019000411000000")
UNKNOWN_REQUIRED = bytes.fromhex("7fff000401020304")


def _with_attributes(attributes: bytes, message_type: int = 1) -> bytes:
    return message_type.to_bytes(2) + len(attributes).to_bytes(2) + COOKIE + TRANSACTION_ID + attributes


def _answer(request: bytes) -> bytes | None:
    """What a STUN server at 198.51.100.7:3478 says to 203.0.113.9:40000."""
    answers = tuple(stun.datagram_responder(setting()).received(request, CLIENT))
    assert all(answer.destination == CLIENT for answer in answers)
    return answers[0].data if answers else None


def test_binding_with_cookie_is_answered_in_80_bytes() -> None:
    expected = (
        "0101003c2112a4420102030405060708090a0b0c"
        "002000080001bd52ea12d54b"  # 40000 ^ 0x2112, 203.0.113.9 ^ 0x2112a442
        "0001000800019c40cb007109"
        "802b000800010d96c6336407"
        "80220014436f7475726e2d342e362e312027476f72737427"
    )
    assert _answer(BINDING) == bytes.fromhex(expected)


def test_classic_binding_is_answered_in_84_bytes_without_xor() -> None:
    expected = (
        "0101004064656667 68696a6b6c6d6e6f70717273"
        "0001000800019c40cb007109"
        "0004000800010d96c6336407"
        "0005000800010d96c6336407"
        "80220018436f7475726e2d342e362e312027476f7273742700000000"
    )
    assert _answer(CLASSIC_BINDING) == bytes.fromhex(expected)


def test_an_ipv6_client_reads_its_own_address_in_the_answer() -> None:
    responder = stun.datagram_responder(setting(local=("2001:db8::7", 3478)))
    (answer,) = responder.received(BINDING, ("2001:db8::9", 40000))
    mapped = socket.inet_pton(socket.AF_INET6, "2001:db8::9")
    attributes = dict(stun_attributes(answer.data))
    assert attributes[0x0001] == bytes.fromhex("00029c40") + mapped
    mask = COOKIE + TRANSACTION_ID
    assert bytes(a ^ b for a, b in zip(attributes[0x0020][4:], mask, strict=True)) == mapped


def test_allocate_without_credentials_gets_401_with_nonce_and_realm() -> None:
    answer = _answer(ALLOCATE)
    assert answer is not None
    assert answer[:20] == bytes.fromhex("011300482112a442") + TRANSACTION_ID
    (error, nonce, realm, software) = stun_attributes(answer)
    assert error == (0x0009, b"\0\0\x04\x01Unauthorized")
    assert nonce[0] == 0x0015
    assert len(bytes.fromhex(nonce[1].decode())) == 8
    assert realm == (0x0014, b"lab")
    assert software == (0x8022, b"Coturn-4.6.1 'Gorst'")


def test_an_unknown_required_attribute_gets_420_that_names_it() -> None:
    answer = _answer(_with_attributes(UNKNOWN_REQUIRED + bytes.fromhex("7ffe0000")))
    assert answer is not None
    assert answer[:4] == bytes.fromhex("0111003c")
    assert stun_attributes(answer)[:2] == [
        (0x0009, b"\0\0\x04\x14Unknown Attribute\0\0\0"),
        (0x000A, bytes.fromhex("7fff7ffe")),
    ]


@pytest.mark.parametrize(
    "attributes",
    [
        bytes.fromhex("ffff000401020304"),
        bytes.fromhex("0003000400000000"),
        bytes.fromhex("80220005") + b"hello\0\0\0",
        bytes.fromhex("002400046e001eff"),
    ],
)
def test_optional_and_known_attributes_do_not_hinder_a_binding(attributes: bytes) -> None:
    answer = _answer(_with_attributes(attributes))
    assert answer is not None
    assert answer[:2] == bytes.fromhex("0101")


# RFC 5769 section 2.1.
SAMPLE_REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)


def test_a_binding_is_answered_only_if_its_fingerprint_fits() -> None:
    answer = _answer(SAMPLE_REQUEST)
    assert answer is not None
    assert answer[:2] == bytes.fromhex("0101")
    assert _answer(SAMPLE_REQUEST[:-1] + b"\xce") is None


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        BINDING[:19],
        BINDING + b"tail",
        bytes.fromhex("00010008") + BINDING[4:],
        bytes.fromhex("00010005") + BINDING[4:] + b"abcde",
        _with_attributes(bytes.fromhex("8022ffff01020304")),
        bytes.fromhex("4001") + BINDING[2:],
        bytes.fromhex("0011") + BINDING[2:],
        bytes.fromhex("0101") + BINDING[2:],
        bytes.fromhex("0111") + BINDING[2:],
        ALLOCATE[:4] + b"abcd" + ALLOCATE[8:],
    ],
    ids=[
        "nothing",
        "short",
        "tail",
        "length past the end",
        "odd length",
        "attribute past the end",
        "top bits",
        "indication",
        "success",
        "error",
        "classic allocate",
    ],
)
def test_malformed_messages_and_answers_are_met_with_silence(request_bytes: bytes) -> None:
    assert _answer(request_bytes) is None


def test_over_udp_the_mapped_address_is_the_socket_that_asked(servers: Running) -> None:
    with udp_socket() as sock:
        sock.sendto(b"not stun", servers.place("stun"))
        sock.sendto(BINDING, servers.place("stun"))
        answer = sock.recv(2048)
        own_port = sock.getsockname()[1]
    assert dict(stun_attributes(answer))[0x0001] == bytes.fromhex("0001") + own_port.to_bytes(2) + b"\x7f\0\0\x01"


def test_the_response_origin_is_the_bound_port(servers: Running) -> None:
    place = servers.place("stun")
    answer = ask_udp(place, BINDING)
    assert dict(stun_attributes(answer))[0x802B] == bytes.fromhex("0001") + place[1].to_bytes(2) + b"\x7f\0\0\x01"


def test_over_tcp_requests_in_any_pieces_are_answered_in_order(servers: Running) -> None:
    with connection(servers.place("stun", 1)) as sock:
        stream = BINDING + ALLOCATE
        for piece in (stream[:7], stream[7:30], stream[30:]):
            sock.sendall(piece)
        answers = read_exactly(sock, 80 + 92)
    assert answers[:4] == bytes.fromhex("0101003c")
    assert answers[80:84] == bytes.fromhex("01130048")


def test_a_tcp_stream_that_lost_its_framing_is_never_answered_again() -> None:
    stream = stun.stream_responder(setting(), CLIENT)
    for data in (b"GET / HTTP/1.1\r\n\r\n", BINDING, BINDING):
        assert stream.received(data).data == b""
