"""QUIC and HTTP/3: aioquic's own client against the endpoint, and datagrams by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, QuicEvent

from callcheck.lab.servers.responder import Address
from tests.lab_servers.harness import PATIENCE_S, Running, endpoint, serving, udp_socket

UNKNOWN_VERSION = bytes.fromhex("1a2a3a4a")
OUR_ID, THEIR_ID = bytes(range(8)), bytes(range(0xA0, 0xA8))
_AT_ONCE = 20
"""Datagrams that fit into a socket's buffer if the server is not running just then."""
ZONE = {"www.google.com": ["192.0.2.1"], "vk.com": ["192.0.2.2"]}


@pytest.fixture(scope="module")
def quic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    """A server that believes every address, one that wants it proven, and where their authority is written."""
    directory = tmp_path_factory.mktemp("quic")
    endpoints = [endpoint("quic"), endpoint("quic", name="retrying") | {"options": {"retry": True}}]
    with serving(directory, endpoints, certificates=str(directory), zone=ZONE) as running:
        yield running, directory


class _Browser(QuicConnectionProtocol):
    """An HTTP/3 client with one page in mind."""

    def __init__(self, quic: QuicConnection) -> None:
        super().__init__(quic)
        self._http = H3Connection(quic)
        self._page: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()
        self._status = b""
        self._body = b""

    async def get(self, path: str, method: str = "GET") -> tuple[bytes, bytes]:
        """Status and body; ConnectionError when the server ends the connection first."""
        stream_id = self._quic.get_next_available_stream_id()
        head = {":method": method, ":scheme": "https", ":authority": "any.example", ":path": path}
        self._http.send_headers(stream_id, [(k.encode(), v.encode()) for k, v in head.items()], end_stream=True)
        self.transmit()
        async with asyncio.timeout(PATIENCE_S):
            return await self._page

    async def ask_strangely(self, *, trailers: bool, stop: bool) -> None:
        """A question with headers behind it, or one whose answer is refused in the same packet."""
        stream_id = self._quic.get_next_available_stream_id()
        head = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"a"), (b":path", b"/")]
        self._http.send_headers(stream_id, head, end_stream=not trailers)
        if trailers:
            self._http.send_headers(stream_id, [(b"x-trailer", b"1")], end_stream=True)
        if stop:
            self._quic.stop_stream(stream_id, 0x010C)
        self.transmit()
        await self.ping()

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ConnectionTerminated) and not self._page.done():
            self._page.cancel()
        for answer in self._http.handle_event(event):
            if isinstance(answer, HeadersReceived):
                self._status = dict(answer.headers)[b":status"]
            if isinstance(answer, DataReceived):
                self._body += answer.data
            if isinstance(answer, HeadersReceived | DataReceived) and answer.stream_ended:
                self._page.set_result((self._status, self._body))


@asynccontextmanager
async def _browser(place: Address, trusted: Path, name: str) -> AsyncIterator[_Browser]:
    """A client that has shaken hands; ConnectionError when the handshake fails."""
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, server_name=name)
    configuration.load_verify_locations(cafile=str(trusted))
    loop = asyncio.get_running_loop()
    transport, browser = await loop.create_datagram_endpoint(
        lambda: _Browser(QuicConnection(configuration=configuration)), local_addr=("127.0.0.1", 0)
    )
    try:
        browser.connect(place)
        async with asyncio.timeout(PATIENCE_S):
            await browser.wait_connected()
        yield browser
    finally:
        browser.close()
        transport.close()
        await asyncio.sleep(0)


def _with_browser(
    servers: Running, directory: Path, use: Callable[[_Browser], Awaitable[None]], *, name: str, endpoint_name: str
) -> None:
    async def run() -> None:
        async with _browser(servers.place(endpoint_name), directory / "ca.pem", name) as browser:
            await use(browser)

    asyncio.run(run())


def _probe(version: bytes, size_bytes: int) -> bytes:
    head = b"\xc0" + version + bytes([8]) + THEIR_ID + bytes([8]) + OUR_ID
    return head.ljust(size_bytes, b"\0")


@pytest.mark.parametrize("name", ["www.google.com", "vk.com", "127.0.0.1"])
@pytest.mark.parametrize("endpoint_name", ["quic", "retrying"])
def test_an_http_3_client_gets_a_page_by_every_name_of_the_certificate(
    quic: tuple[Running, Path], name: str, endpoint_name: str
) -> None:
    async def use(browser: _Browser) -> None:
        status, body = await browser.get("/?x=1")
        assert status == b"200"
        assert b"<title>callcheck lab</title>" in body
        assert bool(browser._quic._retry_count) == (endpoint_name == "retrying")

    _with_browser(*quic, use, name=name, endpoint_name=endpoint_name)


