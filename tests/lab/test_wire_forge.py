"""What the middlebox makes itself: resets and DNS answers, judged by sums and readers that are not its own."""

import struct
from ipaddress import ip_address
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.wire.frames import Packet, TcpHeader, parse, tcp_header
from callcheck.lab.wire.rules import RuleBook

from .test_wire_rules import book

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
NEAR_MAC, FAR_MAC = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"
ENDS = {
    4: (ip_address("192.168.1.10").packed, ip_address("149.154.167.51").packed),
    6: (ip_address("2001:db8::10").packed, ip_address("2001:67c:4e8::7").packed),
}
FORGED = {4: "10.10.34.35", 6: "2001:db8::bad"}
Sent = tuple[bool, bytes]


def ip_frame(segment: bytes, *, protocol: int, version: int = 4, is_up: bool = True, trailer: bytes = b"") -> bytes:
    """An Ethernet frame; checksums are nought, as nobody here looks at those of the original."""
    near, remote = ENDS[version]
    source, destination = (near, remote) if is_up else (remote, near)
    ethernet = FAR_MAC + NEAR_MAC if is_up else NEAR_MAC + FAR_MAC
    if version == 4:
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 7, 0, 60, protocol, 0)
        return ethernet + b"\x08\x00" + header + source + destination + segment + trailer
    header = struct.pack("!IHBB", 6 << 28, len(segment), protocol, 60)
    return ethernet + b"\x86\xdd" + header + source + destination + segment + trailer


def tcp(
    flags: int, *, sequence: int = 1000, acknowledgement: int = 5000, data: bytes = b"", is_up: bool = True
) -> bytes:
    ports = (40000, 443) if is_up else (443, 40000)
    return struct.pack("!HHIIBBHHH", *ports, sequence, acknowledgement, 0x50, flags, 1000, 0, 0) + data


def question(name: str, kind: str, *, rdclass: str = "IN", **options: Any) -> bytes:
    return dns.message.make_query(name, kind, rdclass, id=0x1234, **options).to_wire()


def udp(message: bytes) -> bytes:
    return struct.pack("!HHHH", 40000, 53, 8 + len(message), 0) + message


def judged(rules: RuleBook, frame: bytes, *, is_up: bool = True) -> tuple[bool, tuple[Sent, ...]]:
    packet = parse(frame, is_up=is_up)
    assert packet is not None
    ruling = rules.judge(packet, frame, 0, 0)
    for sent_up, sent in ruling.injected:
        check_well_formed(sent, like=frame, same_way=sent_up == is_up)
    return ruling.passes, ruling.injected


def check_well_formed(frame: bytes, *, like: bytes, same_way: bool) -> None:
    """Lengths and checksums: a sum of 16-bit words in ones' complement is the whole number modulo 65535."""
    assert frame[:12] == (like[:12] if same_way else like[6:12] + like[:6])
    assert frame[12:14] == like[12:14]
    ip = frame[14:]
    if ip[0] >> 4 == 4:
        assert ip[0] == 0x45
        assert struct.unpack("!H", ip[2:4]) == (len(ip),)
        assert int.from_bytes(ip[:20], "big") % 65535 == 0
        protocol, addresses, segment = ip[9], ip[12:20], ip[20:]
        assert ip[8] > 0
    else:
        assert ip[0] >> 4 == 6
        assert struct.unpack("!H", ip[4:6]) == (len(ip) - 40,)
        protocol, addresses, segment = ip[6], ip[8:40], ip[40:]
        assert ip[7] > 0
    padded = segment + b"\0" * (len(segment) % 2)
    pseudo_header = addresses + struct.pack("!II", len(segment), protocol)
    assert int.from_bytes(pseudo_header + padded, "big") % 65535 == 0
    if protocol == 17:
        assert struct.unpack("!H", segment[4:6]) == (len(segment),)
        assert segment[6:8] != b"\0\0"
    else:
        assert (protocol, segment[12], len(segment)) == (6, 0x50, 20)


