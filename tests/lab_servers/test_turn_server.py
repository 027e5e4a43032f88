"""Relaying by the TURN server: with whom, how, for how long and how much (RFC 8656 sections 9 to 12)."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.servers.turn_server import TurnServer
from tests.lab_servers.harness import CLIENT, setting, stun_attributes
from tests.lab_servers.turn_client import (
    ALLOCATE,
    CHANNEL_BIND,
    CREATE_PERMISSION,
    DATA,
    LIFETIME,
    REFRESH,
    SEND_INDICATION,
    UDP_TRANSPORT,
    XOR_PEER_ADDRESS,
    Answer,
    Attributes,
    Client,
    channel_data,
    message,
    read_xor_address,
    signed,
    xor_address,
)
from tests.lab_servers.turn_place import (
    AT_PEER,
    EVEN_PORT,
    FAMILY,
    OTHER_PEER,
    PEER,
    Place,
    Relay,
    channel,
    hear,
    lifetime,
)


def test_an_expired_allocation_is_gone_for_its_client_and_its_peers() -> None:
    place = Place()
    client, relay = place.allocated()
    assert client.ask_signed(CREATE_PERMISSION, AT_PEER).kind == 0x0108
    place.now_s = 600.0
    hear(relay, b"late", PEER)
    assert place.to_client == []
    assert not relay.is_open
    assert client.ask_signed(REFRESH).code == 437


def test_data_goes_both_ways_once_the_peer_is_permitted_whatever_its_port() -> None:
    place = Place()
    client, relay = place.allocated()
    place.indicate(b"too early")
    hear(relay, b"too early", PEER)
    assert client.ask_signed(CREATE_PERMISSION, AT_PEER).kind == 0x0108
    place.indicate(b"to peer", (PEER[0], 6000))
    place.indicate(b"to another", OTHER_PEER)
    assert relay.sent == [(b"to peer", (PEER[0], 6000))]
    hear(relay, b"from another", OTHER_PEER)
    hear(relay, b"from peer", PEER)
    ((told, to),) = place.to_client
    assert to == CLIENT
    assert told[:2] == bytes.fromhex("0017")
    attributes = dict(stun_attributes(told))
    assert read_xor_address(attributes[XOR_PEER_ADDRESS]) == PEER
    assert attributes[DATA] == b"from peer"


def test_a_permission_is_over_after_300_seconds_unless_renewed() -> None:
    place = Place()
    client, relay = place.allocated()
    for now_s in (0.0, 299.0):
        place.now_s = now_s
        assert client.ask_signed(CREATE_PERMISSION, AT_PEER).kind == 0x0108
    place.now_s = 598.0
    place.indicate(b"in time")
    place.now_s = 599.0
    assert client.ask_signed(REFRESH).kind == 0x0104
    place.indicate(b"late")
    hear(relay, b"late", PEER)
    assert relay.sent == [(b"in time", PEER)]
    assert place.to_client == []


def test_an_indication_that_is_not_whole_or_not_understood_is_dropped() -> None:
    place = Place()
    client, relay = place.allocated()
    client.ask_signed(CREATE_PERMISSION, AT_PEER)
    for told in (AT_PEER, [(DATA, b"data")], [(XOR_PEER_ADDRESS, b"\0\1"), (DATA, b"data")]):
        assert place.server.received(message(SEND_INDICATION, told), CLIENT) is None
    place.indicate(b"data", more=[(0x7FFF, b"abcd")])
    assert relay.sent == []
    place.indicate(b"")
    assert relay.sent == [(b"", PEER)]


def test_a_channel_carries_data_both_ways_in_four_bytes_more() -> None:
    place = Place()
    client, relay = place.allocated()
    assert client.ask_signed(CHANNEL_BIND, channel(0x4001)).kind == 0x0109
    for datagram in (channel_data(0x4001, b"data"), channel_data(0x4001, b"data") + b"\0\0"):
        assert place.server.received(datagram, CLIENT) is None
    for ignored in (channel_data(0x4002, b"data"), channel_data(0x4001, b"data")[:-1], b"\x40\x01\0"):
        assert place.server.received(ignored, CLIENT) is None
    assert relay.sent == [(b"data", PEER)] * 2
    hear(relay, b"odd", PEER)
    assert place.to_client == [(channel_data(0x4001, b"odd"), CLIENT)]


def test_a_channel_is_over_after_600_seconds_and_its_permission_after_300() -> None:
    place = Place()
    client, relay = place.allocated()
    client.ask_signed(CHANNEL_BIND, channel(0x4000))
    place.now_s = 300.0
    client.ask_signed(REFRESH)
    hear(relay, b"not permitted", PEER)
    assert place.to_client == []
    place.server.received(channel_data(0x4000, b"still bound"), CLIENT)
    place.now_s = 600.0
    place.server.received(channel_data(0x4000, b"not bound"), CLIENT)
    assert relay.sent == [(b"still bound", PEER)]
    assert client.ask_signed(CHANNEL_BIND, channel(0x4000, OTHER_PEER)).kind == 0x0109


@pytest.mark.parametrize(
    ("kind", "attributes", "code"),
    [
        (CREATE_PERMISSION, [], 400),
        (CREATE_PERMISSION, [(XOR_PEER_ADDRESS, b"\0\1\0")], 400),
        (CREATE_PERMISSION, [(XOR_PEER_ADDRESS, b"\0\2" + bytes(18))], 443),
        (CREATE_PERMISSION, [*AT_PEER, (0x7FFF, b"abcd")], 420),
        (CHANNEL_BIND, AT_PEER, 400),
        (CHANNEL_BIND, channel(0x4000)[:1], 400),
        (CHANNEL_BIND, channel(0x3FFF), 400),
        (CHANNEL_BIND, channel(0x8000), 400),
        (CHANNEL_BIND, [*channel(0x4000)[:1], (XOR_PEER_ADDRESS, b"\0\2" + bytes(18))], 443),
        (CHANNEL_BIND, channel(0x4001, PEER), 400),
        (CHANNEL_BIND, channel(0x4007, OTHER_PEER), 400),
        (REFRESH, [(LIFETIME, b"ab")], 400),
        (REFRESH, [(FAMILY, b"\2\0\0\0")], 443),
        (0x00EF, [], 400),
    ],
)
def test_what_cannot_be_done_with_an_allocation_is_refused_and_changes_nothing(
    kind: int, attributes: Attributes, code: int
) -> None:
    place = Place()
    client, relay = place.allocated()
    assert client.ask_signed(CHANNEL_BIND, channel(0x4007, PEER)).kind == 0x0109
    assert client.ask_signed(kind, attributes).code == code
    place.server.received(channel_data(0x4007, b"data"), CLIENT)
    assert relay.sent == [(b"data", PEER)]


def test_allocations_permissions_and_channels_are_bounded() -> None:
    place = Place()
    clients = [place.client(("203.0.113.9", 1024 + number)) for number in range(129)]
    for client in clients[:128]:
        client.allocate()
    clients[128].ask(ALLOCATE)
    assert clients[128].ask_signed(ALLOCATE, UDP_TRANSPORT).code == 486
    assert place.server.relay_count == 128
    clients[0].ask_signed(REFRESH, lifetime(0))
    clients[128].ask(ALLOCATE)
    # One place is left, where an even port with its neighbour needs two.
    assert clients[128].ask_signed(ALLOCATE, [*UDP_TRANSPORT, (EVEN_PORT, b"\x80")]).code == 486
    clients[0].allocate()
    peers = [(f"192.0.2.{number}", 5000) for number in range(1, 66)]
    codes = [clients[0].ask_signed(CREATE_PERMISSION, [(XOR_PEER_ADDRESS, xor_address(peer))]).code for peer in peers]
    assert codes == [None] * 64 + [508]
    codes = [
        clients[1].ask_signed(CHANNEL_BIND, channel(0x4000 + number, (PEER[0], 5000 + number))).code
        for number in range(65)
    ]
    assert codes == [None] * 64 + [508]


def test_closing_frees_every_relayed_address_and_so_does_a_client_that_is_gone() -> None:
    place = Place()
    _, relay = place.allocated()
    place.server.forget(CLIENT)
    assert not relay.is_open
    place.client().allocate([*UDP_TRANSPORT, (EVEN_PORT, b"\x80")])
    place.server.close()
    assert place.server.relay_count == 0
    assert not any(one.is_open for one in place.relays)


def test_an_ipv6_server_gives_ipv6_relays() -> None:
    here, there = "2001:db8::7", "2001:db8::9"
    server = TurnServer(
        setting(local=(here, 3478)), lambda _: Relay((here, 50000)), lambda *_: None, pads_channel_data=False
    )
    answers: list[bytes] = []

    def carry(request: bytes) -> bytes:
        answers.append(server.received(request, (there, 40000)) or b"")
        return answers[-1]

    client = Client(carry)
    client.ask(ALLOCATE, UDP_TRANSPORT)
    answer = client.ask_signed(ALLOCATE, [*UDP_TRANSPORT, (FAMILY, b"\2\0\0\0")])
    value = answer.attributes[0x0016]
    mask = bytes.fromhex("2112a442") + answer.raw[8:20]
    plain = bytes(byte ^ key for byte, key in zip(value[4:], mask, strict=True))
    assert socket.inet_ntop(socket.AF_INET6, plain) == here
    assert client.ask_signed(CREATE_PERMISSION, AT_PEER).code == 443


STARTS = ["", "0001", "0003", "0004", "0008", "0009", "0016", "0017", "4000", "4001", "0801", "0101"]


@given(
    start=st.sampled_from(STARTS),
    attributes=st.lists(
        st.tuples(st.sampled_from([0x0006, 0x0008, 0x0009, 0x000C, 0x000D, 0x0012, 0x0013, 0x7FFF]), st.binary()),
        max_size=4,
    ),
    noise=st.binary(max_size=60),
    is_whole=st.booleans(),
    is_signed=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_no_bytes_whatsoever_kill_it(
    start: str, attributes: Attributes, noise: bytes, is_whole: bool, is_signed: bool
) -> None:
    place = Place()
    client, relay = place.allocated()
    client.ask_signed(CREATE_PERMISSION, AT_PEER)
    if not is_whole or not start:
        place.server.received(bytes.fromhex(start) + noise, CLIENT)
    else:
        kind = int(start, 16)
        credentials = client.credentials() if is_signed else ()
        plain = message(kind, [*attributes, *credentials])
        answer = place.server.received(signed(plain) if is_signed else plain, CLIENT)
        assert answer is None or Answer(answer).kind & 0x0100
    assert len(relay.sent) <= 1
    assert place.client(("203.0.113.9", 40001)).ask(ALLOCATE).code == 401
