"""The TURN server on its sockets, and coturn's own client at it."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from callcheck.lab.servers.certificates import CA_FILE, make_certificates
from callcheck.lab.servers.config_checks import ConfigError
from callcheck.lab.servers.faults import Fault
from callcheck.lab.servers.real import which
from callcheck.lab.servers.responder import Address
from tests.lab_servers.harness import PATIENCE_S, connection, stun_attributes, udp_socket
from tests.lab_servers.started import started
from tests.lab_servers.turn_client import (
    ALLOCATE,
    BINDING,
    CHANNEL_BIND,
    CHANNEL_NUMBER,
    CREATE_PERMISSION,
    DATA,
    LIFETIME,
    REFRESH,
    SEND_INDICATION,
    UDP_TRANSPORT,
    XOR_PEER_ADDRESS,
    Link,
    channel_data,
    message,
    read_xor_address,
    xor_address,
)

needs_coturn = pytest.mark.skipif(which("turnutils_uclient") is None, reason="coturn's clients are not installed")


@contextmanager
def _links(place: Address, transport: str, count: int) -> Iterator[list[Link]]:
    with ExitStack() as stack:
        opened = (udp_socket() if transport == "udp" else connection(place) for _ in range(count))
        yield [Link(stack.enter_context(one), place) for one in opened]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_one_client_hears_itself_through_two_relays(transport: str) -> None:
    with started("turn", transport=transport) as place, _links(place, transport, 2) as (first, second):
        clients = [first.client(), second.client()]
        relays = [client.allocate() for client in clients]
        assert all(
            client.ask_signed(CREATE_PERMISSION, [(XOR_PEER_ADDRESS, xor_address(other))]).kind == 0x0108
            for client, other in zip(clients, reversed(relays), strict=True)
        )
        first.send(message(SEND_INDICATION, [(XOR_PEER_ADDRESS, xor_address(relays[1])), (DATA, b"there")]))
        told = dict(stun_attributes(second.receive()))
        assert told[DATA] == b"there"
        assert read_xor_address(told[XOR_PEER_ADDRESS]) == relays[0]
        channel = [(CHANNEL_NUMBER, b"\x40\0\0\0"), (XOR_PEER_ADDRESS, xor_address(relays[0]))]
        assert clients[1].ask_signed(CHANNEL_BIND, channel).kind == 0x0109
        padding = b"" if transport == "udp" else b"\0\0\0"
        for number in range(50):
            data = bytes([number]) * 161
            second.send(channel_data(0x4000, data) + padding)
            assert dict(stun_attributes(first.receive()))[DATA] == data
            first.send(message(SEND_INDICATION, [(XOR_PEER_ADDRESS, xor_address(relays[1])), (DATA, data)]))
            assert second.receive() == channel_data(0x4000, data) + padding


def test_a_peer_outside_hears_the_relayed_address() -> None:
    with started("turn") as place, _links(place, "udp", 1) as (link,), udp_socket() as peer:
        client = link.client()
        relayed = client.allocate()
        at_peer = [(XOR_PEER_ADDRESS, xor_address(peer.getsockname()))]
        client.ask_signed(CREATE_PERMISSION, at_peer)
        for data in (b"", b"data"):
            link.send(message(SEND_INDICATION, [*at_peer, (DATA, data)]))
            assert peer.recvfrom(100) == (data, relayed)
            peer.sendto(data, relayed)
            assert dict(stun_attributes(link.receive()))[DATA] == data


def test_an_allocation_on_a_stream_ends_with_its_connection() -> None:
    with started("turn", transport="tcp") as place, _links(place, "tcp", 1) as (asker,):
        with _links(place, "tcp", 1) as (link,):
            relayed = link.client().allocate()
        with udp_socket() as peer:
            peer.connect(relayed)
            # The server hears of the end in its own time: until then the port is open and says nothing.
            with pytest.raises(ConnectionRefusedError):
                _knock_again_and_again(peer, asker)


def _knock_again_and_again(peer: socket.socket, asker: Link) -> None:
    for _ in range(1000):
        peer.send(b"is anybody there?")
        assert asker.client().ask(BINDING).kind == 0x0101


def test_noise_on_one_connection_harms_no_other(tmp_path: Path) -> None:
    with started("turn", transport="tcp") as place, _links(place, "tcp", 2) as (noisy, well):
        noisy.send(b"GET / HTTP/1.1\r\n\r\n" * 100)
        assert well.client().ask(BINDING).kind == 0x0101


def test_in_tls_it_answers_as_without(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, names=[], addresses=["127.0.0.1"])
    context = ssl.create_default_context(cafile=tmp_path / CA_FILE)
    with started("turn", transport="tls", certificates=certificates) as place, _links(place, "tcp", 1) as (plain,):
        plain.send(message(BINDING))
        with (
            socket.create_connection(place, timeout=PATIENCE_S) as sock,
            context.wrap_socket(sock, server_hostname="127.0.0.1") as tls,
        ):
            client = Link(tls, place).client()
            client.allocate()
            assert client.ask_signed(REFRESH, [(LIFETIME, bytes(4))]).kind == 0x0104


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_its_ports_are_free_again_when_it_is_closed(transport: str) -> None:
    with started("turn", transport=transport) as place, _links(place, transport, 1) as (link,):
        relayed = link.client().allocate()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(relayed)
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(place)


def test_it_has_no_options() -> None:
    with pytest.raises(ConfigError, match="kind turn has none"), started("turn", options={"a": 1}):
        pass


@pytest.mark.parametrize(("fault", "transport"), [("garbage", "udp"), ("garbage", "tcp")])
def test_garbage_replaces_its_answers(fault: Fault, transport: str) -> None:
    with started("turn", transport=transport, fault=fault) as place, _links(place, transport, 1) as (link,):
        link.send(message(ALLOCATE, UDP_TRANSPORT, transaction_id=b"t" * 12))
        assert link.sock.recv(2048)[4:20] != bytes.fromhex("2112a442") + b"t" * 12


def test_rate_limited_it_answers_the_first_questions_of_a_burst_and_other_clients() -> None:
    with started("turn", fault="rate_limited") as place, udp_socket() as sock, _socket_at("127.0.0.5") as other:
        for number in range(200):
            sock.sendto(message(BINDING, transaction_id=number.to_bytes(12)), place)
        # Answered after all the others, as another client it is not limited by them.
        assert Link(other, place).client().ask(BINDING).kind == 0x0101
        sock.setblocking(False)
        answered = _all_waiting(sock)
        assert [answer[8:20] for answer in answered[:10]] == [number.to_bytes(12) for number in range(10)]
        assert len(answered) < 200


def test_rate_limited_on_a_stream_it_leaves_the_connections_too_many_unanswered() -> None:
    with (
        started("turn", transport="tcp", fault="rate_limited") as place,
        _links(place, "tcp", 60) as links,
        socket.create_connection(place, PATIENCE_S, source_address=("127.0.0.5", 0)) as other,
    ):
        assert [link.client().ask(BINDING).kind for link in links[:10]] == [0x0101] * 10
        for link in links[10:]:
            link.send(message(BINDING))
            link.sock.setblocking(False)
        assert Link(other, place).client().ask(BINDING).kind == 0x0101
        assert not all(_all_waiting(link.sock) for link in links[10:])


@contextmanager
def _socket_at(ip: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((ip, 0))
        sock.settimeout(PATIENCE_S)
        yield sock


def _all_waiting(sock: socket.socket) -> list[bytes]:
    answers = []
    with suppress(BlockingIOError):
        while True:
            answers.append(sock.recv(2048))
    return answers


def _uclient(place: Address, *options: str) -> subprocess.Popen[str]:
    command = ["turnutils_uclient", "-u", "callcheck", "-w", "lab", "-n", "20", *options, place[0], "-p", str(place[1])]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@needs_coturn
def test_coturns_client_loses_nothing_over_udp_and_tcp_by_channel_and_by_indication() -> None:
    with started("turn") as udp, started("turn", transport="tcp") as tcp:
        running = [_uclient(udp, "-y"), _uclient(udp, "-y", "-s"), _uclient(tcp, "-y", "-t"), _uclient(tcp, "-ytcs")]
        try:
            outputs = [process.communicate(timeout=60)[0] for process in running]
        finally:
            for process in running:
                process.kill()
                process.communicate()
    for output in outputs:
        assert "Total lost packets 0 (0.000000%)" in output, output
        sent, received = re.findall(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)$", output, re.MULTILINE)[-1]
        assert int(sent) == int(received) >= 40


@needs_coturn
def test_coturns_client_is_told_that_there_are_no_tcp_relays() -> None:
    with started("turn", transport="tcp") as place:
        process = _uclient(place, "-T")
        assert process.stdout is not None
        try:
            # It asks again and again; one refusal is enough.
            assert any("error 442" in line for line in process.stdout)
        finally:
            process.kill()
            process.communicate()
