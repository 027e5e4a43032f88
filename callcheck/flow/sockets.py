"""One connected UDP socket of a flow, with kernel receive stamps where the system gives them."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import time
from collections.abc import Iterator

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

# A way that is closed loses packets like any other loss; an error outside this list is a fault of the instrument.
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


def realtime_ahead_ns() -> int:
    """CLOCK_REALTIME less the monotonic clock, read so close together that the scheduler cannot come between."""
    for _ in range(3):
        before_ns = time.monotonic_ns()
        realtime_ns = time.time_ns()
        after_ns = time.monotonic_ns()
        if after_ns - before_ns < _CLOCKS_APART_NS:
            break
    return realtime_ns - (before_ns + after_ns) // 2


class Leg:
    """A connected socket on a source port of its own. Without a way to the address it is silent, never an error."""

    def __init__(self, sock: socket.socket | None, header_bytes: int) -> None:
        self.socket = sock
        self.header_bytes = header_bytes

    @classmethod
    def open(cls, address: str, port: int) -> Leg:
        """Raises OSError where the system has no socket to give, ValueError for a name in place of an address."""
        family, header_bytes = _family_of(address)
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            sock.connect((address, port))
        except OSError as error:
            sock.close()
            if error.errno in _NO_WAY_OUT:
                return cls(None, header_bytes)
            raise
        return cls(sock, header_bytes)

    def send(self, payload: bytes) -> int:
        """Send one datagram; the monotonic nanoseconds just before. What the system refuses to send is lost."""
        sent_ns = time.monotonic_ns()
        if self.socket is None:
            return sent_ns
        try:
            self.socket.send(payload)
        except ConnectionRefusedError:
            # Linux reports an earlier ICMP error here in place of sending; reading the error clears it.
            sent_ns = time.monotonic_ns()
            with contextlib.suppress(OSError):
                self.socket.send(payload)
        except OSError:
            pass
        return sent_ns

    def receive(self, at_most: int) -> Iterator[tuple[bytes, int]]:
        """Up to `at_most` datagrams that are waiting, each with the monotonic nanoseconds of its arrival."""
        if self.socket is None:
            return
        ahead_ns = realtime_ahead_ns()
        for _ in range(at_most):
            try:
                payload, ancillary, _, _ = self.socket.recvmsg(_LARGEST_DATAGRAM_BYTES, _ANCILLARY_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                continue  # an ICMP error; reading it took it from the socket
            yield payload, _arrival_ns(ancillary, ahead_ns)

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def _family_of(address: str) -> tuple[socket.AddressFamily, int]:
    for family, header_bytes in (
        (socket.AF_INET, IPV4_UDP_HEADER_BYTES),
        (socket.AF_INET6, IPV6_UDP_HEADER_BYTES),
    ):
        with contextlib.suppress(OSError):
            socket.inet_pton(family, address)
            return family, header_bytes
    raise ValueError(f"not an IP address: {address!r}")


def _arrival_ns(ancillary: list[tuple[int, int, bytes]], ahead_ns: int) -> int:
    """The kernel's stamp on the monotonic clock; our own reading where there is none or a clock was set meanwhile."""
    now_ns = time.monotonic_ns()
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            stamp_ns = int(seconds) * 1_000_000_000 + int(nanoseconds) - ahead_ns
            if now_ns - _OLDEST_STAMP_NS <= stamp_ns <= now_ns:
                return stamp_ns
    return now_ns
