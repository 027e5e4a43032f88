"""Telegram's reflector: the bytes of the captures, tags, and packets read back on the other side."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.codec import Malformed, reflector
from callcheck.codec.reflector import Data, PeerInfo, SelfInfo
from tests.codec import strategies

TAG = bytes.fromhex("00578f5df7eb3781f05cabef243fdfa0")
"""Seen on the wire in 2026: facts 3.3(b)."""

QUERY_ID = bytes(range(8))
SPECIAL = bytes.fromhex("ff" * 12)

tags = st.binary(min_size=16, max_size=16)
client_tags = st.binary(min_size=4, max_size=4)
self_infos = st.builds(
    SelfInfo,
    tags,
    st.binary(min_size=8, max_size=8),
    st.integers(0, 2**31 - 1),
    strategies.addresses.filter(lambda address: not address.startswith("::ffff:")),
    strategies.ports,
)
payloads = st.binary(min_size=1, max_size=300)
packets = st.one_of(self_infos.map(reflector.self_info), st.builds(reflector.data, tags, client_tags, payloads))


def test_a_hello_is_the_40_bytes_seen_in_2026() -> None:
    expected = bytes.fromhex("00578f5df7eb3781f05cabef243fdfa0 ffffffffffffffffffffffff feffffff 000000000000007b")
    assert reflector.hello(TAG) == expected
    assert len(expected) == reflector.HELLO_BYTES


def test_a_hello_carries_a_query_id_of_ones_own() -> None:
    assert reflector.hello(TAG, QUERY_ID)[32:] == QUERY_ID


def test_a_self_info_is_read_from_its_64_bytes() -> None:
    datagram = (
        TAG
        + SPECIAL
        + bytes.fromhex("c77215c0")
        + struct.pack("<i", 1_588_750_000)
        + QUERY_ID
        + bytes.fromhex("00000000000000000000ffffcb007107")
        + struct.pack("<I", 40_123)
    )
    assert len(datagram) == reflector.SELF_INFO_BYTES
    expected = SelfInfo(TAG, QUERY_ID, 1_588_750_000, "203.0.113.7", 40_123)
    assert reflector.decode(datagram) == expected
    assert reflector.self_info(expected) == datagram


def test_a_peer_info_gives_both_sides_addresses() -> None:
    datagram = TAG + SPECIAL + bytes.fromhex("1c37d927 cb007107 39300000 c6336409 57040000")
    assert reflector.decode(datagram) == PeerInfo(TAG, "203.0.113.7", 12_345, "198.51.100.9", 1_111)


def test_data_is_addressed_to_the_other_sides_client_tag() -> None:
    packet = reflector.data(TAG, b"\x01\x02\x03\x04", b"12345")
    assert packet == TAG[:12] + b"\x01\x02\x03\x04" + TAG[12:] + bytes.fromhex("00000005") + b"12345\0\0\0"


def test_the_other_side_reads_whom_data_came_from() -> None:
    caller = reflector.peer_tag(bytes(11), 0, b"aaaa")
    callee = reflector.peer_tag(bytes(11), 1, b"bbbb")
    sent = reflector.data(caller, reflector.client_tag(callee), b"voice")
    relayed = callee[:12] + sent[12:]
    assert reflector.decode(relayed) == Data(callee[:12], b"bbbb", b"aaaa", b"voice")


def test_the_tags_of_two_sides_differ_in_the_first_byte_and_the_last_four() -> None:
    common = bytes(range(1, 12))
    caller, callee = reflector.peer_tag(common, 0, b"aaaa"), reflector.peer_tag(common, 1, b"bbbb")
    assert (caller, callee) == (b"\0" + common + b"aaaa", b"\1" + common + b"bbbb")


@pytest.mark.parametrize(("common", "client_tag"), [(bytes(10), b"aaaa"), (bytes(11), b"aaa"), (bytes(11), bytes(4))])
def test_a_tag_of_the_wrong_parts_is_refused(common: bytes, client_tag: bytes) -> None:
    with pytest.raises(ValueError, match="peer tag"):
        reflector.peer_tag(common, 0, client_tag)


def test_packets_with_parts_of_the_wrong_size_are_refused() -> None:
    with pytest.raises(ValueError, match="hello"):
        reflector.hello(TAG[:15])
    with pytest.raises(ValueError, match="hello"):
        reflector.hello(TAG, b"short")
    with pytest.raises(ValueError, match="data packet"):
        reflector.data(TAG, b"aaaa", b"")
    with pytest.raises(ValueError, match="answer"):
        reflector.self_info(SelfInfo(TAG, b"short", 0, "192.0.2.1", 1))


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        bytes(24),
        bytes(40),
        reflector.hello(TAG),
        TAG + SPECIAL + bytes.fromhex("c77215c0") + bytes(31),
        TAG + SPECIAL + bytes.fromhex("c77215c0") + bytes(28) + b"\0\0\1\0",
        TAG + SPECIAL + bytes.fromhex("1c37d927 cb007107 00000100 c6336409 57040000"),
        TAG + SPECIAL + bytes.fromhex("1c37d927 cb007107 39300000 c6336409 5704"),
        TAG + SPECIAL[:4] + bytes.fromhex("00000005") + b"1234",
    ],
)
def test_what_a_reflector_does_not_send_is_malformed(datagram: bytes) -> None:
    assert isinstance(reflector.decode(datagram), Malformed)


@strategies.examples
@given(self_infos)
def test_every_self_info_survives_the_wire(answer: SelfInfo) -> None:
    assert reflector.decode(reflector.self_info(answer)) == answer


@strategies.examples
@given(tags, client_tags, payloads)
def test_every_payload_survives_the_wire(tag: bytes, destination: bytes, payload: bytes) -> None:
    packet = reflector.data(tag, destination, payload)
    assert len(packet) % 4 == 0
    assert reflector.decode(packet) == Data(tag[:12], destination, tag[12:], payload)


@strategies.examples
@given(st.one_of(st.binary(max_size=200), strategies.damaged(packets)))
def test_any_bytes_are_a_packet_or_malformed(datagram: bytes) -> None:
    packet = reflector.decode(datagram)
    assert isinstance(packet, SelfInfo | PeerInfo | Data | Malformed)
    if isinstance(packet, Data):
        assert len(packet.payload) <= len(datagram) - reflector.DATA_HEADER_BYTES
