"""The test vectors of RFC 5769, typed out by section; a slip of the hand would not pass their HMAC and CRC."""

import hashlib

import pytest

from callcheck.codec import stun
from callcheck.codec.stun_attributes import (
    Fingerprint,
    MessageIntegrity,
    Nonce,
    Realm,
    Software,
    Unknown,
    Username,
    XorMappedAddress,
)

REQUEST = bytes.fromhex(
    "00010058 2112a442 b7e7a701 bc34d686 fa87dfae"
    "80220010 5354554e 20746573 7420636c 69656e74"
    "00240004 6e0001ff"
    "80290008 932ff9b1 51263b36"
    "00060009 6576746a 3a683676 59202020"
    "00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2"
    "80280004 e57a3bcf"
)
IPV4_RESPONSE = bytes.fromhex(
    "0101003c 2112a442 b7e7a701 bc34d686 fa87dfae"
    "8022000b 74657374 20766563 746f7220"
    "00200008 0001a147 e112a643"
    "00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7"
    "80280004 c07d4c96"
)
IPV6_RESPONSE = bytes.fromhex(
    "01010048 2112a442 b7e7a701 bc34d686 fa87dfae"
    "8022000b 74657374 20766563 746f7220"
    "00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"
    "00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41"
    "80280004 c8fb0b4c"
)
LONG_TERM_REQUEST = bytes.fromhex(
    "00010060 2112a442 78ad3433 c6ad72c0 29da412e"
    "00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000"
    "0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341"
    "0014000b 6578616d 706c652e 6f726700"
    "00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666"
)
SHORT_TERM_KEY = b"VOkJxbRl1RmTxUk/WvJxBt"
LONG_TERM_USER = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9"
LONG_TERM_KEY = hashlib.md5(f"{LONG_TERM_USER}:example.org:TheMatrIX".encode()).digest()
"""The password after SASLprep, as section 2.4 gives it."""

VECTORS = [
    pytest.param(REQUEST, SHORT_TERM_KEY, True, id="2.1 request"),
    pytest.param(IPV4_RESPONSE, SHORT_TERM_KEY, True, id="2.2 IPv4 response"),
    pytest.param(IPV6_RESPONSE, SHORT_TERM_KEY, True, id="2.3 IPv6 response"),
    pytest.param(LONG_TERM_REQUEST, LONG_TERM_KEY, False, id="2.4 long-term request"),
]


def decoded(datagram: bytes) -> stun.Message:
    message = stun.decode(datagram)
    assert isinstance(message, stun.Message), message
    return message


@pytest.mark.parametrize(("datagram", "key", "has_fingerprint"), VECTORS)
def test_the_vector_holds_its_integrity_and_fingerprint(datagram: bytes, key: bytes, has_fingerprint: bool) -> None:
    assert stun.check_integrity(datagram, key)
    assert not stun.check_integrity(datagram, key + b"x")
    assert stun.check_fingerprint(datagram) == has_fingerprint


@pytest.mark.parametrize(("datagram", "key", "has_fingerprint"), VECTORS)
def test_a_changed_vector_fails_its_integrity(datagram: bytes, key: bytes, has_fingerprint: bool) -> None:
    covered = len(datagram) - (8 if has_fingerprint else 0)
    for place in range(20, covered - 24, 7):
        changed = datagram[:place] + bytes([datagram[place] ^ 1]) + datagram[place + 1 :]
        assert not stun.check_integrity(changed, key)


def test_the_request_of_section_2_1_is_read_whole() -> None:
    assert decoded(REQUEST) == stun.Message(
        stun.BINDING,
        "request",
        bytes.fromhex("b7e7a701bc34d686fa87dfae"),
        (
            Software("STUN test client"),
            Unknown(0x0024, bytes.fromhex("6e0001ff")),
            Unknown(0x8029, bytes.fromhex("932ff9b151263b36")),
            Username("evtj:h6vY"),
            MessageIntegrity(bytes.fromhex("9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2")),
            Fingerprint(0xE57A3BCF),
        ),
    )


@pytest.mark.parametrize(
    ("datagram", "address"),
    [
        pytest.param(IPV4_RESPONSE, "192.0.2.1", id="2.2 IPv4 response"),
        pytest.param(IPV6_RESPONSE, "2001:db8:1234:5678:11:2233:4455:6677", id="2.3 IPv6 response"),
    ],
)
def test_the_address_of_the_response_is_32853_at_the_vectors_address(datagram: bytes, address: str) -> None:
    message = decoded(datagram)
    assert message.attributes[:2] == (Software("test vector"), XorMappedAddress(address, 32853))
    assert stun.reflexive_address(message) == (address, 32853)


def test_the_encoder_makes_the_long_term_request_of_section_2_4_byte_for_byte() -> None:
    message = stun.Message(
        stun.BINDING,
        "request",
        bytes.fromhex("78ad3433c6ad72c029da412e"),
        (Username(LONG_TERM_USER), Nonce("f//499k954d6OL34oL9FSTvy64sA"), Realm("example.org")),
    )
    assert stun.encode(message, key=LONG_TERM_KEY) == LONG_TERM_REQUEST
