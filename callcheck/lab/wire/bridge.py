"""Moves frames between the devices of the wires: the only part of the wires that does I/O and reads the clock.

Arrivals are stamped by the kernel and frames wait in one heap until they are due; the last 60 us are spun away, as a
sleeping process wakes up later than that (facts/lab.md 3). Kernel stamps are wall-clock, so all times here are.
"""

import gc
import heapq
import select
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcheck.lab.wire.line import Line
from callcheck.lab.wire.outcome import LATE_MS
from callcheck.lab.wire.spec import Wire

_ETH_P_ALL: Final = 3  # linux/if_ether.h
_SOL_PACKET: Final = 263  # linux/socket.h
_PACKET_STATISTICS: Final = 6  # linux/if_packet.h, as the next two
_PACKET_QDISC_BYPASS: Final = 20
_PACKET_IGNORE_OUTGOING: Final = 23
_SO_TIMESTAMPNS: Final = 35  # asm-generic/socket.h, as the next two
_SO_SNDBUFFORCE: Final = 32
_SO_RCVBUFFORCE: Final = 33
_STAMP: Final = struct.Struct("qq")
_BUFFER_BYTES: Final = 8 << 20
_FRAME_BYTES: Final = 2048  # above Ethernet's 1514; more would be an offload that was not switched off
_SPIN_NS: Final = 60_000
_LATE_NS: Final = LATE_MS * 1_000_000
_BATCH_FRAMES: Final = 32


@dataclass(frozen=True, slots=True)
class Devices:
    """The two devices that a wire joins: the client's side and the other."""

    near: str
    far: str


@dataclass(slots=True)
class _Instrument:
    """What the bridge itself did wrong."""

    socket_drops: int = 0
    send_errors: int = 0
    receive_errors: int = 0
    truncated: int = 0
    forwarded: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class _Port:
    """One device of a wire, and the socket through which what came in there goes out."""

    inlet: socket.socket
    outlet: socket.socket
    line: Line
    is_up: bool


class Bridge:
    """All wires of one lab, in the network namespace that holds their devices."""

    def __init__(self, wires: Mapping[str, tuple[Devices, Wire]], *, seed: int) -> None:
        start_ns = time.time_ns()
        self._instrument = _Instrument()
        self._lines = {name: Line(name, wire, seed=seed, start_ns=start_ns) for name, (_, wire) in wires.items()}
        self._ports: dict[int, _Port] = {}
        for name, (devices, _) in wires.items():
            near, far = open_device(devices.near), open_device(devices.far)
            self._ports[near.fileno()] = _Port(near, far, self._lines[name], is_up=True)
            self._ports[far.fileno()] = _Port(far, near, self._lines[name], is_up=False)
        self._waiting: list[tuple[int, int, socket.socket, bytes]] = []
        self._taken = 0

    def run(self) -> None:
        """Forward until an exception ends it; a signal handler raises one."""
        Path("/proc/self/timerslack_ns").write_text("1", encoding="ascii")
        gc.freeze()
        gc.disable()  # nothing here makes cycles, and a collection would hold packets up
        descriptors = list(self._ports)
        while True:
            readable, _, _ = select.select(descriptors, (), (), self._send_due())
            for descriptor in readable:
                self._receive(self._ports[descriptor])

    def log(self) -> dict[str, object]:
        """What passed and what was lost, by wire; and what the bridge itself did wrong. Plain JSON."""
        for port in self._ports.values():
            _, drops = struct.unpack("II", port.inlet.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
            self._instrument.socket_drops += drops  # reading it sets it back to nought
        instrument = {name: getattr(self._instrument, name) for name in _Instrument.__slots__}
        return {"wires": {name: line.log() for name, line in self._lines.items()}, "instrument": instrument}

    def close(self) -> None:
        for port in self._ports.values():
            port.inlet.close()

    def _send_due(self) -> float | None:
        """Send what is due; seconds until the next frame is, or None if none waits."""
        waiting, now_ns = self._waiting, time.time_ns()
        while waiting and waiting[0][0] <= now_ns + _SPIN_NS:
            due_ns, _, outlet, frame = heapq.heappop(waiting)
            while (now_ns := time.time_ns()) < due_ns:
                pass
            self._send(outlet, frame, now_ns - due_ns)
        return max(0, waiting[0][0] - _SPIN_NS - now_ns) / 1e9 if waiting else None

    def _send(self, outlet: socket.socket, frame: bytes, late_ns: int) -> None:
        self._instrument.forwarded += 1
        self._instrument.late += late_ns > _LATE_NS
        try:
            outlet.send(frame)
        except OSError:
            self._instrument.send_errors += 1

    def _receive(self, port: _Port) -> None:
        waiting = self._waiting
        for _ in range(_BATCH_FRAMES):
            try:
                frame, ancillary, flags, _address = port.inlet.recvmsg(_FRAME_BYTES, 32)
            except BlockingIOError:
                return
            except OSError:
                self._instrument.receive_errors += 1
                return
            if flags & socket.MSG_TRUNC:
                self._instrument.truncated += 1
                continue
            seconds, rest_ns = _STAMP.unpack(ancillary[0][2])
            arrival_ns = seconds * 1_000_000_000 + rest_ns
            due_ns = port.line.due(frame, is_up=port.is_up, arrival_ns=arrival_ns)
            if due_ns is None:
                continue
            if due_ns == arrival_ns and not (waiting and waiting[0][0] <= due_ns):
                self._send(port.outlet, frame, time.time_ns() - due_ns)
            else:
                self._taken += 1  # keeps frames that are due at once in the order of their coming
                heapq.heappush(waiting, (due_ns, self._taken, port.outlet, frame))


def open_device(name: str) -> socket.socket:
    """A socket that takes every frame that comes in at a device, with the kernel's time, and sends frames as they are.

    Raises OSError.
    """
    device = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    device.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    device.setsockopt(_SOL_PACKET, _PACKET_QDISC_BYPASS, 1)
    for forced, asked in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            device.setsockopt(socket.SOL_SOCKET, forced, _BUFFER_BYTES)
        except PermissionError:  # only the machine's own root may go beyond the system's limit
            device.setsockopt(socket.SOL_SOCKET, asked, _BUFFER_BYTES)
    device.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    device.setblocking(False)
    device.bind((name, _ETH_P_ALL))
    return device
