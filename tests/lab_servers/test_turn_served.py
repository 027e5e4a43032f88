"""TURN, NAT discovery and DTLS as the lab runs them: by configuration, in a process of their own."""

from __future__ import annotations

from pathlib import Path

from OpenSSL import SSL

from tests.lab_servers.harness import ask_udp, connection, endpoint, serving, stun_attributes, udp_socket
from tests.lab_servers.turn_client import BINDING, Link, message


def test_all_of_them_serve_side_by_side_and_with_their_faults(tmp_path: Path) -> None:
    endpoints = [
        endpoint("turn"),
        endpoint("turn", transport="tcp"),
        endpoint("turn", transport="tls"),
        endpoint("nat_discovery") | {"options": {"other_address": "127.0.0.2", "other_port": 0}},
        endpoint("dtls"),
        endpoint("turn", fault="silent", name="silent"),
        endpoint("turn", transport="tcp", fault="silent", name="silent"),
        endpoint("turn", transport="tcp", fault="rate_limited", name="limited"),
    ]
    with serving(tmp_path, endpoints, certificates=str(tmp_path)) as servers:
        with udp_socket() as sock:
            Link(sock, servers.place("turn")).client().allocate()
        with connection(servers.place("turn", 1)) as stream, connection(servers.place("silent", 1)) as silent:
            silent.sendall(message(BINDING))
            Link(stream, servers.place("turn", 1)).client().allocate()
        answer = ask_udp(servers.place("nat_discovery"), message(BINDING))
        assert 0x802C in dict(stun_attributes(answer))
        with udp_socket() as sock:
            sock.sendto(message(BINDING), servers.place("silent"))
            sock.sendto(_client_hello(), servers.place("dtls"))
            assert len(sock.recv(2048)) == 48
        with connection(servers.place("limited")) as stream:
            assert Link(stream, servers.place("limited")).client().ask(BINDING).kind == 0x0101


def _client_hello() -> bytes:
    client = SSL.Connection(SSL.Context(SSL.DTLS_CLIENT_METHOD), None)
    client.set_connect_state()
    try:
        client.do_handshake()
    except SSL.WantReadError:
        return client.bio_read(65536)
    raise AssertionError("a handshake cannot end without an answer")
