"""Allocations of the TURN server: who gets one, which, and for how long (RFC 8656 sections 7 and 8)."""

from __future__ import annotations

import pytest

from tests.lab_servers.harness import CLIENT, SERVER, stun_attributes
from tests.lab_servers.turn_client import (
    ALLOCATE,
    LIFETIME,
    NONCE,
    REFRESH,
    UDP_TRANSPORT,
    Attributes,
    message,
    read_xor_address,
    signed,
)
from tests.lab_servers.turn_place import EVEN_PORT, FAMILY, RESERVATION_TOKEN, Place, lifetime


def test_an_allocation_shows_the_relayed_and_the_reflexive_address_and_lasts_600_seconds() -> None:
    place = Place()
    client = place.client()
    client.ask(ALLOCATE, UDP_TRANSPORT)
    answer = client.ask_signed(ALLOCATE, UDP_TRANSPORT)
    assert answer.kind == 0x0103
    assert [kind for kind, _ in stun_attributes(answer.raw)] == [0x0016, 0x0020, 0x000D, 0x8022, 0x0008]
    assert read_xor_address(answer.attributes[0x0016]) == (SERVER[0], 50000)
    assert read_xor_address(answer.attributes[0x0020]) == CLIENT
    assert answer.attributes[LIFETIME] == (600).to_bytes(4)


def test_an_answer_to_the_right_credentials_is_signed_with_them() -> None:
    place = Place()
    client = place.client()
    client.ask(ALLOCATE, UDP_TRANSPORT)
    raw = client.ask_signed(ALLOCATE, UDP_TRANSPORT).raw
    assert raw == signed(raw[:2] + (len(raw) - 20 - 24).to_bytes(2) + raw[4:-24])


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ([], 400),
        ([(0x0019, b"\x11")], 400),
        ([(0x0019, b"\x06\0\0\0")], 442),
        ([*UDP_TRANSPORT, (0x7FFF, b"abcd")], 420),
        ([*UDP_TRANSPORT, (LIFETIME, b"ab")], 400),
        ([*UDP_TRANSPORT, (FAMILY, b"\2\0\0\0")], 440),
        ([*UDP_TRANSPORT, (RESERVATION_TOKEN, b"stranger")], 508),
        ([*UDP_TRANSPORT, (RESERVATION_TOKEN, b"stranger"), (EVEN_PORT, b"\x80")], 400),
    ],
    ids=["none", "short", "tcp", "unknown", "lifetime", "ipv6", "token of nobody", "token and even port"],
)
def test_an_allocation_that_cannot_be_is_refused_and_opens_nothing(attributes: Attributes, code: int) -> None:
    place = Place()
    client = place.client()
    client.ask(ALLOCATE)
    assert client.ask_signed(ALLOCATE, attributes).code == code
    assert place.server.relay_count == 0
    assert not any(relay.is_open for relay in place.relays)


@pytest.mark.parametrize(("asked_s", "granted_s"), [(1, 600), (600, 600), (700, 700), (3600, 3600), (99999, 3600)])
def test_a_lifetime_is_between_ten_minutes_and_an_hour(asked_s: int, granted_s: int) -> None:
    place = Place()
    place.client().allocate([*UDP_TRANSPORT, *lifetime(asked_s)])
    place.now_s = granted_s - 1
    assert place.client().ask(REFRESH).code == 401
    assert place.relays[0].is_open
    place.now_s = granted_s
    place.client(("203.0.113.9", 40001)).allocate()
    assert not place.relays[0].is_open


def test_a_request_that_came_twice_is_answered_twice_and_another_one_is_a_mismatch() -> None:
    place = Place()
    client = place.client()
    client.ask(ALLOCATE, UDP_TRANSPORT)
    answers = [client.ask_signed(ALLOCATE, UDP_TRANSPORT, transaction_id=b"t" * 12) for _ in range(2)]
    assert answers[0].attributes[0x0016] == answers[1].attributes[0x0016]
    assert client.ask_signed(ALLOCATE, UDP_TRANSPORT).code == 437
    assert len(place.relays) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": "wrong"}, 401),
        ({"user": "nobody"}, 401),
        ({"realm": "elsewhere"}, 437),
        ({"nonce": b"0" * 16}, 438),
    ],
)
def test_wrong_credentials_are_refused_each_in_its_way(changes: dict[str, str], code: int) -> None:
    client = Place().client()
    client.ask(ALLOCATE, UDP_TRANSPORT)
    for name, value in changes.items():
        setattr(client, name, value)
    answer = client.ask_signed(ALLOCATE, UDP_TRANSPORT)
    assert answer.code == code
    assert (NONCE in answer.attributes) == (code in {401, 438})


