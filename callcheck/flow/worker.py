"""The loop that sends every packet at its time and listens in between: one thread, absolute deadlines."""

from __future__ import annotations

import random
import selectors
import time
from collections.abc import Callable
from functools import partial

from callcheck.flow.line import Line
from callcheck.flow.plan import Plan
from callcheck.flow.ports import GREETING_TIME_NS, Port
from callcheck.flow.schedule import NS_PER_S, answer_wait_ns
from callcheck.flow.sockets import Leg
from callcheck.flow.surroundings import Watch, look_from
from callcheck.model import FlowSecond

_NS_PER_MS = 1_000_000
# Packets are built this long before they are due: a DTLS hello costs OpenSSL about a millisecond.
_BUILD_AHEAD_NS = 5 * _NS_PER_MS
# poll(2) counts in whole milliseconds, so the last stretch before a deadline is slept (facts/inference.md 6.3).
_LAST_STRETCH_NS = 2 * _NS_PER_MS
_TEND_EVERY_NS = 50 * _NS_PER_MS
_GREETING_LOOK_NS = 4 * _NS_PER_MS
_START_AHEAD_NS = 10 * _NS_PER_MS
_LOOK_EVERY_NS = NS_PER_S
_DATAGRAMS_AT_ONCE = 16
LONGEST_STALL_NS = NS_PER_S


STOOD_STILL = "the flow process stood still"


class StalledError(RuntimeError):
    """The process was kept from running so long that its late packets would leave in one burst."""


class Worker:
    """Runs a plan once. `emit` gets every finished second and must not block; `idle` is called between packets."""

    def __init__(self, plan: Plan, emit: Callable[[FlowSecond], None], idle: Callable[[], None]) -> None:
        self._plan = plan
        self._emit = emit
        self._idle = idle
        self._selector = selectors.DefaultSelector()
        self._shuffle = random.SystemRandom().shuffle
        self._longest_rtt_ns: int | None = None
        self._lines = [
            Line(arm, listen=self._listen_to, forget=self._forget, origin_ns=plan.origin_ns) for arm in plan.arms
        ]
        self._spares = [line for line in self._lines if line.is_spare]
        self._watch = Watch(look_from(arm.target.address for arm in plan.arms))
        self._next_look_ns = 0
        self._flow_start_ns = self._run_end_ns = 0

    def run(self) -> None:
        """Raises StalledError, and OSError for a fault of the instrument; all sockets are closed after."""
        try:
            self._greet()
            self._flow_start_ns = time.monotonic_ns() + _START_AHEAD_NS
            self._run_end_ns = self._flow_start_ns + round(self._plan.seconds * NS_PER_S)
            self._next_look_ns = self._flow_start_ns + _LOOK_EVERY_NS
            for line in self._lines:
                if not line.is_spare:
                    line.begin(self._flow_start_ns, self._run_end_ns)
            while (wake_ns := self._next_wake_ns()) is not None:
                self._listen_until(wake_ns)
                self._send_due()
                self._tend()
        finally:
            for line in self._lines:
                line.ports.close()
            self._selector.close()

    def _greet(self) -> None:
        """Open the arms that start at once, in random order, and wait until they are ready or have greeted in vain."""
        began_ns = time.monotonic_ns()
        first = [line for line in self._lines if not line.is_spare and line.arm.start_s * NS_PER_S < GREETING_TIME_NS]
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
        if all(line.is_over for line in self._lines):
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
            raise StalledError(f"{STOOD_STILL} for {(now_ns - due_ns) / NS_PER_S:.1f} s")
        ledgers = [(line, line.ledger) for line in self._lines if line.ledger and line.next_due_ns == due_ns]
        self._shuffle(ledgers)
        ready = [(ledger, line.prepare(now_ns)) for line, ledger in ledgers]
        self._listen_until(due_ns)
        for ledger, packet in ready:
            ledger.sent(packet.send())

    def _tend(self) -> None:
        now_ns = time.monotonic_ns()
        wait_ns = answer_wait_ns(self._longest_rtt_ns)
        self._look_around(now_ns)
        self._wake_spares(now_ns)
        for line in self._lines:
            line.tend(now_ns)
            for second in line.finished(now_ns, wait_ns):
                self._emit(second)
        self._idle()

    def _look_around(self, now_ns: int) -> None:
        if now_ns < self._next_look_ns:
            return
        self._next_look_ns = now_ns + _LOOK_EVERY_NS
        if events := self._watch.events():
            for line in self._lines:
                line.befell(events)

    def _wake_spares(self, now_ns: int) -> None:
        """Begin the arms that wait for a death, all that wait for the same one together."""
        waiting = [line for line in self._spares if line.ledger is None]
        if not waiting or now_ns >= self._run_end_ns:
            return
        dead = {line.arm.name for line in self._lines if line.ledger and line.ledger.is_dead(now_ns)}
        for line in waiting:
            if dead.intersection(line.arm.after_death_of):
                line.begin_spare(now_ns, self._flow_start_ns, self._run_end_ns)

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

    def _listen_to(self, line: Line, port: Port) -> None:
        for index, leg in enumerate(port.legs):
            if leg.socket is not None:
                self._selector.register(leg.socket, selectors.EVENT_READ, partial(self._take, line, port, index, leg))

    def _forget(self, port: Port) -> None:
        for leg in port.legs:
            if leg.socket is not None:
                self._selector.unregister(leg.socket)

    def _take(self, line: Line, port: Port, index: int, leg: Leg) -> None:
        for arrived in leg.receive(_DATAGRAMS_AT_ONCE):
            number = port.codec.received(index, arrived.payload)
            if number is None:
                port.go_on_greeting()
            if line.ledger is None:
                continue
            line.ledger.came(len(arrived.payload) + leg.header_bytes)
            if number is None:
                line.ledger.unnumbered()
                continue
            if port.codec.far_received is not None:
                line.ledger.far_received = port.codec.far_received
            rtt_ns = line.ledger.received(number, arrived.at_ns, arrived.taken_ns)
            if rtt_ns is not None:
                self._longest_rtt_ns = max(rtt_ns, self._longest_rtt_ns or 0)
