"""NAT discovery (RFC 5780): who answers whom from where, the same as coturn, and coturn's own client at it."""

from __future__ import annotations

import ipaddress
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.servers.config_checks import ConfigError, Option
from callcheck.lab.servers.nat_discovery import check_options
from callcheck.lab.servers.real import which
from callcheck.lab.servers.responder import Address
from tests.lab_servers.harness import stun_attributes, udp_socket
from tests.lab_servers.real_servers import coturn, free_port
from tests.lab_servers.started import started
from tests.lab_servers.turn_client import ALLOCATE, BINDING, UDP_TRANSPORT, Answer, Attributes, message

CHANGE_REQUEST, PADDING, RESPONSE_PORT = 0x0003, 0x0026, 0x0027
MAPPED, SOURCE, CHANGED, RESPONSE_ORIGIN, OTHER_ADDRESS = 0x0001, 0x0004, 0x0005, 0x802B, 0x802C
OPTIONS: Mapping[str, Option] = {"other_address": "127.0.0.2", "other_port": 0}

needs_coturn = pytest.mark.skipif(which("turnserver") is None, reason="coturn is not installed")


def _address(value: bytes) -> Address:
    return str(ipaddress.IPv4Address(value[4:])), int.from_bytes(value[2:4])


def _change(flags: int) -> Attributes:
    return [(CHANGE_REQUEST, flags.to_bytes(4))]


def _classic(request: bytes) -> bytes:
    return request[:4] + b"old!" + request[8:]


def _asked(sock: socket.socket, place: Address, request: bytes) -> tuple[Answer, Address]:
    sock.sendto(request, place)
    data, source = sock.recvfrom(4096)
    return Answer(data), source


@contextmanager
def _four() -> Iterator[tuple[socket.socket, list[Address]]]:
    """A client, and the server's places: first, other port, other address, both other."""
    with started("nat_discovery", options=OPTIONS) as first, udp_socket() as sock:
        opposite = _address(_asked(sock, first, message(BINDING))[0].attributes[OTHER_ADDRESS])
        yield sock, [first, (first[0], opposite[1]), (opposite[0], first[1]), opposite]


@pytest.mark.parametrize("asked", range(4))
@pytest.mark.parametrize(("flags", "turned"), [(0, 0), (2, 1), (4, 2), (6, 3), (1, 0), (8, 0)])
def test_the_answer_comes_from_where_it_is_wanted(asked: int, flags: int, turned: int) -> None:
    with _four() as (sock, places):
        answer, source = _asked(sock, places[asked], message(BINDING, _change(flags)))
        assert source == places[asked ^ turned]
        assert _address(answer.attributes[RESPONSE_ORIGIN]) == source
        assert _address(answer.attributes[OTHER_ADDRESS]) == places[asked ^ 3]
        assert _address(answer.attributes[MAPPED]) == sock.getsockname()
        classic, source = _asked(sock, places[asked], _classic(message(BINDING, _change(flags))))
        assert source == places[asked ^ turned]
        assert _address(classic.attributes[SOURCE]) == source
        assert _address(classic.attributes[CHANGED]) == places[asked ^ 3]


def test_an_answer_can_be_sent_to_another_port_but_an_error_cannot() -> None:
    with _four() as (sock, places), udp_socket() as other:
        wanted = [(RESPONSE_PORT, other.getsockname()[1].to_bytes(2) + b"\0\0"), *_change(6)]
        sock.sendto(message(BINDING, wanted), places[0])
        data, source = other.recvfrom(4096)
        assert source == places[3]
        assert _address(Answer(data).attributes[MAPPED]) == sock.getsockname()
        refusal, source = _asked(sock, places[0], message(BINDING, [*wanted, (0x7FFF, b"abcd")]))
        assert refusal.code == 420
        assert source == places[0]


def test_padding_is_answered_with_padding_but_never_to_another_port() -> None:
    with _four() as (sock, places):
        answer, _ = _asked(sock, places[0], message(BINDING, [(PADDING, bytes(4))]))
        assert answer.attributes[PADDING] == bytes(1500)
        refusal, _ = _asked(sock, places[0], message(BINDING, [(PADDING, bytes(4)), (RESPONSE_PORT, bytes(4))]))
        assert refusal.code == 400


def test_it_gives_nobody_an_allocation() -> None:
    with _four() as (sock, places):
        assert _asked(sock, places[3], message(ALLOCATE, UDP_TRANSPORT))[0].code == 401


