"""Real sockets on loopback: stamps, ICMP errors, limits."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.api import IcmpError, Packet
from callcheck.net.clock import Clock
from callcheck.net.errors import parse_extended_error
from callcheck.net.tcp import TcpStream, open_tcp
from callcheck.net.udp import DatagramSocket, open_udp
from callcheck.words import Failure

linux = pytest.mark.skipif(sys.platform != "linux", reason="ICMP errors are read from Linux's error queue")


def spend(_: int) -> None:
    return None


async def exchanged(payload: bytes) -> tuple[Packet | IcmpError | None, int, int]:
    """What one datagram to an echo brings, when it left, and when we looked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo:
        echo.bind(("127.0.0.1", 0))
        clock = Clock()
        sock = open_udp("127.0.0.1", echo.getsockname()[1], clock)
        assert isinstance(sock, DatagramSocket)
        try:
            sent_us = sock.send(payload)
            assert isinstance(sent_us, int)
            data, peer = echo.recvfrom(2048)
            echo.sendto(data, peer)
            return await sock.receive(timeout_s=2), sent_us, clock.now_us()
        finally:
            sock.close()


def test_a_datagram_comes_back_with_a_stamp_between_sending_and_reading() -> None:
    packet, sent_us, read_us = asyncio.run(exchanged(b"hello"))
    assert isinstance(packet, Packet)
    assert packet.payload == b"hello"
    # The kernel stamps by another clock: a millisecond covers the relation of the two.
    assert sent_us - 1000 <= packet.received_us <= read_us + 1000
    if sys.platform == "linux":
        assert packet.kernel_stamped


@linux
def test_a_closed_port_is_an_icmp_error_with_the_name_of_the_host() -> None:
    async def asked() -> Packet | IcmpError | None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        sock = open_udp("127.0.0.1", port, Clock())
        assert isinstance(sock, DatagramSocket)
        try:
            sock.send(b"anybody?")
            return await sock.receive(timeout_s=2)
        finally:
            sock.close()

    error = asyncio.run(asked())
    assert isinstance(error, IcmpError)
    assert (error.failure, error.hop, error.icmp_type, error.icmp_code) == (Failure.refused, "127.0.0.1", 3, 3)


def test_silence_ends_with_nothing_at_the_time_limit() -> None:
    async def asked() -> Packet | IcmpError | None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.0.1", 0))
            sock = open_udp("127.0.0.1", mute.getsockname()[1], Clock())
            assert isinstance(sock, DatagramSocket)
            try:
                sock.send(b"anybody?")
                return await sock.receive(timeout_s=0.02)
            finally:
                sock.close()

    assert asyncio.run(asked()) is None


def test_what_cannot_be_sent_has_a_name() -> None:
    async def sent() -> int | Failure:
        sock = open_udp("127.0.0.1", 9, Clock())
        assert isinstance(sock, DatagramSocket)
        try:
            return sock.send(bytes(70_000))
        finally:
            sock.close()

    assert asyncio.run(sent()) is Failure.other


def extended_error(origin: int, icmp_type: int, code: int, hop: bytes) -> bytes:
    return struct.pack("=IBBBxII", 113, origin, icmp_type, code, 0, 0) + hop


HOP_4 = struct.pack("=HH4s8x", socket.AF_INET, 0, bytes([198, 51, 100, 1]))


@pytest.mark.parametrize(
    ("data", "failure", "hop"),
    [
        (extended_error(2, 11, 0, HOP_4), Failure.expired, "198.51.100.1"),
        (extended_error(2, 3, 3, HOP_4), Failure.refused, "198.51.100.1"),
        (extended_error(2, 3, 13, HOP_4), Failure.host_unreachable, "198.51.100.1"),
        (extended_error(1, 0, 0, HOP_4), Failure.other, ""),
        (extended_error(2, 11, 0, b""), Failure.expired, ""),
        (b"\x00" * 5, Failure.other, ""),
    ],
)
def test_extended_errors_name_the_failure_and_the_hop(data: bytes, failure: Failure, hop: str) -> None:
    error = parse_extended_error(data, 7)
    assert (error.failure, error.hop, error.received_us) == (failure, hop, 7)


@given(st.binary(max_size=80))
def test_no_ancillary_bytes_make_the_reader_raise(data: bytes) -> None:
    assert isinstance(parse_extended_error(data, 0), IcmpError)


def test_a_tcp_connection_carries_bytes_and_ends_with_a_name() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(4))
        writer.close()
        await writer.wait_closed()

    async def asked() -> tuple[bytes | Failure, bytes | Failure, float]:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            stream = await open_tcp("127.0.0.1", port, Clock(), timeout_s=2, spend=spend)
            assert isinstance(stream, TcpStream)
            assert await stream.send(b"ping") is None
            first = await stream.receive(max_bytes=100, timeout_s=2)
            second = await stream.receive(max_bytes=100, timeout_s=2)
            await stream.close()
            return first, second, stream.connect_ms

    first, second, connect_ms = asyncio.run(asked())
    assert (first, second) == (b"ping", Failure.eof)
    assert connect_ms >= 0


def test_a_refused_connection_has_its_name() -> None:
    async def asked() -> object:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        return await open_tcp("127.0.0.1", port, Clock(), timeout_s=2, spend=spend)

    assert asyncio.run(asked()) is Failure.refused
