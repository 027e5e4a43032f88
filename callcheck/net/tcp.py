"""TCP connections, with TLS where asked, and SYNs of limited TTL that bring back the hop where they expired."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import sys
from collections.abc import Callable

from callcheck.api import IcmpError, TcpState
from callcheck.net import errors
from callcheck.net.clock import Clock
from callcheck.net.failures import failure_of
from callcheck.net.tls import client_context
from callcheck.words import Failure

HEADER_BYTES = 40
_CLOSED_S = 0.1
# Hello, certificates and what ends a handshake, with their headers: what a web site usually takes.
_TLS_HANDSHAKE_BYTES = 6_000
# `struct tcp_info` up to tcpi_segs_in (Linux 4.2).
_TCP_INFO = getattr(socket, "TCP_INFO", 11)
_TCP_INFO_BYTES = 144

Count = Callable[[int], None]
Settle = Callable[[TcpState], None]


def _forget(_: TcpState) -> None:
    return None


class TcpStream:
    """Meets `api.Stream`. Sizes told to `spend`, which may refuse by raising, are at the IP layer, one
    header a call, in both directions; `settle` gets the kernel's own count when the connection ends."""

    def __init__(
        self,
        sock: socket.socket,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connect_ms: float,
        *,
        spend: Count,
        settle: Settle = _forget,
    ) -> None:
        self._sock = sock
        self._settle = settle
        self._reader = reader
        self._writer = writer
        self._connect_ms = connect_ms
        self._spend = spend

    @property
    def connect_ms(self) -> float:
        return self._connect_ms

    async def start_tls(self, name: str, *, timeout_s: float, verify: bool = True) -> Failure | None:
        before = self.state()
        try:
            async with asyncio.timeout(max(timeout_s, 0)):
                await self._writer.start_tls(client_context(verify=verify), server_hostname=name or None)
        except OSError as error:
            return failure_of(error)
        except ValueError:  # a name that no certificate could carry
            return Failure.tls_failed
        finally:
            self._spend(_moved(before, self.state()))
        return None

    def state(self) -> TcpState | None:
        return tcp_state(self._sock)

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
        self.abort()
        # After a TLS handshake that timed out asyncio never says that the connection is closed.
        with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
            async with asyncio.timeout(_CLOSED_S):
                await self._writer.wait_closed()

    def abort(self) -> None:
        """Drop the connection at once, for an owner that cannot wait."""
        if (state := self.state()) is not None:
            self._settle(state)
            self._settle = _forget
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
    settle: Settle = _forget,
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
            context = client_context() if tls else None
            reader, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=tls or None)
            if tls:
                spend(_TLS_HANDSHAKE_BYTES)
    except OSError as error:
        expired = errors.next_error(sock, clock) if ttl is not None else None
        sock.close()
        return expired or failure_of(error)
    except BaseException:
        sock.close()
        raise
    return TcpStream(sock, reader, writer, connect_ms, spend=spend, settle=settle)


def tcp_state(sock: socket.socket | None) -> TcpState | None:
    """The kernel's counters of a connection (Linux `struct tcp_info`, linux/tcp.h); None where there are none."""
    if sock is None:
        return None
    try:
        raw = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _TCP_INFO_BYTES)
    except (OSError, ValueError):
        return None
    if sys.platform != "linux" or len(raw) < _TCP_INFO_BYTES:
        return None
    (rtt_us,) = struct.unpack_from("=I", raw, 68)
    (retransmitted,) = struct.unpack_from("=I", raw, 100)
    acked, received, segments_sent, segments_received = struct.unpack_from("=QQII", raw, 120)
    return TcpState(rtt_us / 1000, segments_sent, segments_received, retransmitted, acked, received)


def _moved(before: TcpState | None, after: TcpState | None) -> int:
    """Bytes at the IP layer between two readings, both ways; a handshake's usual size where nothing was told."""
    if before is None or after is None:
        return _TLS_HANDSHAKE_BYTES
    payload = after.bytes_acked + after.bytes_received - before.bytes_acked - before.bytes_received
    segments = after.segments_sent + after.segments_received - before.segments_sent - before.segments_received
    return payload + segments * HEADER_BYTES