def reset_book() -> RuleBook:
    return book({"match": {"proto": "tcp"}, "action": {"rst": True}})


def read_sent(sent: Sent) -> tuple[Packet, TcpHeader]:
    packet = parse(sent[1], is_up=sent[0])
    assert packet is not None
    header = tcp_header(packet, sent[1])
    assert header is not None
    return packet, header


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("is_up", [True, False])
def test_data_is_answered_with_resets_that_both_ends_accept(version: int, is_up: bool) -> None:
    segment = tcp(PSH | ACK, data=b"hello", is_up=is_up)
    frame = ip_frame(segment, protocol=6, version=version, is_up=is_up, trailer=b"\0" * 6)
    passes, injected = judged(reset_book(), frame, is_up=is_up)
    assert not passes
    assert sorted(sent_up for sent_up, _ in injected) == [False, True]
    for sent in injected:
        packet, header = read_sent(sent)
        assert (packet.near_port, packet.remote_port) == (40000, 443)
        assert (packet.near_address, packet.remote_address) == ENDS[version]
        is_onward = sent[0] == is_up
        # The receiver awaits byte 1000; the sender has heard all up to 5000, and sent five bytes.
        assert header == (TcpHeader(1000, 5000, RST | ACK) if is_onward else TcpHeader(5000, 1005, RST | ACK))


@pytest.mark.parametrize(
    ("segment", "back"),
    [
        (tcp(SYN, acknowledgement=0), TcpHeader(0, 1001, RST | ACK)),  # RFC 9293 section 3.10.7.1
        (tcp(SYN, acknowledgement=77), TcpHeader(0, 1001, RST | ACK)),
        (tcp(FIN | ACK, data=b"x"), TcpHeader(5000, 1002, RST | ACK)),
        (tcp(ACK, sequence=2**32 - 2, data=b"four"), TcpHeader(5000, 2, RST | ACK)),
    ],
)
def test_the_answer_acknowledges_what_syn_fin_and_data_take(segment: bytes, back: TcpHeader) -> None:
    _, injected = judged(reset_book(), ip_frame(segment, protocol=6))
    assert [read_sent(sent)[1] for sent in injected if not sent[0]] == [back]


def test_a_reset_is_left_alone_and_so_is_what_has_no_header() -> None:
    rules = reset_book()
    fragment = bytearray(ip_frame(tcp(ACK), protocol=6))
    fragment[20:22] = b"\x00\x10"
    for frame in (ip_frame(tcp(RST), protocol=6), ip_frame(bytes(19), protocol=6), bytes(fragment)):
        assert judged(rules, frame) == (True, ())
    assert (rules.rules[0].matched, rules.rules[0].hits) == (3, 0)


def forging(address: str = FORGED[4], **options: Any) -> RuleBook:
    match = {"proto": "udp", "payload": "dns", "names": ["whatsapp.com"]}
    return book({"match": match, "action": {"forge": address} | options})


def answered(rules: RuleBook, message: bytes, *, version: int = 4) -> tuple[bool, dns.message.Message]:
    passes, injected = judged(rules, ip_frame(udp(message), protocol=17, version=version))
    ((sent_up, frame),) = injected
    packet = parse(frame, is_up=False)
    assert packet is not None
    assert not sent_up
    assert (packet.near_port, packet.remote_port) == (40000, 53)
    return passes, dns.message.from_wire(packet.payload)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("kind", "family"), [("A", 4), ("AAAA", 6)])
def test_a_question_for_the_address_is_answered_with_it(version: int, kind: str, family: int) -> None:
    message = question("Web.WhatsApp.com", kind, use_edns=True)
    passes, answer = answered(forging(FORGED[family]), message, version=version)
    assert not passes
    assert answer.id == 0x1234
    assert answer.flags == dns.flags.QR | dns.flags.RD | dns.flags.RA
    assert answer.question == dns.message.from_wire(message).question
    (records,) = answer.answer
    assert records.name.to_text() == "Web.WhatsApp.com."
    assert (dns.rdatatype.to_text(records.rdtype), [record.to_text() for record in records]) == (kind, [FORGED[family]])


