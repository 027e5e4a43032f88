"""One HTTP request: over TLS by name, without a proxy, and every way it can fail has a name."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callcheck.api import Fetched, TcpState
from callcheck.lab.servers.certificates import make_certificates
from callcheck.net.clock import Clock
from callcheck.net.http import fetch
from callcheck.net.tcp import TcpStream, open_tcp
from callcheck.words import Failure

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
NAME = "site.example"


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def _page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await _read_head(reader)
    size = int(next((line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")), 0))
    await reader.readexactly(size)
    body = head.split(b"\r\n")[0] + b" %d" % size
    writer.write(b"HTTP/1.1 200 OK\r\nX-Kind: A\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def _freezes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _read_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + bytes(1000))
    await asyncio.sleep(60)


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _read_head(reader)
    writer.write(b"\x00\xff nothing of the kind\r\n\r\n")


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(-1)


async def _hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _read_head(reader)


@asynccontextmanager
async def serving(talk: Talk, tls: Path | None = None) -> AsyncIterator[int]:
    certificates = make_certificates(tls, names=[NAME], addresses=["127.0.0.1"]) if tls else None

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    context = certificates.server_context(["http/1.1"]) if certificates else None
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0)


def fetched(
    talk: Talk, *, tls: Path | None = None, name: str = NAME, content: bytes = b"", timeout_s: float = 5.0
) -> tuple[Fetched | Failure, int, list[int]]:
    """What came of one request, the bytes that were booked, and the sizes of the pieces."""
    booked: list[int] = []
    pieces: list[int] = []
    settled: list[TcpState] = []

    async def ask() -> Fetched | Failure:
        async with serving(talk, tls) as port:
            return await fetch(
                "127.0.0.1",
                port,
                name,
                "/path?n=1",
                Clock(),
                tls=tls is not None,
                method="POST" if content else "GET",
                content=content,
                timeout_s=timeout_s,
                spend=booked.append,
                settle=settled.append,
                on_bytes=pieces.append,
            )

    found = asyncio.run(ask())
    if isinstance(found, Fetched):
        (state,) = settled
        assert state.bytes_received >= found.size_bytes
    return found, sum(booked), pieces


def test_a_page_comes_with_its_head_its_body_and_its_times() -> None:
    found, booked, pieces = fetched(_page)
    assert isinstance(found, Fetched)
    assert (found.status, found.headers["x-kind"], found.body) == (200, "A", b"GET /path?n=1 HTTP/1.1 0")
    assert found.size_bytes == sum(pieces) == len(found.body)
    assert 0 < found.first_byte_ms <= found.took_ms
    assert booked > len(found.body) + 500


def test_a_body_goes_up_and_is_booked() -> None:
    found, booked, _ = fetched(_page, content=bytes(50_000))
    assert isinstance(found, Fetched)
    assert found.body == b"POST /path?n=1 HTTP/1.1 50000"
    assert 50_000 < booked < 56_000


def test_the_name_is_shown_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    found, _, _ = fetched(_page, tls=tmp_path)
    assert isinstance(found, Fetched)
    assert found.status == 200
    assert fetched(_page, tls=tmp_path, name="other.example")[0] is Failure.tls_invalid


def test_a_certificate_of_nobody_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    assert fetched(_page, tls=tmp_path)[0] is Failure.tls_invalid


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert isinstance(fetched(_page)[0], Fetched)


def test_a_transfer_that_freezes_ends_in_time_and_says_how_much_came() -> None:
    found, _, pieces = fetched(_freezes, timeout_s=0.5)
    assert found is Failure.timeout
    assert sum(pieces) == 1000


@pytest.mark.parametrize(("talk", "failure"), [(_garbage, Failure.malformed), (_hangs_up, Failure.eof)])
def test_what_is_no_answer_has_a_name(talk: Talk, failure: Failure) -> None:
    assert fetched(talk)[0] is failure


def test_a_closed_port_is_refused() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def ask() -> Fetched | Failure:
        return await fetch(
            "127.0.0.1", port, NAME, "/", Clock(), tls=False, timeout_s=2, spend=lambda _: None, settle=lambda _: None
        )

    assert asyncio.run(ask()) is Failure.refused


def shaken(talk: Talk, tls: Path, name: str, *, verify: bool) -> tuple[Failure | None, int, bytes | Failure]:
    """What came of a handshake on an open connection, the bytes booked for it, and of one question after it."""
    booked: list[int] = []

    async def ask() -> tuple[Failure | None, int, bytes | Failure]:
        async with serving(talk, tls) as port:
            stream = await open_tcp("127.0.0.1", port, Clock(), timeout_s=2, spend=booked.append)
            assert isinstance(stream, TcpStream)
            try:
                failure = await stream.start_tls(name, timeout_s=2, verify=verify)
                handshake_bytes = sum(booked)
                if failure is not None:
                    return failure, handshake_bytes, failure
                await stream.send(b"GET /path?n=1 HTTP/1.1\r\n\r\n")
                return failure, handshake_bytes, await stream.receive(max_bytes=100, timeout_s=2)
            finally:
                await stream.close()

    return asyncio.run(ask())


def test_tls_starts_on_an_open_connection_under_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    failure, handshake_bytes, said = shaken(_page, tmp_path, NAME, verify=True)
    assert (failure, said[:15]) == (None, b"HTTP/1.1 200 OK") if isinstance(said, bytes) else pytest.fail(str(said))
    assert 800 < handshake_bytes < 8_000
    assert shaken(_page, tmp_path, "other.example", verify=True)[0] is Failure.tls_invalid
    assert shaken(_page, tmp_path, "other.example", verify=False)[0] is None


def test_the_kernel_counts_what_a_connection_moved() -> None:
    async def ask() -> None:
        async with serving(_page) as port:
            stream = await open_tcp("127.0.0.1", port, Clock(), timeout_s=2, spend=lambda _: None)
            assert isinstance(stream, TcpStream)
            await stream.send(b"GET / HTTP/1.1\r\n\r\n")
            answer = await stream.receive(max_bytes=1000, timeout_s=2)
            state = stream.state()
            await stream.close()
            assert isinstance(answer, bytes)
            assert state is not None
            assert len(answer) <= state.bytes_received <= len(answer) + 1, "the end of a stream counts as a byte"
            assert state.retransmitted == 0
            assert state.segments_sent >= 2
            assert stream.state() is None, "a closed connection has no counters"

    asyncio.run(ask())


def test_a_handshake_that_is_never_answered_ends_in_time_and_lets_go() -> None:
    async def ask() -> Failure | None:
        async with serving(_silent) as port:
            stream = await open_tcp("127.0.0.1", port, Clock(), timeout_s=2, spend=lambda _: None)
            assert isinstance(stream, TcpStream)
            failure = await stream.start_tls(NAME, timeout_s=0.2)
            async with asyncio.timeout(5):
                await stream.close()
            return failure

    assert asyncio.run(ask()) is Failure.timeout
