"""The loop that sends every packet at its time and listens in between: one thread, absolute deadlines."""

from __future__ import annotations

import random
import selectors
import time
from collections.abc import Callable
from functools import partial

from callcheck.api import Arm
from callcheck.flow.plan import Plan
from callcheck.flow.ports import GREETING_TIME_NS, Port, Ports
from callcheck.flow.schedule import NS_PER_S, Ledger, Schedule, answer_wait_ns
from callcheck.flow.sockets import Leg
from callcheck.model import FlowSecond

_NS_PER_MS = 1_000_000
# Packets are built this long before they are due: a DTLS hello costs OpenSSL about a millisecond.
_BUILD_AHEAD_NS = 5 * _NS_PER_MS
# poll(2) counts in whole milliseconds, so the last stretch before a deadline is slept (facts/inference.md 6.3).
_LAST_STRETCH_NS = 2 * _NS_PER_MS
_TEND_EVERY_NS = 50 * _NS_PER_MS
_GREETING_LOOK_NS = 4 * _NS_PER_MS
_START_AHEAD_NS = 10 * _NS_PER_MS
_DATAGRAMS_AT_ONCE = 16
LONGEST_STALL_NS = NS_PER_S


class StalledError(RuntimeError):
    """The process was kept from running so long that its late packets would leave in one burst."""


class _Line:
    """One arm at work."""

    def __init__(self, arm: Arm, ports: Ports) -> None:
        self.arm = arm
        self.ports = ports
        self.ledger: Ledger | None = None
        self.opens_ns = 0

    def begin(self, flow_start_ns: int, seconds: float, origin_ns: int) -> None:
        start_ns = flow_start_ns + round(self.arm.start_s * NS_PER_S)
        end_ns = flow_start_ns + round(seconds * NS_PER_S)
        schedule = Schedule(flow_start_ns, start_ns, end_ns, self.arm.rate_pps)
        self.ledger = Ledger(self.arm.name, schedule, origin_ns=origin_ns)
        self.opens_ns = start_ns - GREETING_TIME_NS

    @property
    def next_due_ns(self) -> int | None:
        if self.ledger is None or self.ledger.all_sent:
            return None
        return self.ledger.schedule.due_ns(self.ledger.next_number)


class Worker:
    """Runs a plan once. `emit` gets every finished second and must not block; `idle` is called between packets."""

    def __init__(self, plan: Plan, emit: Callable[[FlowSecond], None], idle: Callable[[], None]) -> None:
        self._plan = plan
        self._emit = emit
        self._idle = idle
        self._selector = selectors.DefaultSelector()
        self._shuffle = random.SystemRandom().shuffle
        self._longest_rtt_ns: int | None = None
        self._lines = [self._line(arm) for arm in plan.arms]

    def run(self) -> None:
        """Raises StalledError, and OSError where the system has no socket to give; all sockets are closed after."""
        try:
            self._greet()
            flow_start_ns = time.monotonic_ns() + _START_AHEAD_NS
            for line in self._lines:
                line.begin(flow_start_ns, self._plan.seconds, self._plan.origin_ns)
            while (wake_ns := self._next_wake_ns()) is not None:
                self._listen_until(wake_ns)
                self._send_due()
                self._tend()
        finally:
            for line in self._lines:
                line.ports.close()
            self._selector.close()

    def _line(self, arm: Arm) -> _Line:
        line = _Line(arm, Ports(arm, listen=lambda port: self._listen_to(line, port), forget=self._forget))
        return line

    def _greet(self) -> None:
        """Open the arms that start at once, in random order, and wait until they are ready or have greeted in vain."""
        began_ns = time.monotonic_ns()
        first = [line for line in self._lines if line.arm.start_s * NS_PER_S < GREETING_TIME_NS]
        self._shuffle(first)
        for line in first:
            line.ports.open(time.monotonic_ns())
        while not all(line.ports.ready for line in first):
            now_ns = time.monotonic_ns()
            if now_ns - began_ns >= GREETING_TIME_NS:
                return
            for line in first:
                line.ports.tend(now_ns)
            self._listen_until(now_ns + _GREETING_LOOK_NS)

    def _next_wake_ns(self) -> int | None:
        """When there is something to do next; None when every second has been reported."""
        if all(line.ledger is not None and line.ledger.all_reported for line in self._lines):
            return None
        due = [line.next_due_ns for line in self._lines]
        wakes = [due_ns - _BUILD_AHEAD_NS for due_ns in due if due_ns is not None]
        return min([time.monotonic_ns() + _TEND_EVERY_NS, *wakes])

    def _send_due(self) -> None:
        """Send the packets of the next tick if it is near: build them all, wait for the moment, let them go."""
        due_ns = min((at_ns for line in self._lines if (at_ns := line.next_due_ns) is not None), default=None)
        now_ns = time.monotonic_ns()
        if due_ns is None or now_ns < due_ns - _BUILD_AHEAD_NS:
            return
        if now_ns - due_ns > LONGEST_STALL_NS:
            raise StalledError(f"the flow process stood still for {(now_ns - due_ns) / NS_PER_S:.1f} s")
        ledgers = [(line, line.ledger) for line in self._lines if line.ledger and line.next_due_ns == due_ns]
        self._shuffle(ledgers)
        ready = [(ledger, line.ports.prepare(ledger.next_number, now_ns)) for line, ledger in ledgers]
        self._listen_until(due_ns)
        for ledger, packet in ready:
            ledger.sent(packet.leg.send(packet.payload), packet.ip_bytes)

    def _tend(self) -> None:
        now_ns = time.monotonic_ns()
        wait_ns = answer_wait_ns(self._longest_rtt_ns)
        for line in self._lines:
            if not line.ports.opened and now_ns >= line.opens_ns:
                line.ports.open(now_ns)
            line.ports.tend(now_ns)
            if line.ledger is not None:
                for second in line.ledger.finished(now_ns, wait_ns):
                    self._emit(second)
        self._idle()

    def _listen_until(self, until_ns: int) -> None:
        """Take what comes until the deadline is near, then sleep the rest: the kernel stamps what comes meanwhile."""
        while (left_ns := until_ns - time.monotonic_ns()) > _LAST_STRETCH_NS:
            timeout_s = (left_ns // _NS_PER_MS - 1) / 1000
            for key, _ in self._selector.select(timeout_s):
                key.data()
                if until_ns - time.monotonic_ns() <= _LAST_STRETCH_NS:
                    break
        if left_ns > 0:
            time.sleep(left_ns / NS_PER_S)

    def _listen_to(self, line: _Line, port: Port) -> None:
        for index, leg in enumerate(port.legs):
            if leg.socket is not None:
                self._selector.register(leg.socket, selectors.EVENT_READ, partial(self._take, line, port, index, leg))

    def _forget(self, port: Port) -> None:
        for leg in port.legs:
            if leg.socket is not None:
                self._selector.unregister(leg.socket)

    def _take(self, line: _Line, port: Port, index: int, leg: Leg) -> None:
        for datagram, arrived_ns in leg.receive(_DATAGRAMS_AT_ONCE):
            number = port.codec.received(index, datagram)
            if number is None or line.ledger is None:
                continue
            rtt_ns = line.ledger.received(number, arrived_ns)
            if rtt_ns is not None:
                self._longest_rtt_ns = max(rtt_ns, self._longest_rtt_ns or 0)