def test_all_four_ports_are_free_again_when_it_is_closed() -> None:
    with _four() as (_, places):
        pass
    for place in places:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(place)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "other_port: expected a whole number, got None"),
        ({"other_port": 3479}, "other_address: None is not an IP address"),
        ({"other_address": "host", "other_port": 3479}, "other_address: 'host' is not an IP address"),
        ({"other_address": "192.0.2.2", "other_port": 65536}, "other_port: 65536 is not between 0 and 65535"),
        ({"other_address": "192.0.2.2", "other_port": 3479, "third": 1}, "nat_discovery: unknown key 'third'"),
    ],
)
def test_options_that_say_too_little_or_too_much_are_refused(options: Mapping[str, Option], complaint: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        check_options(options)


@pytest.mark.parametrize("other_address", ["127.0.0.1", "::1"])
def test_the_other_address_is_another_one_of_the_same_family(other_address: str) -> None:
    options: Mapping[str, Option] = {"other_address": other_address, "other_port": 0}
    with pytest.raises(ConfigError, match="other_address"), started("nat_discovery", options=options):
        pass


def test_no_bytes_whatsoever_kill_it() -> None:
    with _four() as (sock, places):

        @given(noise=st.binary(max_size=80), attributes=st.binary(max_size=60), place=st.sampled_from(places))
        @settings(max_examples=100, deadline=None)
        def it_still_answers(noise: bytes, attributes: bytes, place: Address) -> None:
            whole = attributes[: len(attributes) // 4 * 4]
            head = message(BINDING)
            last = message(BINDING)
            for datagram in (noise, head[:2] + len(whole).to_bytes(2) + head[4:] + whole, last):
                sock.sendto(datagram, place)
            while sock.recv(4096)[4:20] != last[4:20]:
                pass

        it_still_answers()


REQUESTS: dict[str, bytes] = {
    "binding": message(BINDING),
    "change port": message(BINDING, _change(2)),
    "change address": message(BINDING, _change(4)),
    "change both": message(BINDING, _change(6)),
    "change nothing": message(BINDING, _change(0)),
    "other bits": message(BINDING, _change(9)),
    "short change": message(BINDING, [(CHANGE_REQUEST, b"\0\6")]),
    "long change": message(BINDING, [(CHANGE_REQUEST, b"\0\0\0\6\0\0\0\0")]),
    "padding": message(BINDING, [(PADDING, bytes(300))]),
    "unknown attribute": message(BINDING, [(0x7FFF, b"abcd")]),
    "unknown attribute and change": message(BINDING, [(0x7FFF, b"abcd"), *_change(6)]),
    "classic": _classic(message(BINDING)),
    "classic change port": _classic(message(BINDING, _change(2))),
    "classic change both": _classic(message(BINDING, _change(6))),
    "allocate": message(ALLOCATE, UDP_TRANSPORT),
}


@needs_coturn
def test_coturn_answers_from_the_same_places_with_the_same_attributes(tmp_path: Path) -> None:
    other_port = free_port()
    with coturn(tmp_path, other_port=other_port) as first, _four() as (sock, ours), udp_socket() as wanted:
        real = [first, (first[0], other_port), ("127.0.0.2", first[1]), ("127.0.0.2", other_port)]
        seen: list[list[object]] = [[], []]
        for name, request in REQUESTS.items():
            for places, found in zip((real, ours), seen, strict=True):
                answer, source = _asked(sock, places[0], request)
                others = [
                    _address(answer.attributes[kind]) for kind in (OTHER_ADDRESS, CHANGED) if kind in answer.attributes
                ]
                order = [kind for kind, _ in stun_attributes(answer.raw)]
                found.append((name, answer.code, order, places.index(source), [places.index(one) for one in others]))
        for places, found in zip((real, ours), seen, strict=True):
            port = wanted.getsockname()[1].to_bytes(2) + b"\0\0"
            sock.sendto(message(BINDING, [(RESPONSE_PORT, port), *_change(2)]), places[0])
            found.append(places.index(wanted.recvfrom(4096)[1]))
    assert seen[0] == seen[1]


@needs_coturn
def test_coturns_client_finds_no_nat_on_loopback() -> None:
    with started("nat_discovery", options=OPTIONS) as place:
        command = ["turnutils_natdiscovery", "-m", "-f", "-P", place[0], "-p", str(place[1])]
        found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    assert "NAT with Endpoint Independent Mapping!" in found
    assert "NAT with Endpoint Independent Filtering!" in found
    assert "No ALG: Mapped == XOR-Mapped" in found
