"""Stand-ins against the programs they stand in for, on loopback."""

from __future__ import annotations

import re
import socket
import stat
from pathlib import Path

import dns.message
import dns.query
import pytest

from callcheck.lab.servers.real import coturn_command, unbound_command, which
from tests.lab_servers.harness import PATIENCE_S, endpoint, read_exactly, serving, stun_attributes
from tests.lab_servers.real_servers import coturn, free_port, running

IDENTITY = bytes.fromhex("2112a442") + bytes(range(12))
REQUESTS = {
    "binding": bytes.fromhex("00010000") + IDENTITY,
    "classic binding": bytes.fromhex("00010000") + bytes(range(200, 216)),
    "allocate": bytes.fromhex("00030008") + IDENTITY + bytes.fromhex("0019000411000000"),
    "bare allocate": bytes.fromhex("00030000") + IDENTITY,
    "refresh": bytes.fromhex("00040000") + IDENTITY,
    "whatsapp ping": bytes.fromhex("08010000") + IDENTITY,
    "unknown attribute": bytes.fromhex("00010008") + IDENTITY + bytes.fromhex("7fff000401020304"),
    "unknown attributes": bytes.fromhex("00010010") + IDENTITY + bytes.fromhex("7fff0004010203047ffe000401020304"),
    "unknown in allocate": bytes.fromhex("00030008") + IDENTITY + bytes.fromhex("7fff000401020304"),
    "classic unknown": bytes.fromhex("00010008") + bytes(range(200, 216)) + bytes.fromhex("7fff000401020304"),
    "optional attribute": bytes.fromhex("00010008") + IDENTITY + bytes.fromhex("ffff000401020304"),
    "change request": bytes.fromhex("00010008") + IDENTITY + bytes.fromhex("0003000400000000"),
    "priority": bytes.fromhex("00010008") + IDENTITY + bytes.fromhex("002400046e001eff"),
}
OF_ITS_OWN = frozenset({0x0004, 0x0005, 0x0015, 0x802B, 0x8022})
"""Attributes that tell servers apart: their addresses, their nonce, their version."""


def _same_to_a_client(answer: bytes) -> tuple[str, list[tuple[int, bytes | None]]]:
    """Type, identity, and every attribute in order, without the values that are a server's own."""
    attributes = stun_attributes(answer)
    return answer[:2].hex() + answer[4:20].hex(), [
        (kind, None if kind in OF_ITS_OWN else value) for kind, value in attributes
    ]


needs_coturn = pytest.mark.skipif(which("turnserver") is None, reason="coturn is not installed")
needs_unbound = pytest.mark.skipif(which("unbound") is None, reason="unbound is not installed")


@needs_coturn
def test_over_udp_coturn_and_the_stand_in_answer_every_request_alike(tmp_path: Path) -> None:
    with (
        coturn(tmp_path) as real,
        serving(tmp_path, [endpoint("stun")]) as servers,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
    ):
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(PATIENCE_S)
        for name, request in REQUESTS.items():
            seen = []
            for place in (real, servers.place("stun")):
                sock.sendto(request, place)
                answer, source = sock.recvfrom(2048)
                assert source == place
                seen.append(_same_to_a_client(answer))
            assert seen[0] == seen[1], name


@needs_coturn
def test_over_tcp_coturn_and_the_stand_in_answer_a_binding_and_refuse_an_allocate_alike(tmp_path: Path) -> None:
    with coturn(tmp_path) as real, serving(tmp_path, [endpoint("stun", transport="tcp")]) as servers:
        for name in ("binding", "allocate", "unknown attribute"):
            seen = []
            for place in (real, servers.place("stun")):
                with socket.create_connection(place, timeout=PATIENCE_S) as sock:
                    sock.sendall(REQUESTS[name])
                    head = read_exactly(sock, 20)
                    kinds = stun_attributes(head + read_exactly(sock, int.from_bytes(head[2:4])))
                    seen.append((head[:2], head[4:], [kind for kind, _ in kinds]))
            assert seen[0] == seen[1], name


