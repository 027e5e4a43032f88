"""Rules that know a flow by its beginning: its later packets match too."""

import struct
from typing import Any

import pytest

from callcheck.lab.wire.frames import parse
from callcheck.lab.wire.hello import dtls_fingerprint
from callcheck.lab.wire.rules import RuleBook

from .conftest import Frame
from .test_wire_hello import dtls_client_hello, tls_client_hello, typed_dtls_hello
from .test_wire_quic import crypto, initial, real_initials
from .test_wire_rules import SECOND, book

SYN, ACK, RST = 2, 16, 4
NOISE = bytes.fromhex("57410603000024")
ABRIDGED = b"\xef\x0a" + bytes(40)
INTERMEDIATE = b"\xee\xee\xee\xee\x28\0\0\0" + bytes(40)


class Wire:
    """Sends frames of one TCP connection or UDP flow past a rule; each answer is whether the frame was dropped."""

    def __init__(self, frame: Frame, rules: RuleBook, *, proto: int = 6) -> None:
        self.rules = rules
        self.now_ns = 0
        self._frame = frame
        self._proto = proto

    def sends(
        self, payload: bytes = b"", *, sequence: int = 1, flags: int = ACK, is_up: bool = True, **ends: Any
    ) -> bool:
        frame = bytearray(self._frame(payload, is_up=is_up, proto=self._proto, **ends))
        if self._proto == 6:
            frame[38:42] = struct.pack("!I", sequence % 2**32)
            frame[47] = flags
        packet = parse(bytes(frame), is_up=is_up)
        assert packet is not None
        return not self.rules.judge(packet, bytes(frame), 0, self.now_ns).passes


def sni(*names: str, **rest: Any) -> RuleBook:
    return book({"match": {"payload": "sni", "names": list(names)} if names else {"payload": "sni"}} | rest)


def test_the_hello_and_all_that_follows_both_ways_is_hit_and_other_names_are_not(frame: Frame) -> None:
    hello = tls_client_hello("web.whatsapp.com")
    wire = Wire(frame, sni("whatsapp.com"))
    assert [wire.sends(sequence=0, flags=SYN), wire.sends(), wire.sends(is_up=False)] == [False] * 3
    assert [wire.sends(hello), wire.sends(hello), wire.sends(is_up=False), wire.sends(sequence=900)] == [True] * 4
    innocent = Wire(frame, sni("telegram.org"))
    assert [innocent.sends(hello), innocent.sends(sequence=900), innocent.sends(hello, sequence=2000)] == [False] * 3


def test_without_names_every_hello_is_meant(frame: Frame) -> None:
    assert Wire(frame, sni()).sends(tls_client_hello(None))
    assert not Wire(frame, sni()).sends(b"GET / HTTP/1.1\r\n")
    assert not Wire(frame, sni("whatsapp.com")).sends(tls_client_hello(None))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 0, 2, 1)])
@pytest.mark.parametrize("first_sequence", [1, 2**32 - 100])
def test_a_hello_in_three_segments_is_known_by_the_last_one_to_come(
    frame: Frame, order: tuple[int, ...], first_sequence: int
) -> None:
    hello = tls_client_hello("web.whatsapp.com")
    cuts = [0, 60, 200, len(hello)]
    wire = Wire(frame, sni("whatsapp.com"))
    wire.sends(sequence=first_sequence - 1, flags=SYN)
    answers = [wire.sends(hello[cuts[n] : cuts[n + 1]], sequence=first_sequence + cuts[n]) for n in order]
    assert answers == [False] * (len(order) - 1) + [True]


def test_a_new_connection_on_the_same_ports_is_looked_at_anew(frame: Frame) -> None:
    wire = Wire(frame, sni("whatsapp.com"))
    assert wire.sends(tls_client_hello("web.whatsapp.com"))
    assert not wire.sends(sequence=70_000, flags=SYN)
    assert not wire.sends(tls_client_hello("example.com"), sequence=70_001)
    assert not wire.sends(tls_client_hello("web.whatsapp.com"), sequence=80_000)


def test_a_hello_in_the_middle_of_a_stream_is_not_looked_at(frame: Frame) -> None:
    wire = Wire(frame, sni("whatsapp.com"))
    assert not wire.sends(b"CONNECT web.whatsapp.com:443 HTTP/1.1\r\n\r\n")
    assert not wire.sends(tls_client_hello("web.whatsapp.com"), sequence=50)


def test_a_stream_that_goes_on_for_4096_bytes_without_a_whole_hello_is_let_go(frame: Frame) -> None:
    wire = Wire(frame, sni("whatsapp.com"))
    record = b"\x16\x03\x01\x3f\xff\x01" + bytes(5000)
    answers = [wire.sends(record[at : at + 1000], sequence=1 + at) for at in range(0, 5000, 1000)]
    assert answers == [False] * 5
    assert not wire.sends(tls_client_hello("web.whatsapp.com"), sequence=1)


def test_a_flow_that_was_silent_is_forgotten(frame: Frame) -> None:
    wire = Wire(frame, sni("whatsapp.com", expiry_s=5))
    assert wire.sends(tls_client_hello("web.whatsapp.com"))
    wire.now_ns = 6 * SECOND
    assert not wire.sends(sequence=900)


def test_a_rule_for_the_way_down_goes_by_the_name_that_went_up(frame: Frame) -> None:
    rules = book({"match": {"payload": "sni", "names": ["whatsapp.com"], "direction": "down"}})
    wire = Wire(frame, rules)
    assert not wire.sends(tls_client_hello("web.whatsapp.com"))
    assert [wire.sends(is_up=False), wire.sends(sequence=900)] == [True, False]


