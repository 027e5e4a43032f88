"""UDP and ICMP-echo sockets with kernel receive stamps and ICMP errors in one ordered queue."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable

from callcheck.api import IcmpError, Packet
from callcheck.net import errors
from callcheck.net.clock import Clock
from callcheck.net.failures import failure_of
from callcheck.words import Failure

# The socket module of Python 3.11 does not name it; 35 on Linux x86-64 and arm64 (facts/inference.md 6.6).
_SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
_TIMESPEC = struct.Struct("qq")
_QUEUE_LIMIT = 4096
# A flood from one peer shall not keep the other sockets from being read.
_DATAGRAMS_AT_ONCE = 64
_UDP_HEADER_BYTES = 8
_IP_HEADER_BYTES = {socket.AF_INET: 20, socket.AF_INET6: 40}

Count = Callable[[int], None]


def _ignore(_: int) -> None:
    return None


class DatagramSocket:
    """A connected socket that meets `api.Datagram`. `spend` is told of bytes to send and may refuse by raising;
    `note` is told of bytes that came. Sizes are at the IP layer."""

    def __init__(self, sock: socket.socket, clock: Clock, spend: Count = _ignore, note: Count = _ignore) -> None:
        self._sock = sock
        self._clock = clock
        self._spend = spend
        self._note = note
        self._queue: deque[Packet | IcmpError] = deque(maxlen=_QUEUE_LIMIT)
        self._arrived = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._closed = False
        # What a ping socket takes and gives begins with the ICMP header itself.
        is_udp = sock.proto in {0, socket.IPPROTO_UDP}
        self._header_bytes = _IP_HEADER_BYTES.get(sock.family, 20) + (_UDP_HEADER_BYTES if is_udp else 0)
        sock.setblocking(False)
        errors.ask_for_errors(sock)
        if errors.supported:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._loop.add_reader(sock.fileno(), self._drain)

    @property
    def local(self) -> tuple[str, int]:
        host, port = self._sock.getsockname()[:2]
        return str(host), int(port)

    def send(self, payload: bytes, *, ttl: int | None = None) -> int | Failure:
        self._spend(len(payload) + self._header_bytes)
        try:
            if ttl is not None:
                errors.set_ttl(self._sock, ttl)
            sent_us = self._clock.now_us()
            self._sock.send(payload)
        except OSError as error:
            return failure_of(error)
        return sent_us

    async def receive(self, *, timeout_s: float) -> Packet | IcmpError | None:
        self._spend(0)  # what came unasked counts too, and may have used up the budget
        if not self._queue:
            self._arrived.clear()
            try:
                async with asyncio.timeout(max(timeout_s, 0)):
                    await self._arrived.wait()
            except TimeoutError:
                # The loop may have stood still: what the kernel took in time is in its queue, stamps and all.
                if not self._closed:
                    self._drain()
        return self._queue.popleft() if self._queue else None

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()
        self._arrived.set()

    def _drain(self) -> None:
        while (error := errors.next_error(self._sock, self._clock)) is not None:
            self._queue.append(error)
        for _ in range(_DATAGRAMS_AT_ONCE):
            packet = self._next_packet()
            if packet is None:
                break
            if isinstance(packet, Packet):
                self._note(len(packet.payload) + self._header_bytes)
            self._queue.append(packet)
        if self._queue:
            self._arrived.set()

    def _next_packet(self) -> Packet | IcmpError | None:
        try:
            payload, ancillary, _, _ = self._sock.recvmsg(65535, 256)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            # The pending socket error repeats what the error queue says in full, where there is such a queue.
            queued = errors.next_error(self._sock, self._clock)
            if queued is not None or errors.supported:
                return queued
            return IcmpError(failure_of(error), "", -1, -1, self._clock.now_us())
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack_from(data)
                stamp_us = self._clock.from_realtime_ns(seconds * 1_000_000_000 + nanoseconds)
                return Packet(payload, stamp_us, kernel_stamped=True)
        return Packet(payload, self._clock.now_us(), kernel_stamped=False)


def _connected(address: str, port: int, kind: socket.SocketKind, protocol: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        sock.connect((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def open_udp(
    address: str, port: int, clock: Clock, spend: Count = _ignore, note: Count = _ignore
) -> DatagramSocket | Failure:
    """A socket on a fresh source port, connected to `address` (IPv4 or IPv6)."""
    try:
        sock = _connected(address, port, socket.SOCK_DGRAM, 0)
    except OSError as error:
        return failure_of(error)
    return DatagramSocket(sock, clock, spend, note)


def open_icmp(address: str, clock: Clock, spend: Count = _ignore, note: Count = _ignore) -> DatagramSocket | Failure:
    """An ICMP echo socket without privileges, where `ping_group_range` allows it (icmp(7))."""
    protocol = socket.IPPROTO_ICMPV6 if ":" in address else socket.IPPROTO_ICMP
    try:
        sock = _connected(address, 0, socket.SOCK_DGRAM, protocol)
    except OSError as error:
        return failure_of(error)
    return DatagramSocket(sock, clock, spend, note)
