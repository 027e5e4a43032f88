"""Our resolver and unbound give the same answers over UDP, TCP, TLS and HTTPS, as dnspython reads them."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.query
import pytest

from callcheck.lab.servers.certificates import make_certificates
from callcheck.lab.servers.real import unbound_command, which
from callcheck.lab.servers.responder import Address
from tests.lab_servers.harness import PATIENCE_S, endpoint, serving

ZONE = {
    "g.whatsapp.net": ["157.240.0.60", "157.240.0.61"],
    "web.whatsapp.com": ["157.240.0.62"],
    "mmg.whatsapp.net": ["157.240.0.63"],
    "six.example": ["2001:db8::6", "2001:db8::7"],
    "both.example": ["192.0.2.4", "2001:db8::4"],
}
MISSING = ["mmg.whatsapp.net"]
FORGED = {"web.whatsapp.com": "10.10.34.35"}
QUESTIONS = [
    (name, record_type)
    for name in ("g.whatsapp.net", "web.whatsapp.com", "mmg.whatsapp.net", "six.example", "both.example", "no.example")
    for record_type in ("A", "AAAA", "TXT", "HTTPS")
]
Ask = Callable[[dns.message.Message, Address, ssl.SSLContext], dns.message.Message]


def _udp(query: dns.message.Message, place: Address, _trust: ssl.SSLContext) -> dns.message.Message:
    return dns.query.udp(query, place[0], PATIENCE_S, place[1])


def _tcp(query: dns.message.Message, place: Address, _trust: ssl.SSLContext) -> dns.message.Message:
    return dns.query.tcp(query, place[0], PATIENCE_S, place[1])


def _tls(query: dns.message.Message, place: Address, trust: ssl.SSLContext) -> dns.message.Message:
    return dns.query.tls(query, place[0], PATIENCE_S, place[1], ssl_context=trust, server_hostname="g.whatsapp.net")


def _https(
    version: dns.query.HTTPVersion, *, post: bool = True
) -> Callable[[dns.message.Message, Address, ssl.SSLContext], dns.message.Message]:
    def ask(query: dns.message.Message, place: Address, trust: ssl.SSLContext) -> dns.message.Message:
        return dns.query.https(query, place[0], PATIENCE_S, place[1], verify=trust, post=post, http_version=version)

    return ask


WAYS: list[tuple[str, Ask]] = [
    ("udp", _udp),
    ("tcp", _tcp),
    ("tls", _tls),
    ("https", _https(dns.query.HTTPVersion.DEFAULT)),
]


def _seen(answer: dns.message.Message) -> tuple[int, int, list[str], int]:
    """All that a client can tell: code, flags, records in any order, and the size of the authority section."""
    records = sorted(f"{rrset.name} {rrset.ttl} {record.to_text()}" for rrset in answer.answer for record in rrset)
    return answer.rcode(), answer.flags, records, len(answer.authority)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        udp.bind(("127.0.0.1", 0))
        port: int = udp.getsockname()[1]
        tcp.bind(("127.0.0.1", port))
        return port


@contextmanager
def _unbound(directory: Path) -> Iterator[tuple[dict[str, Address], ssl.SSLContext]]:
    """unbound in all its ways, and how to trust it."""
    certificates = make_certificates(directory, names=ZONE.keys(), addresses=["127.0.0.1"])
    trust = ssl.create_default_context(cafile=directory / "ca.pem")
    plain, tls, https = _free_port(), _free_port(), _free_port()
    command = unbound_command(
        directory,
        addresses=["127.0.0.1"],
        zone=ZONE,
        missing=MISSING,
        forged=FORGED,
        port=plain,
        certificates=certificates,
        tls_port=tls,
        https_port=https,
    )
    log = directory / "unbound.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_for(https, process, log)
        ports = {"udp": plain, "tcp": plain, "tls": tls, "https": https}
        yield {way: ("127.0.0.1", port) for way, port in ports.items()}, trust
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_s = time.monotonic() + PATIENCE_S
    while True:
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < give_up_s, log.read_text(errors="replace")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
        else:
            return


@contextmanager
def _ours(directory: Path) -> Iterator[tuple[dict[str, Address], ssl.SSLContext]]:
    endpoints = [
        endpoint("dns", name="udp"),
        endpoint("dns", transport="tcp", name="tcp"),
        endpoint("dns", transport="tls", name="tls"),
        endpoint("http", transport="tls", name="https"),
    ]
    with serving(
        directory, endpoints, zone=ZONE, missing=MISSING, forged=FORGED, certificates=str(directory)
    ) as running:
        trust = ssl.create_default_context(cafile=directory / "ca.pem")
        yield {way: running.place(way) for way, _ in WAYS}, trust


@pytest.mark.skipif(which("unbound") is None, reason="unbound is not installed")
def test_unbound_and_the_stand_in_answer_alike_over_every_transport(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "ours").mkdir()
    with _unbound(tmp_path / "real") as (real, trust_real), _ours(tmp_path / "ours") as (ours, trust_ours):
        for way, ask in WAYS:
            for question in QUESTIONS:
                query = dns.message.make_query(*question)
                seen = [
                    _seen(ask(query, places[way], trust)) for places, trust in ((real, trust_real), (ours, trust_ours))
                ]
                assert seen[0] == seen[1], (way, question)


@pytest.mark.parametrize("post", [True, False])
def test_dns_over_https_needs_no_http_2(tmp_path: Path, post: bool) -> None:
    with _ours(tmp_path) as (places, trust):
        answer = _https(dns.query.HTTPVersion.H1, post=post)(
            dns.message.make_query("both.example", "AAAA"), places["https"], trust
        )
    assert [record.to_text() for rrset in answer.answer for record in rrset] == ["2001:db8::4"]


def test_a_resolver_proves_itself_with_a_certificate_of_the_labs_authority_alone(tmp_path: Path) -> None:
    with _ours(tmp_path) as (places, _), pytest.raises(ssl.SSLCertVerificationError):
        _tls(dns.message.make_query("g.whatsapp.net", "A"), places["tls"], ssl.create_default_context())