@needs_coturn
def test_coturn_leaves_out_the_transport_that_is_not_wanted(tmp_path: Path) -> None:
    port = free_port()
    command = coturn_command(tmp_path, port=port, addresses=["127.0.0.1"], transports=["udp"])
    with (
        running(command, REQUESTS["binding"], ("127.0.0.1", port), tmp_path / "coturn.log"),
        pytest.raises(ConnectionRefusedError),
    ):
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


NAMES = [
    "g.whatsapp.net",
    "G.WhatsApp.Net",
    "web.whatsapp.com",
    "mmg.whatsapp.net",
    "below.mmg.whatsapp.net",
    "kept.mmg.whatsapp.net",
    "below.g.whatsapp.net",
    "whatsapp.net",
    "unknown.example",
    "localhost",
    ".",
]


@needs_unbound
def test_unbound_and_the_stand_in_answer_every_name_alike(tmp_path: Path) -> None:
    zone = {
        "g.whatsapp.net": ["157.240.0.60", "157.240.0.61"],
        "web.whatsapp.com": ["157.240.0.62"],
        "mmg.whatsapp.net": ["157.240.0.63"],
        "kept.mmg.whatsapp.net": ["157.240.0.64"],
    }
    missing = ["mmg.whatsapp.net"]
    forged = {"web.whatsapp.com": "10.10.34.35"}
    port = free_port()
    command = unbound_command(tmp_path, addresses=["127.0.0.1"], zone=zone, missing=missing, forged=forged, port=port)
    ready = dns.message.make_query("g.whatsapp.net", "A").to_wire()
    with (
        running(command, ready, ("127.0.0.1", port), tmp_path / "unbound.log"),
        serving(tmp_path, [endpoint("dns")], zone=zone, missing=missing, forged=forged) as servers,
    ):
        for name in NAMES:
            for kind in ("A", "AAAA", "ANY"):
                query = dns.message.make_query(name, kind)
                seen = []
                for address, at in (("127.0.0.1", port), servers.place("dns")):
                    answer = dns.query.udp(query, address, port=at, timeout=PATIENCE_S)
                    records = sorted(rrset.to_text() for rrset in map(_in_order, answer.answer))
                    seen.append((answer.rcode(), answer.flags, records, len(answer.authority)))
                assert seen[0] == seen[1], (name, kind)


def _in_order(rrset: dns.rrset.RRset) -> dns.rrset.RRset:
    """Unbound turns the addresses round from answer to answer."""
    return dns.rrset.from_rdata_list(rrset.name, rrset.ttl, sorted(rrset))


def test_coturn_is_started_with_files_of_its_own_for_each_port(tmp_path: Path) -> None:
    first = coturn_command(tmp_path, port=3478, addresses=["192.0.2.1", "192.0.2.2"], transports=["tcp"])
    second = coturn_command(
        tmp_path, port=19302, addresses=["192.0.2.1", "192.0.2.2"], transports=["udp", "tcp"], other_port=19303
    )
    files = [argument for argument in (*first, *second) if argument.startswith(str(tmp_path))]
    assert len(files) == len(set(files)) == 4
    assert first.count("--listening-ip") == 2
    assert "--no-udp" in first
    assert not {"--no-udp", "--no-tcp", "--allow-loopback-peers"} & set(second)


def test_coturn_shows_other_addresses_only_where_nat_is_to_be_discovered(tmp_path: Path) -> None:
    for other_port, command_has in ((None, "--no-rfc5780"), (3479, "--alt-listening-port")):
        command = coturn_command(
            tmp_path, port=3478, addresses=["192.0.2.1", "192.0.2.2"], transports=["udp"], other_port=other_port
        )
        assert {"--no-rfc5780", "--alt-listening-port"} & set(command) == {command_has}


def test_which_finds_system_programs_that_are_not_on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "callcheck-test-program"
    program.write_text("#!/bin/sh\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert which("callcheck-test-program") == str(program)
    assert which("callcheck-no-such-program") is None
    monkeypatch.setenv("PATH", "/nowhere")
    found = which("ldconfig")
    assert found is None or re.fullmatch(r"(/usr)?/sbin/ldconfig", found)