def test_a_stall_after_some_bytes_counts_from_the_hello_on(frame: Frame) -> None:
    hello = tls_client_hello("web.whatsapp.com")
    wire = Wire(frame, sni("whatsapp.com", after={"bytes": 3000, "both_ways": True}, action={"stall": True}))
    wire.sends(sequence=0, flags=SYN)
    assert not wire.sends(hello)
    assert [wire.sends(bytes(1000), is_up=False) for _ in range(4)] == [False, False, True, True]
    assert wire.sends(sequence=900)


def test_a_reset_answers_the_hello_and_what_is_sent_again(frame: Frame) -> None:
    rules = book({"match": {"proto": "tcp", "payload": "sni", "names": ["whatsapp.com"]}, "action": {"rst": True}})
    wire = Wire(frame, rules)
    hello = tls_client_hello("web.whatsapp.com")
    assert [wire.sends(hello), wire.sends(hello), wire.sends(flags=RST)] == [True, True, False]
    assert (rules.rules[0].matched, rules.rules[0].hits) == (3, 2)


@pytest.mark.parametrize(
    ("payload_class", "opening", "is_hit"),
    [
        ("noise", NOISE, True),
        ("noise", b"\xed\x00\x01\x00\x00", True),
        ("noise", b"\x57\x41\x05\x03", False),
        ("noise", b"\x16\x03\x01", False),
        ("mtproto", ABRIDGED, True),
        ("mtproto", INTERMEDIATE, True),
        ("mtproto", b"\xdd\xdd\xdd\xdd\x30\0\0\0", True),
        ("mtproto", b"\xee\xee\xee\x00", False),
        ("mtproto", bytes(range(64)), False),
    ],
)
def test_noise_and_mtproto_are_known_by_their_first_bytes(
    frame: Frame, payload_class: str, opening: bytes, is_hit: bool
) -> None:
    wire = Wire(frame, book({"match": {"payload": payload_class}}))
    assert not wire.sends(is_up=False)
    assert wire.sends(opening) is is_hit
    assert wire.sends(b"more", sequence=100) is is_hit
    byte_by_byte = Wire(frame, book({"match": {"payload": payload_class}}))
    answers = [byte_by_byte.sends(opening[n : n + 1], sequence=n + 1) for n in range(4)]
    assert answers[-1] is is_hit


def test_what_a_server_sends_first_is_not_a_beginning(frame: Frame) -> None:
    wire = Wire(frame, book({"match": {"payload": "mtproto"}}))
    assert not wire.sends(ABRIDGED, is_up=False)
    assert not wire.sends(b"GET /")


@pytest.mark.parametrize("payload", ["sni", "noise", "mtproto"])
def test_what_a_tcp_class_means_is_never_udp(frame: Frame, payload: str) -> None:
    wire = Wire(frame, book({"match": {"payload": payload}}), proto=17)
    assert not any(wire.sends(one) for one in (tls_client_hello(), NOISE, ABRIDGED))


@pytest.mark.parametrize("payload", ["dtls_hello", "quic_initial"])
def test_what_a_udp_class_means_is_never_tcp(frame: Frame, payload: str) -> None:
    wire = Wire(frame, book({"match": {"payload": payload}}))
    assert not any(wire.sends(one) for one in (typed_dtls_hello(), real_initials("example.com")[0]))


def test_a_dtls_hello_marks_its_flow_also_in_the_midst_of_stun(frame: Frame) -> None:
    wire = Wire(frame, book({"match": {"payload": "dtls_hello"}, "after": {"packets": 1}}), proto=17)
    stun = bytes.fromhex("000100002112a442") + bytes(12)
    assert [wire.sends(one) for one in (stun, dtls_client_hello(), stun, b"media")] == [False, False, True, True]
    assert not wire.sends(stun, near=("192.168.1.10", 40001))


def test_a_dtls_rule_can_mean_one_library_only(frame: Frame) -> None:
    fingerprint = dtls_fingerprint(dtls_client_hello())
    assert fingerprint is not None
    rules = book({"match": {"payload": "dtls_hello", "fingerprints": [fingerprint.upper()]}})
    assert Wire(frame, rules, proto=17).sends(dtls_client_hello())
    assert not Wire(frame, rules, proto=17).sends(typed_dtls_hello(), near=("192.168.1.10", 40001))


def test_a_quic_flow_is_known_by_the_name_in_its_initial(frame: Frame) -> None:
    rules = book({"match": {"payload": "quic_initial", "names": ["whatsapp.com"]}})
    wire = Wire(frame, rules, proto=17)
    assert [wire.sends(one) for one in real_initials("web.whatsapp.com")] == [True]
    assert wire.sends(b"\x40 a short header", is_up=False)
    other = Wire(frame, rules, proto=17)
    assert not any(other.sends(one, near=("192.168.1.10", 40001)) for one in real_initials("example.com"))


def test_a_quic_flow_whose_hello_is_split_is_known_by_the_second_datagram(frame: Frame) -> None:
    message = tls_client_hello("web.whatsapp.com")[5:]
    datagrams = [initial(crypto(0, message[:90])), initial(crypto(90, message[90:]), number=1)]
    wire = Wire(frame, book({"match": {"payload": "quic_initial", "names": ["whatsapp.com"]}}), proto=17)
    assert [wire.sends(one) for one in (*datagrams, datagrams[0])] == [False, True, True]


def test_the_rule_of_2022_hits_large_initials_only(frame: Frame) -> None:
    # facts/calls-on-the-wire.md 5: at least 1001 bytes of UDP payload, so 1029 of IPv4
    wire = Wire(frame, book({"match": {"payload": "quic_initial", "min_len": 1029}}), proto=17)
    (datagram,) = real_initials("example.com")
    assert [wire.sends(datagram[:1000]), wire.sends(datagram[:1001])] == [False, True]
