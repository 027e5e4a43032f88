"""One connected UDP socket of a flow, with kernel receive stamps where the system gives them."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

# The socket module of Python 3.11 does not name it; 35 on Linux x86-64 and arm64 (facts/inference.md 6.6).
_SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
_TIMESPEC = struct.Struct("qq")
_RECEIVE_BUFFER_BYTES = 1 << 20
_LARGEST_DATAGRAM_BYTES = 2048
_ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)
_CLOCKS_APART_NS = 20_000
_OLDEST_STAMP_NS = 10_000_000_000
IPV4_UDP_HEADER_BYTES = 28
IPV6_UDP_HEADER_BYTES = 48

# A way that is closed carries no packets; an error outside these lists is a fault of the instrument.
_NO_WAY_OUT = frozenset(
    {
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
        errno.EPERM,
        errno.EACCES,
    }
)
# The system has no socket, port or memory to give: the flow goes on without, and says that nothing left.
_NO_SOCKET = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRINUSE, errno.EAGAIN})


def realtime_ahead_ns() -> int:
    """CLOCK_REALTIME less the monotonic clock, read so close together that the scheduler cannot come between."""
    for _ in range(3):
        before_ns = time.monotonic_ns()
        realtime_ns = time.time_ns()
        after_ns = time.monotonic_ns()
        if after_ns - before_ns < _CLOCKS_APART_NS:
            break
    return realtime_ns - (before_ns + after_ns) // 2


@dataclass(frozen=True, slots=True)
class Arrived:
    """A datagram: when the kernel had it, and when we read it, in monotonic nanoseconds."""

    payload: bytes
    at_ns: int
    taken_ns: int


class Leg:
    """A connected socket on a source port of its own. Where the system gives none it is silent, never an error.

    `opened_ns` is when its first datagram left, `sent` how many did. `icmp_errors` counts what the network returned.
    """

    __slots__ = ("header_bytes", "icmp_errors", "opened_ns", "sent", "socket")

    def __init__(self, sock: socket.socket | None, header_bytes: int) -> None:
        self.socket = sock
        self.header_bytes = header_bytes
        self.opened_ns: int | None = None
        self.sent = 0
        self.icmp_errors = 0

    @classmethod
    def open(cls, address: str, port: int) -> Leg:
        """Raises ValueError for a name in place of an address, OSError for a fault of the instrument."""
        family, header_bytes = family_of(address)
        sock: socket.socket | None = None
        try:
            sock = socket.socket(family, socket.SOCK_DGRAM)
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            sock.connect((address, port))
        except OSError as error:
            if sock is not None:
                sock.close()
            if error.errno in _NO_WAY_OUT | _NO_SOCKET:
                return cls(None, header_bytes)
            raise
        return cls(sock, header_bytes)

    def send(self, payload: bytes) -> tuple[int, bool]:
        """Send one datagram: the monotonic nanoseconds just before, and whether the system took it."""
        sent_ns = time.monotonic_ns()
        if self.socket is None:
            return sent_ns, False
        try:
            self.socket.send(payload)
        except OSError:
            # Linux reports an earlier ICMP error in place of sending; reading the error clears it.
            self.icmp_errors += 1
            sent_ns = time.monotonic_ns()
            try:
                self.socket.send(payload)
            except OSError:
                self.icmp_errors -= 1  # it stays, so it is the system's own
                return sent_ns, False
        self.sent += 1
        if self.opened_ns is None:
            self.opened_ns = sent_ns
        return sent_ns, True

    def receive(self, at_most: int) -> Iterator[Arrived]:
        """Up to `at_most` datagrams that are waiting."""
        if self.socket is None:
            return
        ahead_ns = realtime_ahead_ns()
        for _ in range(at_most):
            try:
                payload, ancillary, _, _ = self.socket.recvmsg(_LARGEST_DATAGRAM_BYTES, _ANCILLARY_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self.icmp_errors += 1  # reading it took it from the socket
                continue
            taken_ns = time.monotonic_ns()
            yield Arrived(payload, _arrival_ns(ancillary, ahead_ns, taken_ns), taken_ns)

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def family_of(address: str) -> tuple[socket.AddressFamily, int]:
    for family, header_bytes in (
        (socket.AF_INET, IPV4_UDP_HEADER_BYTES),
        (socket.AF_INET6, IPV6_UDP_HEADER_BYTES),
    ):
        with contextlib.suppress(OSError):
            socket.inet_pton(family, address)
            return family, header_bytes
    raise ValueError(f"not an IP address: {address!r}")


def _arrival_ns(ancillary: list[tuple[int, int, bytes]], ahead_ns: int, taken_ns: int) -> int:
    """The kernel's stamp on the monotonic clock; our own reading where there is none or a clock was set meanwhile."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            stamp_ns = int(seconds) * 1_000_000_000 + int(nanoseconds) - ahead_ns
            if taken_ns - _OLDEST_STAMP_NS <= stamp_ns <= taken_ns:
                return stamp_ns
    return taken_ns