@pytest.mark.parametrize(
    ("path", "method", "status", "body"),
    [
        ("/generate_204", "GET", b"204", b""),
        ("/nowhere", "GET", b"404", b"nothing is here\n"),
        ("/", "HEAD", b"200", b""),
    ],
)
def test_other_requests_have_their_answers_too(
    quic: tuple[Running, Path], path: str, method: str, status: bytes, body: bytes
) -> None:
    async def use(browser: _Browser) -> None:
        assert await browser.get(path, method) == (status, body)

    _with_browser(*quic, use, name="vk.com", endpoint_name="quic")


@pytest.mark.parametrize(("trailers", "stop"), [(True, False), (False, True), (True, True)])
def test_a_strange_question_does_no_harm(quic: tuple[Running, Path], trailers: bool, stop: bool) -> None:
    async def use(browser: _Browser) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await browser.ask_strangely(trailers=trailers, stop=stop)

    _with_browser(*quic, use, name="vk.com", endpoint_name="quic")


def test_a_name_outside_the_certificate_does_not_pass_the_client(quic: tuple[Running, Path]) -> None:
    async def use(browser: _Browser) -> None:
        raise AssertionError("the client was content")

    with pytest.raises(ConnectionError):
        _with_browser(*quic, use, name="other.example", endpoint_name="quic")


def test_an_unknown_version_in_a_full_datagram_is_answered_with_the_known_ones(quic: tuple[Running, Path]) -> None:
    servers, _ = quic
    with udp_socket() as sock:
        sock.sendto(_probe(UNKNOWN_VERSION, 1200), servers.place("quic"))
        answer, _ = sock.recvfrom(2048)
    assert answer[0] & 0x80
    # RFC 9000 section 17.2.1: version 0, the identities turned round, then the versions: 1 and 2 (RFC 9369).
    assert answer[1:] == bytes(4) + b"\x08" + OUR_ID + b"\x08" + THEIR_ID + bytes.fromhex("00000001 6b3343cf")


def test_only_an_initial_with_an_own_token_is_believed_where_addresses_are_proven(quic: tuple[Running, Path]) -> None:
    servers, _ = quic
    with udp_socket() as sock:
        # A token's length of 0 and a packet's length of 1174 follow the identities.
        sock.sendto(_probe(bytes.fromhex("00000001"), 23) + b"\0\x44\x96" + bytes(1174), servers.place("retrying"))
        answer, _ = sock.recvfrom(2048)
    assert answer[0] & 0xF0 == 0xF0
    assert answer[1:5] == bytes.fromhex("00000001")
    assert answer[6:14] == OUR_ID


def test_what_begins_no_connection_gets_no_answer(quic: tuple[Running, Path]) -> None:
    servers, _ = quic
    random = Random(20261122)
    unanswered = [
        b"",
        b"\xc0",
        _probe(UNKNOWN_VERSION, 1199),
        _probe(UNKNOWN_VERSION, 23),
        _probe(bytes(4), 1200),
        b"\x40" + random.randbytes(40),
        *(bytes([0xC0]) + bytes.fromhex("00000001") + random.randbytes(random.randrange(1300)) for _ in range(200)),
        *(bytes([0x40 | random.getrandbits(6)]) + random.randbytes(random.randrange(60)) for _ in range(100)),
    ]
    with udp_socket() as sock:
        for first in range(0, len(unanswered), _AT_ONCE):
            for datagram in unanswered[first : first + _AT_ONCE]:
                sock.sendto(datagram, servers.place("quic"))
            sock.sendto(_probe(UNKNOWN_VERSION, 1200), servers.place("quic"))
            answer, _ = sock.recvfrom(2048)
            assert answer[1:5] == bytes(4)
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(2048)
    assert servers.process.poll() is None


def test_faults_touch_quic_too(tmp_path: Path) -> None:
    endpoints = [
        endpoint("quic", name="silent", fault="silent"),
        endpoint("quic", name="garbage", fault="garbage"),
        endpoint("quic", name="refusing", fault="refusing"),
        endpoint("quic", name="rationed", fault="rate_limited"),
        endpoint("quic", name="well"),
    ]
    probe = _probe(UNKNOWN_VERSION, 1200)
    with serving(tmp_path, endpoints, certificates=str(tmp_path)) as servers, udp_socket() as sock:
        assert servers.bound["refusing"] == []
        sock.sendto(probe, servers.place("garbage"))
        junk, _ = sock.recvfrom(2048)
        assert junk[1:6] != bytes(4) + b"\x08"
        sock.sendto(probe, servers.place("silent"))
        for name in ("rationed", "well"):
            for _ in range(2 * _AT_ONCE):
                sock.sendto(probe, servers.place(name))
        # The loop reads one datagram of each socket in a turn: when the well endpoint is done, so are those before it.
        sources: list[Address] = []
        while sources.count(servers.place("well")) < 2 * _AT_ONCE:
            sources.append(sock.recvfrom(2048)[1])
    assert servers.place("silent") not in sources
    assert 10 <= sources.count(servers.place("rationed")) < 2 * _AT_ONCE