@pytest.mark.parametrize("changes", [{"user": "nobody"}, {"realm": "elsewhere"}])
def test_an_allocation_belongs_to_the_credentials_that_made_it(changes: dict[str, str]) -> None:
    client, _ = Place().allocated()
    for name, value in changes.items():
        setattr(client, name, value)
    assert client.ask_signed(REFRESH).code == 441


def test_a_nonce_is_good_for_one_address_and_one_to_two_hours() -> None:
    place = Place()
    client = place.client()
    client.ask(ALLOCATE)
    elsewhere = place.client(("203.0.113.9", 40001))
    elsewhere.nonce = client.nonce
    assert elsewhere.ask_signed(REFRESH).code == 438
    place.now_s = 7199.0
    assert client.ask_signed(REFRESH).code == 437
    place.now_s = 7200.0
    assert client.ask_signed(REFRESH).code == 438
    assert client.ask_signed(REFRESH).code == 437


def test_what_follows_the_signature_is_ignored() -> None:
    place = Place()
    client = place.client()
    client.ask(ALLOCATE)
    plain = signed(message(ALLOCATE, [*UDP_TRANSPORT, *client.credentials()]))
    tail = bytes.fromhex("7fff000401020304")
    with_tail = plain[:2] + (len(plain) - 20 + len(tail)).to_bytes(2) + plain[4:] + tail
    assert client.exchange(with_tail).kind == 0x0103


def test_refresh_prolongs_an_allocation_and_zero_ends_it() -> None:
    place = Place()
    client, relay = place.allocated()
    place.now_s = 599.0
    assert client.ask_signed(REFRESH).attributes[LIFETIME] == (600).to_bytes(4)
    place.now_s = 1198.0
    assert client.ask_signed(REFRESH, lifetime(0)).attributes[LIFETIME] == bytes(4)
    assert not relay.is_open
    assert client.ask_signed(REFRESH).code == 437
    client.allocate()


@pytest.mark.parametrize(("first_port", "port"), [(50000, 50000), (50001, 50002)])
def test_an_even_port_can_be_had_with_the_next_one_kept_for_30_seconds(first_port: int, port: int) -> None:
    place = Place(first_port=first_port)
    client = place.client()
    client.ask(ALLOCATE)
    if first_port % 2:
        # Of the fake system's ports the lowest free one comes first: this one makes it an even one.
        place.open_relay(0)
    answer = client.ask_signed(ALLOCATE, [*UDP_TRANSPORT, (EVEN_PORT, b"\x80")])
    assert read_xor_address(answer.attributes[0x0016]) == (SERVER[0], port)
    kept = (RESERVATION_TOKEN, answer.attributes[RESERVATION_TOKEN])
    place.now_s = 29.0
    assert place.client(("203.0.113.9", 40001)).allocate([*UDP_TRANSPORT, kept]) == (SERVER[0], port + 1)
    third = place.client(("203.0.113.9", 40002))
    third.ask(ALLOCATE)
    assert third.ask_signed(ALLOCATE, [*UDP_TRANSPORT, kept]).code == 508


def test_a_reserved_port_is_freed_after_30_seconds() -> None:
    place = Place()
    place.client().allocate([*UDP_TRANSPORT, (EVEN_PORT, b"\x80")])
    place.now_s = 30.0
    place.client(("203.0.113.9", 40001)).allocate()
    assert [relay.is_open for relay in place.relays] == [True, False, True]


def test_where_no_even_port_is_free_the_answer_is_508_and_nothing_stays_open() -> None:
    place = Place(first_port=50001)
    client = place.client()
    client.ask(ALLOCATE)
    assert client.ask_signed(ALLOCATE, [*UDP_TRANSPORT, (EVEN_PORT, b"\0")]).code == 508
    assert not any(relay.is_open for relay in place.relays)
