"""TLS around a stream: certificates, handshakes, goodbyes, and what a fault makes of them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.servers import http, serve, sockets
from callcheck.lab.servers.certificates import Certificates, make_certificates
from callcheck.lab.servers.config import parse_config
from callcheck.lab.servers.responder import StreamReply
from callcheck.lab.servers.tls import TlsResponder, behind_tls
from tests.lab_servers.harness import CLIENT, connection, endpoint, serving, setting

NAMES = ["a.example", "xn--80ak6aa92e.example", "_under.example"]
ADDRESSES = ["127.0.0.1", "2001:db8::1"]
REQUEST = b"GET /bytes?n=100000 HTTP/1.1\r\n\r\n"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def certificates(directory: Path) -> Certificates:
    return make_certificates(directory, names=NAMES, addresses=ADDRESSES)


@pytest.fixture(scope="module")
def trust(certificates: Certificates, directory: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=directory / "ca.pem")


class _Client:
    """A TLS client without a socket, who speaks to a responder."""

    def __init__(self, trust: ssl.SSLContext, server: TlsResponder, name: str = NAMES[0]) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = trust.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        self.server = server
        self.is_ended = False

    def exchange(self) -> None:
        """Give the server what waits for it, byte by byte, and take all that it says."""
        for byte in self.outgoing.read():
            self._take(self.server.received(bytes([byte])))

    def shake_hands(self) -> None:
        for _ in range(4):
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.exchange()
            else:
                return
        raise AssertionError("no end of the handshake")

    def read_all(self) -> bytes:
        said = bytearray()
        with suppress(ssl.SSLWantReadError):
            while piece := self.tls.read(65536):
                said += piece
        return bytes(said)

    def _take(self, reply: StreamReply) -> None:
        self.incoming.write(reply.data)
        if reply.more is not None:
            self.incoming.write(b"".join(reply.more))
            if not reply.close:
                self._take(self.server.received(b""))
        self.is_ended = self.is_ended or reply.close


def _https(certificates: Certificates, protocols: tuple[str, ...] = ()) -> TlsResponder:
    make = behind_tls(http.stream_responder, certificates.server_context(protocols))
    responder = make(setting(), CLIENT)
    assert isinstance(responder, TlsResponder)
    return responder


@pytest.mark.parametrize("name", [*NAMES, *ADDRESSES])
def test_every_name_and_address_is_proven_by_the_labs_authority(
    certificates: Certificates, trust: ssl.SSLContext, name: str
) -> None:
    _Client(trust, _https(certificates), name).shake_hands()


def test_no_other_name_is_proven(certificates: Certificates, trust: ssl.SSLContext) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        _Client(trust, _https(certificates), "b.example").shake_hands()


def test_certificates_are_made_anew_and_are_valid_from_a_day_ago_for_30_days(
    certificates: Certificates, directory: Path, tmp_path: Path
) -> None:
    again = make_certificates(tmp_path / "made" / "too", names=NAMES, addresses=ADDRESSES)
    written = x509.load_pem_x509_certificate((tmp_path / "made" / "too" / "ca.pem").read_bytes())
    assert written == again.authority != certificates.authority
    assert sorted(path.name for path in directory.iterdir()) == ["ca.pem"]
    for one in (again.authority, again.certificate):
        assert timedelta(0) < datetime.now(UTC) - timedelta(days=1) - one.not_valid_before_utc < timedelta(minutes=5)
        assert one.not_valid_after_utc - one.not_valid_before_utc == timedelta(days=31)


@pytest.mark.parametrize(
    ("offered", "agreed"), [(["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), (["smtp"], None), ([], None)]
)
def test_a_protocol_is_agreed_on_by_its_name(
    certificates: Certificates, directory: Path, offered: list[str], agreed: str | None
) -> None:
    trust = ssl.create_default_context(cafile=directory / "ca.pem")
    if offered:
        trust.set_alpn_protocols(offered)
    client = _Client(trust, _https(certificates, ("http/1.1",)))
    client.shake_hands()
    assert client.tls.selected_alpn_protocol() == agreed


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_requests_are_answered_however_the_bytes_are_cut_and_a_goodbye_ends_both_sides(
    certificates: Certificates, directory: Path, version: ssl.TLSVersion
) -> None:
    trust = ssl.create_default_context(cafile=directory / "ca.pem")
    trust.minimum_version = trust.maximum_version = version
    client = _Client(trust, _https(certificates))
    client.shake_hands()
    client.tls.write(REQUEST + b"GET /generate_204 HTTP/1.1\r\n\r\n")
    client.exchange()
    first, _, second = client.read_all().partition(b"HTTP/1.1 204 No Content")
    assert first.startswith(b"HTTP/1.1 200 OK")
    assert len(first.partition(b"\r\n\r\n")[2]) == 100_000
    assert second == b"\r\n\r\n"
    assert not client.is_ended
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    client.exchange()
    client.tls.unwrap()
    assert client.is_ended


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.0", b"GET /bytes?n=100000 HTTP/1.0"])
def test_a_server_that_ends_the_connection_says_goodbye(
    certificates: Certificates, trust: ssl.SSLContext, request_line: bytes
) -> None:
    client = _Client(trust, _https(certificates))
    client.shake_hands()
    client.tls.write(request_line + b"\r\n\r\n")
    client.exchange()
    assert client.read_all().startswith(b"HTTP/1.1 200 OK")
    assert client.is_ended
    # A stream that was cut off would want to read; one that was closed is at its end.
    assert client.tls.read(1) == b""


def test_what_is_no_tls_is_told_so_and_ended(certificates: Certificates) -> None:
    reply = _https(certificates).received(b"GET / HTTP/1.1\r\n\r\n")
    assert reply.close
    assert reply.data[:3] in {b"", b"\x15\x03\x01", b"\x15\x03\x03"}


class _Parrot:
    def received(self, data: bytes) -> StreamReply:
        return StreamReply(data)


@given(
    noise=st.lists(st.binary(max_size=200), max_size=5),
    is_open=st.booleans(),
    start=st.sampled_from(["", "160301", "170303"]),
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_before_or_after_the_handshake_end_it_or_wait(
    certificates: Certificates, trust: ssl.SSLContext, noise: list[bytes], is_open: bool, start: str
) -> None:
    server = TlsResponder(certificates.server_context(), _Parrot())
    if is_open:
        _Client(trust, server).shake_hands()
    for piece in (bytes.fromhex(start), *noise):
        if server.received(piece).close:
            break


def test_every_fault_touches_tls_servers_too(tmp_path: Path) -> None:
    endpoints = [
        endpoint("http", transport="tls", fault="silent", name="silent"),
        endpoint("http", transport="tls", fault="garbage", name="garbage"),
        endpoint("http", transport="tls", fault="refusing", name="refusing"),
        endpoint("http", transport="tls", name="well"),
    ]
    with serving(tmp_path, endpoints, certificates=str(tmp_path)) as servers:
        trust = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        assert servers.bound["refusing"] == []
        with connection(servers.place("garbage")) as sock, pytest.raises(ssl.SSLError):
            trust.wrap_socket(sock, server_hostname="127.0.0.1")
        with connection(servers.place("silent")) as mute:
            mute.sendall(b"neither TLS nor anything else")
            # A well server that was asked later and has answered shows that the silent one will not.
            with (
                connection(servers.place("well")) as sock,
                trust.wrap_socket(sock, server_hostname="127.0.0.1") as safe,
            ):
                safe.sendall(b"GET /generate_204 HTTP/1.0\r\n\r\n")
                assert safe.recv(100).startswith(b"HTTP/1.1 204")
            mute.setblocking(False)
            with pytest.raises(BlockingIOError):
                mute.recv(100)


def test_the_authority_is_written_before_anything_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bool] = []

    def opened(address: str, port: int, transport: str, namespace: str | None = None) -> socket.socket:
        written.append((tmp_path / "new" / "ca.pem").exists())
        return sockets.open_socket(address, port, transport, namespace)

    monkeypatch.setattr(serve, "open_socket", opened)
    entry = endpoint("tcp_accept", transport="tls")
    config = parse_config({"seed": 1, "endpoints": [entry], "certificates": str(tmp_path / "new")})

    async def start_and_end() -> None:
        (await serve.start_servers(config)).close()
        await asyncio.sleep(0)

    asyncio.run(start_and_end())
    assert written == [True]
