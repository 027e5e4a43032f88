"""What a TLS handshake comes to that is answered, cut, reset or left alone, with real sockets on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

import pytest

from callcheck.api import Failure
from callcheck.net.clock import Clock
from callcheck.net.tcp import TcpStream, open_tcp
from callcheck_messaging.names import ANSWERS
from callcheck_messaging.talk import secure

ALERT = bytes.fromhex("15030300020270")  # fatal, unrecognized_name (RFC 6066 section 3)


async def behave(how: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(2_000)
    if how == "alert":
        writer.write(ALERT)
        await writer.drain()
    if how == "reset":
        plain = writer.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    if how == "silence":
        await reader.read(1)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("how", "failure"),
    [
        ("alert", Failure.tls_failed),
        ("end", Failure.eof),
        ("reset", Failure.reset),
        ("silence", Failure.timeout),
    ],
)
def test_an_alert_is_an_answer_and_nothing_else_is(how: str, failure: Failure) -> None:
    async def shaken() -> Failure | None:
        server = await asyncio.start_server(lambda r, w: behave(how, r, w), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            stream = await open_tcp("127.0.0.1", port, Clock(), timeout_s=5, spend=lambda _bytes: None)
            assert isinstance(stream, TcpStream)
            try:
                return await secure(stream, "web.whatsapp.com", timeout_s=0.3 if how == "silence" else 5)
            finally:
                await stream.close()

    came = asyncio.run(shaken())
    assert came is failure
    assert (came in ANSWERS) == (how == "alert")
