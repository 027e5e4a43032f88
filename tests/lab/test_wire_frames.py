"""Reading frames, and telling what a packet carries."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.wire.frames import Packet, Prefixes, TcpHeader, is_ip, parse, tcp_header
from callcheck.lab.wire.payloads import PACKET_CLASSES, dns_name, is_named
from callcheck.lab.wire.strict import Table

from .conftest import Frame

# A Binding request and a hello as facts/calls-on-the-wire.md shows them; the rest is typed from the RFCs.
STUN = bytes.fromhex("000100002112a442") + bytes(12)
CLASSIC_STUN = bytes.fromhex("00010000") + bytes(range(16))
REFLECTOR = bytes.fromhex("00578f5df7eb3781f05cabef243fdfa0ffffffffffffffffffffffff" + "feffffff000000000000007b")
DTLS = bytes.fromhex("16feff0000000000000000") + bytes(20)
DNS = bytes.fromhex("1234010000010000000000000377656208576861747341707003636f6d0000010001")
EXAMPLES = {"stun": STUN, "reflector": REFLECTOR, "dtls": DTLS, "dns": DNS}
TCP_FIELDS = struct.pack("!HHIIBBHHH", 1000, 2000, 7, 2**32 - 1, 0x50, 0x12, 0, 0, 0)


def read(frame: bytes, *, is_up: bool = True) -> Packet:
    packet = parse(frame, is_up=is_up)
    assert packet is not None
    return packet


def ipv6(segment: bytes, *, protocol: int, hop_limit: int = 64) -> bytes:
    near, remote = bytes(15) + b"\x01", bytes(15) + b"\x02"
    header = struct.pack("!IHBB", 0x6 << 28, len(segment), protocol, hop_limit) + near + remote
    return b"\x02" * 12 + b"\x86\xdd" + header + segment


@pytest.mark.parametrize("is_up", [True, False])
@pytest.mark.parametrize("proto", [6, 17])
def test_both_directions_of_a_flow_have_one_key(frame: Frame, is_up: bool, proto: int) -> None:
    packet = read(frame(b"hello", is_up=is_up, proto=proto), is_up=is_up)
    assert packet.flow == (proto, b"\xc0\xa8\x01\x0a", 40000, b"\x95\x9a\xa7\x33", 597)
    assert (packet.is_up, packet.payload) == (is_up, b"hello")
    assert packet.ip_bytes == {6: 45, 17: 33}[proto]


def test_ip_options_do_not_shift_the_payload(frame: Frame) -> None:
    assert read(frame(b"hello", options=b"\x01" * 8)).payload == b"hello"


def test_a_later_fragment_has_no_ports_and_no_payload(frame: Frame) -> None:
    fragment = bytearray(frame(b"hello"))
    fragment[20:22] = b"\x00\x10"
    packet = read(bytes(fragment))
    assert (packet.near_port, packet.remote_port, packet.payload) == (0, 0, b"")


def test_icmp_has_an_address_and_no_ports(frame: Frame) -> None:
    packet = read(frame(b"\x08\x00" + bytes(30), proto=1))
    assert (packet.protocol, packet.remote_address, packet.remote_port) == (1, b"\x95\x9a\xa7\x33", 0)


def test_ipv6_is_read_like_ipv4() -> None:
    near, remote = bytes(15) + b"\x01", bytes(15) + b"\x02"
    udp = struct.pack("!HHHH", 1000, 2000, 11, 0) + b"abc"
    assert read(ipv6(udp, protocol=17)) == Packet(True, 17, near, 1000, remote, 2000, 51, b"abc", 64)


def test_the_ttl_and_the_hop_limit_are_read(frame: Frame) -> None:
    short_lived = bytearray(frame(b"hello"))
    short_lived[22] = 3
    assert read(bytes(short_lived)).ttl == 3
    assert read(frame(b"hello")).ttl == 64
    assert read(ipv6(bytes(8), protocol=17, hop_limit=5)).ttl == 5


def test_a_tcp_header_is_read_behind_ip_options_and_in_ipv6(frame: Frame) -> None:
    ipv4 = frame(b"hello", proto=6, options=b"\x01" * 8)
    assert tcp_header(read(ipv4), ipv4) == TcpHeader(1, 2, 0x18)
    other = ipv6(TCP_FIELDS, protocol=6)
    assert tcp_header(read(other), other) == TcpHeader(7, 2**32 - 1, 0x12)


def test_what_has_no_tcp_header_has_none(frame: Frame) -> None:
    fragment = bytearray(frame(b"hello", proto=6))
    fragment[20:22] = b"\x00\x10"
    for one in (frame(b"hello"), bytes(fragment), ipv6(TCP_FIELDS[:19], protocol=6)):
        assert tcp_header(read(one), one) is None


@pytest.mark.parametrize("cut", [0, 5, 13, 14, 20, 33, 40])
def test_a_frame_that_is_cut_short_is_no_packet(frame: Frame, cut: int) -> None:
    assert parse(frame(b"hello")[:cut], is_up=True) is None


@pytest.mark.parametrize("payload_class", PACKET_CLASSES)
def test_each_class_knows_its_own_bytes_and_no_other_class(frame: Frame, payload_class: str) -> None:
    for name, payload in EXAMPLES.items():
        packet = read(frame(payload, remote=("8.8.8.8", 53 if name == "dns" else 3478)))
        assert PACKET_CLASSES[payload_class](packet) == (name == payload_class)


def test_stun_without_the_cookie_is_not_of_the_class(frame: Frame) -> None:
    assert not PACKET_CLASSES["stun"](read(frame(CLASSIC_STUN)))


def test_a_dns_name_is_read_in_lower_case_from_question_and_answer_over_udp_and_tcp(frame: Frame) -> None:
    resolver = ("8.8.8.8", 53)
    over_tcp = struct.pack("!H", len(DNS)) + DNS
    for packet in (
        read(frame(DNS, remote=resolver)),
        read(frame(DNS, remote=resolver, is_up=False), is_up=False),
        read(frame(over_tcp, remote=resolver, proto=6)),
    ):
        assert PACKET_CLASSES["dns"](packet)
        assert dns_name(packet) == "web.whatsapp.com"


@pytest.mark.parametrize(
    ("asked", "names", "expected"),
    [
        ("web.whatsapp.com", ("whatsapp.com",), True),
        ("whatsapp.com", ("whatsapp.com",), True),
        ("web.whatsapp.com", ("telegram.org", "web.whatsapp.com"), True),
        ("web.whatsapp.com", ("atsapp.com",), False),
        ("whatsapp.com", ("web.whatsapp.com",), False),
        (None, ("whatsapp.com",), False),
        (None, (), True),
    ],
)
def test_a_name_is_matched_by_whole_labels_from_its_end(
    asked: str | None, names: tuple[str, ...], expected: bool
) -> None:
    assert is_named(asked, names) is expected


@given(st.binary(max_size=120), st.sampled_from([b"", b"\x08\x00\x45", b"\x86\xdd\x60", b"\x08\x06"]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_no_frame_breaks_the_reader(tail: bytes, start: bytes, is_up: bool) -> None:
    frame = (b"\x02" * 12 + start if start else b"") + tail
    packet = parse(frame, is_up=is_up)
    if packet is None:
        return
    assert is_ip(frame)
    assert packet.ip_bytes <= len(frame) - 14
    assert len(packet.payload) <= packet.ip_bytes
    assert {is_class(packet) for is_class in PACKET_CLASSES.values()} <= {True, False}
    header = tcp_header(packet, frame)
    assert header is None or packet.protocol == 6


@given(st.binary(max_size=80))
@settings(max_examples=200, deadline=None)
def test_no_dns_message_breaks_the_reader_of_names(message: bytes) -> None:
    packet = Packet(True, 17, b"", 1, b"", 53, 0, message)
    assert dns_name(packet) is None or len(message) > 12


def test_prefixes_hold_their_addresses_of_their_own_family_only() -> None:
    prefixes = Prefixes(Table({"p": ["149.154.160.0/20", "2001:db8::/32"]}).networks("p"))
    for _ in range(2):  # the second answer comes from memory
        assert prefixes.holds(bytes([149, 154, 175, 255]))
        assert not prefixes.holds(bytes([149, 154, 176, 0]))
        assert prefixes.holds(bytes.fromhex("20010db8") + bytes(12))
        assert not prefixes.holds(bytes([149, 154, 160, 1]) + bytes(12))
    assert Prefixes(()).holds(b"")
