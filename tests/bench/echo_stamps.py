"""The far end of callcheck's flows: sends every datagram back and keeps the kernel's stamps of both ways.

What a round trip is measured against: on loopback sender and far end share one clock and no wire lies between. So the
true round trip of a packet is the time from the far kernel's receive stamp (SO_TIMESTAMPING RX_SOFTWARE, made inside
the sender's send call) to its transmit stamp (TX_SOFTWARE, made within a microsecond of the answer's receive stamp at
the sender, as measured on Linux 6.18). With `sent` and `received` as callcheck reports them:

    error of the sender   = far receive stamp - sent         its stamp before the send call, and what came between
    error of the receiver = received - far transmit stamp    what it adds after its kernel had the answer
    error of the RTT      = (received - sent) - (far transmit stamp - far receive stamp), the sum of the two

callcheck reports whole microseconds, rounded down, so an error is uncertain by one.
"""

from __future__ import annotations

import gc
import json
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

PAYLOAD_BYTES = 160
_HEADER = struct.Struct("!BI")
# linux/net_tstamp.h; the socket module does not name them.
_SO_TIMESTAMPING = 37
_TX_SOFTWARE, _RX_SOFTWARE, _SOFTWARE, _OPT_ID, _OPT_TSONLY = (1 << bit for bit in (1, 3, 4, 7, 11))
_FLAGS = _TX_SOFTWARE | _RX_SOFTWARE | _SOFTWARE | _OPT_ID | _OPT_TSONLY
_TIMESPEC = struct.Struct("qq")
_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # linux/errqueue.h sock_extended_err; OPT_ID puts the number in ee_data
_ANCILLARY_BYTES = 512
_CLOCK_READINGS = 200


@dataclass(slots=True)
class Labelled:
    """A flow codec: arm and packet number in clear, the far end sends the datagram back."""

    arm: int
    legs: int = 1
    packets_per_port: int = 0
    far_received: int | None = None

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:
        return ()

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:
        return 0, _HEADER.pack(self.arm, number).ljust(PAYLOAD_BYTES, b".")

    def received(self, leg: int, datagram: bytes) -> int | None:
        arm, number = _HEADER.unpack_from(datagram)
        return int(number) if arm == self.arm else None

    @property
    def ready(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class FarStamps:
    """Per (arm, packet number): when the far kernel received it and when it sent the answer, monotonic nanoseconds.

    `clock_step_ns` is by how much CLOCK_REALTIME, in which the kernel stamps, was set against the monotonic clock.
    """

    both_ns: dict[tuple[int, int], tuple[int, int]]
    clock_step_ns: int


class Echo:
    """A running far end; `finish` ends it and gives its stamps."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.port = port

    def finish(self) -> FarStamps:
        output, _ = self._process.communicate()
        found = json.loads(output)
        ahead_ns = found["ahead_ns"]
        both_ns = {
            (arm, number): (arrived_ns - ahead_ns, left_ns - ahead_ns)
            for arm, number, arrived_ns, left_ns in found["packets"]
            if arrived_ns is not None and left_ns is not None
        }
        return FarStamps(both_ns, found["step_ns"])


@contextmanager
def echo() -> Iterator[Echo]:
    """A far end on a free loopback port, in a process of its own that is gone afterwards."""
    argv = [sys.executable, "-m", "tests.bench.echo_stamps"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0) as process:
        try:
            assert process.stdout is not None
            yield Echo(process, int(process.stdout.readline()))
        finally:
            process.kill()


class _Table:
    """Every answered packet in the order of answering, which is how the kernel numbers its transmit stamps."""

    def __init__(self) -> None:
        self.packets: list[tuple[int, int, int | None]] = []
        self.left_ns: dict[int, int] = {}

    def answer(self, sock: socket.socket) -> None:
        try:
            datagram, ancillary, _, sender = sock.recvmsg(2048, _ANCILLARY_BYTES)
        except BlockingIOError:
            self.take_left(sock)
            return
        sock.sendto(datagram, sender)
        arm, number = _HEADER.unpack_from(datagram)
        self.packets.append((arm, number, _stamp_ns(ancillary)))
        self.take_left(sock)

    def take_left(self, sock: socket.socket) -> None:
        """Read the transmit stamps that wait in the socket's error queue."""
        while True:
            try:
                _, ancillary, _, _ = sock.recvmsg(0, _ANCILLARY_BYTES, socket.MSG_ERRQUEUE)
            except BlockingIOError:
                return
            stamp_ns = _stamp_ns(ancillary)
            for level, _, data in ancillary:
                if level == socket.IPPROTO_IP and stamp_ns is not None:
                    self.left_ns[int(_EXTENDED_ERROR.unpack_from(data)[6])] = stamp_ns

    def rows(self) -> list[tuple[int, int, int | None, int | None]]:
        return [(*packet, self.left_ns.get(index)) for index, packet in enumerate(self.packets)]


def _stamp_ns(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    """The software stamp, which is the first of three timespecs."""
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPING:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds) * 1_000_000_000 + int(nanoseconds)
    return None


def _realtime_ahead_ns() -> int:
    """CLOCK_REALTIME less the monotonic clock, from the closest of many readings."""

    def reading() -> tuple[int, int]:
        before_ns = time.monotonic_ns()
        realtime_ns = time.time_ns()
        after_ns = time.monotonic_ns()
        return after_ns - before_ns, realtime_ns - (before_ns + after_ns) // 2

    return min(reading() for _ in range(_CLOCK_READINGS))[1]


def main() -> None:
    """Print the port, answer until standard input ends, then print the table as JSON."""
    gc.disable()
    table = _Table()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _FLAGS)
        sock.bind(("127.0.0.1", 0))
        sys.stdout.write(f"{sock.getsockname()[1]}\n")
        sys.stdout.flush()
        ahead_ns = _realtime_ahead_ns()
        poller = select.poll()
        poller.register(sock, select.POLLIN)
        poller.register(sys.stdin, select.POLLIN)
        while sys.stdin.fileno() not in {descriptor for descriptor, _ in poller.poll()}:
            table.answer(sock)
        table.take_left(sock)
    step_ns = _realtime_ahead_ns() - ahead_ns
    sys.stdout.write(json.dumps({"packets": table.rows(), "ahead_ns": ahead_ns, "step_ns": step_ns}))


if __name__ == "__main__":
    main()
