"""Moves frames between the devices of the wires: the only part of the wires that does I/O and reads the clock.

Arrivals are stamped by the kernel and frames wait in one heap until they are due; the last 60 us are spun away, as a
sleeping process wakes up later than that (facts/lab.md 3). Kernel stamps are wall-clock, so all times here are.
"""

import gc
import heapq
import select
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcheck.lab.wire.device import CutFrameError, Device
from callcheck.lab.wire.frames import ETHERNET_BYTES
from callcheck.lab.wire.line import NOBODY, Line
from callcheck.lab.wire.outcome import LATE_MS
from callcheck.lab.wire.record import Recorder
from callcheck.lab.wire.spec import Wire

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
    truncated: int = 0
    forwarded: int = 0
    late: int = 0


class _Port:
    """One device of a wire, the line that begins there, and the port at the line's other end."""

    __slots__ = ("device", "is_up", "line", "other", "plain_delay_ns", "recorder", "way")

    def __init__(self, device: str, line: Line, *, is_up: bool, recorder: Recorder | None) -> None:
        self.device = Device(device)
        self.line = line
        self.is_up = is_up  # the way that frames go which come in here
        self.way = line.up if is_up else line.down
        self.plain_delay_ns = self.way.plain_delay_ns
        self.recorder = recorder
        self.other = self

    def outlet(self, *, is_up: bool) -> "_Port":
        """The port through which frames on their way up, or down, leave this port's line."""
        return self.other if is_up == self.is_up else self


class Bridge:
    """All wires of one lab, in the network namespace that holds their devices."""

    def __init__(
        self,
        wires: Mapping[str, tuple[Devices, Wire]],
        *,
        seed: int,
        watched: Mapping[bytes, str] = NOBODY,
        record: Path | None = None,
    ) -> None:
        """`record` is a directory for captures, two for each wire: what passes its near and its far side.

        Raises OSError.
        """
        start_ns = time.time_ns()
        self._instrument = _Instrument()
        self._lines: dict[str, Line] = {}
        self._ports: dict[int, _Port] = {}
        for name, (devices, wire) in wires.items():
            line = self._lines[name] = Line(name, wire, seed=seed, start_ns=start_ns, watched=watched)
            near, far = (
                _Port(device, line, is_up=is_up, recorder=Recorder(record / f"{device}.pcap") if record else None)
                for device, is_up in ((devices.near, True), (devices.far, False))
            )
            near.other, far.other = far, near
            self._ports |= {port.device.fileno: port for port in (near, far)}
        self._waiting: list[tuple[int, int, _Port, bytes]] = []
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
            self._instrument.socket_drops += port.device.drops()
        instrument = {name: getattr(self._instrument, name) for name in _Instrument.__slots__}
        return {"wires": {name: line.log() for name, line in self._lines.items()}, "instrument": instrument}

    def close(self) -> None:
        for port in self._ports.values():
            port.device.close()
            if port.recorder:
                port.recorder.close()

    def _send_due(self) -> float | None:
        """Send what is due; seconds until the next frame is, or None if none waits."""
        waiting, now_ns = self._waiting, time.time_ns()
        while waiting and waiting[0][0] <= now_ns + _SPIN_NS:
            due_ns, _, port, frame = heapq.heappop(waiting)
            while (now_ns := time.time_ns()) < due_ns:
                pass
            self._send(port, frame, now_ns, due_ns)
        return max(0, waiting[0][0] - _SPIN_NS - now_ns) / 1e9 if waiting else None

    def _send(self, port: _Port, frame: bytes, now_ns: int, due_ns: int) -> None:
        self._instrument.forwarded += 1
        self._instrument.late += now_ns - due_ns > _LATE_NS
        if port.recorder:
            port.recorder.write(now_ns, frame)
        try:
            port.device.send(frame)
        except OSError:
            self._instrument.send_errors += 1

    def _receive(self, port: _Port) -> None:
        for _ in range(_BATCH_FRAMES):
            try:
                taken = port.device.take()
            except CutFrameError:
                self._instrument.truncated += 1
                continue
            if taken is None:
                return
            frame, arrival_ns = taken
            if port.recorder:
                port.recorder.write(arrival_ns, frame)
            if port.plain_delay_ns is not None and frame[12] == 8 and frame[13] == 0:  # IPv4
                port.way.packets += 1
                port.way.bytes += len(frame) - ETHERNET_BYTES
                self._dispatch(port.other, frame, arrival_ns, arrival_ns + port.plain_delay_ns)
                continue
            for due_ns, is_up, leaving in port.line.departures(frame, is_up=port.is_up, arrival_ns=arrival_ns):
                self._dispatch(port.outlet(is_up=is_up), leaving, arrival_ns, due_ns)

    def _dispatch(self, port: _Port, frame: bytes, arrival_ns: int, due_ns: int) -> None:
        """Send the frame where it is due at once and nothing else is before it; else let it wait."""
        waiting = self._waiting
        if due_ns == arrival_ns and not (waiting and waiting[0][0] <= due_ns):
            self._send(port, frame, time.time_ns(), due_ns)
        else:
            self._taken += 1  # keeps frames that are due at once in the order of their coming
            heapq.heappush(waiting, (due_ns, self._taken, port, frame))
