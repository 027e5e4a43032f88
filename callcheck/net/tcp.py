"""TCP connections, with TLS where asked, and SYNs of limited TTL that bring back the hop where they expired."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

from callcheck.api import IcmpError
from callcheck.net import errors
from callcheck.net.clock import Clock
from callcheck.net.failures import failure_of
from callcheck.words import Failure

HEADER_BYTES = 40

Count = Callable[[int], None]


class TcpStream:
    """Meets `api.Stream`. Sizes told to `spend`, which may refuse by raising, are at the IP layer, one
    header a call, in both directions."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connect_ms: float,
        spend: Count,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._connect_ms = connect_ms
        self._spend = spend

    @property
    def connect_ms(self) -> float:
        return self._connect_ms

    async def send(self, payload: bytes) -> Failure | None:
        self._spend(len(payload) + HEADER_BYTES)
        try:
            self._writer.write(payload)
            await self._writer.drain()
        except OSError as error:
            return failure_of(error)
        return None

    async def receive(self, *, max_bytes: int, timeout_s: float) -> bytes | Failure:
        try:
            async with asyncio.timeout(max(timeout_s, 0)):
                data = await self._reader.read(max_bytes)
        except OSError as error:
            return failure_of(error)
        self._spend(len(data) + HEADER_BYTES)
        return data or Failure.eof

    async def close(self) -> None:
        # Abort rather than linger: a frozen connection would hold the run for its retransmissions.
        self._writer.transport.abort()
        with contextlib.suppress(OSError, ssl.SSLError):
            await self._writer.wait_closed()

    def abort(self) -> None:
        """Drop the connection at once, for an owner that cannot wait."""
        self._writer.transport.abort()


async def open_tcp(
    address: str,
    port: int,
    clock: Clock,
    *,
    tls: str | None = None,
    ttl: int | None = None,
    timeout_s: float,
    spend: Count,
) -> TcpStream | Failure | IcmpError:
    """Connect within `timeout_s`; a SYN that expired on its way gives the ICMP error of that hop."""
    spend(HEADER_BYTES)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        return failure_of(error)
    sock.setblocking(False)
    started_us = clock.now_us()
    try:
        async with asyncio.timeout(timeout_s):
            if ttl is not None:
                errors.ask_for_errors(sock)
                errors.set_ttl(sock, ttl)
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
            connect_ms = (clock.now_us() - started_us) / 1000
            context = ssl.create_default_context() if tls else None
            reader, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=tls or None)
    except OSError as error:
        expired = errors.next_error(sock, clock) if ttl is not None else None
        sock.close()
        return expired or failure_of(error)
    except BaseException:
        sock.close()
        raise
    return TcpStream(reader, writer, connect_ms, spend)