@pytest.mark.parametrize(("kind", "rdclass"), [("AAAA", "IN"), ("HTTPS", "IN"), ("A", "CH")])
def test_a_question_of_another_type_or_class_gets_an_empty_answer_without_error(kind: str, rdclass: str) -> None:
    passes, answer = answered(forging(), question("web.whatsapp.com", kind, rdclass=rdclass))
    assert (passes, answer.rcode(), answer.answer, len(answer.question)) == (False, 0, [], 1)


def test_in_a_race_the_question_goes_on_and_the_true_answer_passes_too() -> None:
    rules = forging(race=True)
    passes, answer = answered(rules, question("web.whatsapp.com", "A"))
    assert (passes, len(answer.answer)) == (True, 1)
    response = bytearray(question("web.whatsapp.com", "A"))
    response[2] |= 0x80
    ports = struct.pack("!HHHH", 53, 40000, 8 + len(response), 0)
    frame = ip_frame(ports + response, protocol=17, is_up=False)
    assert judged(rules, frame, is_up=False) == (True, ())
    assert (rules.rules[0].matched, rules.rules[0].hits) == (2, 1)


def test_a_question_that_races_goes_on_with_the_delay_of_a_rule_before() -> None:
    match = {"proto": "udp", "payload": "dns"}
    rules = book({"action": {"delay_ms": 5}}, {"match": match, "action": {"forge": FORGED[4], "race": True}})
    frame = ip_frame(udp(question("web.whatsapp.com", "A")), protocol=17)
    packet = parse(frame, is_up=True)
    assert packet is not None
    ruling = rules.judge(packet, frame, 0, 0)
    assert (ruling.passes, ruling.delay_ns, len(ruling.injected)) == (True, 5_000_000, 1)


@pytest.mark.parametrize(
    "message",
    [
        question("example.com", "A"),
        question("web.whatsapp.com", "A")[:-1],
        bytes.fromhex("123401000001000000000000") + b"\xc0\x0c\0\x01\0\x01",
        b"\x12\x34\x81" + question("web.whatsapp.com", "A")[3:],
    ],
)
def test_what_is_no_question_for_the_names_passes(message: bytes) -> None:
    assert judged(forging(), ip_frame(udp(message), protocol=17)) == (True, ())


@given(
    numbers=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    flags=st.integers(0, 255),
    offset=st.integers(0, 255),
    data=st.binary(max_size=60),
    way=st.tuples(st.sampled_from([4, 6]), st.booleans()),
)
@settings(max_examples=200, deadline=None)
def test_every_segment_is_answered_with_well_formed_resets(
    numbers: tuple[int, int], flags: int, offset: int, data: bytes, way: tuple[int, bool]
) -> None:
    version, is_up = way
    segment = bytearray(tcp(flags, sequence=numbers[0], acknowledgement=numbers[1], data=data, is_up=is_up))
    segment[12] = offset
    frame = ip_frame(bytes(segment), protocol=6, version=version, is_up=is_up)
    passes, injected = judged(reset_book(), frame, is_up=is_up)
    assert (passes, len(injected)) == ((True, 0) if flags & RST else (False, 2))


@given(message=st.binary(max_size=120), version=st.sampled_from([4, 6]), address=st.sampled_from(list(FORGED.values())))
@settings(max_examples=200, deadline=None)
def test_whatever_is_sent_to_a_resolver_an_answer_is_well_formed(message: bytes, version: int, address: str) -> None:
    rules = book({"match": {"proto": "udp", "payload": "dns"}, "action": {"forge": address}})
    hostile = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + message
    passes, injected = judged(rules, ip_frame(udp(hostile), protocol=17, version=version))
    assert passes is (not injected)
    assert all(not sent_up for sent_up, _ in injected)
