"""The sockets of one arm: greeted, used for so many packets, kept open for late answers, then closed."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from callcheck.api import Arm, FlowCodec
from callcheck.flow.ledger import Departure
from callcheck.flow.schedule import NS_PER_S
from callcheck.flow.sockets import Leg

GREETING_EVERY_NS = NS_PER_S // 2
GREETINGS = 4
GREETING_TIME_NS = GREETINGS * GREETING_EVERY_NS
# A handshake of several steps goes on as answers come; a far end that answers for ever is not talked to for ever.
_GREETINGS_IN_ALL = 12
# An answer counts for its second (1 s) and the longest wait after it (1 s); half a second more costs nothing.
LATE_ANSWERS_NS = 5 * NS_PER_S // 2
_RANDOM_BYTES = 64


class Port:
    """The legs of one flow on source ports of their own, with the codec state that belongs to them."""

    __slots__ = ("_greetings", "_next_greeting_ns", "_timed_greetings", "codec", "legs", "packets")

    def __init__(self, arm: Arm, codec: FlowCodec, now_ns: int) -> None:
        self.codec = codec
        self.packets = 0
        self.legs: list[Leg] = []
        self._greetings = 0
        self._timed_greetings = 0
        self._next_greeting_ns = now_ns
        try:
            for _ in range(codec.legs):
                self.legs.append(Leg.open(arm.target.address, arm.target.port))
        except BaseException:
            self.close()
            raise

    def greet(self, now_ns: int) -> None:
        """Say hello where one is due and the other end has not answered yet."""
        if self.codec.ready:
            self._timed_greetings = 0  # a greeting that keeps the flow alive has its own tries
            return
        if self._timed_greetings == GREETINGS or now_ns < self._next_greeting_ns:
            return
        self._timed_greetings += 1
        self._next_greeting_ns = now_ns + GREETING_EVERY_NS
        self._say_hello()

    def go_on_greeting(self) -> None:
        """Say what is next after an answer to a greeting."""
        if not self.codec.ready:
            self._say_hello()

    def _say_hello(self) -> None:
        if self._greetings == _GREETINGS_IN_ALL:
            return
        self._greetings += 1
        for leg, payload in self.codec.greet(os.urandom(_RANDOM_BYTES)):
            self.legs[leg].send(payload)

    def close(self) -> None:
        for leg in self.legs:
            leg.close()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A packet that only has to be handed to the system."""

    leg: Leg
    payload: bytes

    def send(self) -> Departure:
        sent_before = self.leg.sent
        at_ns, left = self.leg.send(self.payload)
        return Departure(
            at_ns,
            len(self.payload) + self.leg.header_bytes,
            left,
            opened_ns=self.leg.opened_ns,
            sent_before=sent_before,
        )


class Ports:
    """All ports of one arm, the one in use last. `listen` and `forget` are told of every socket."""

    def __init__(self, arm: Arm, *, listen: Callable[[Port], None], forget: Callable[[Port], None]) -> None:
        self._arm = arm
        self._listen = listen
        self._forget = forget
        self._current: Port | None = None
        self._retired: list[tuple[int, Port]] = []

    @property
    def opened(self) -> bool:
        return self._current is not None

    @property
    def ready(self) -> bool:
        return self._current is not None and self._current.codec.ready

    def open(self, now_ns: int) -> Port:
        """Go to new source ports; the old ones listen for late answers only."""
        port = Port(self._arm, copy.deepcopy(self._arm.codec), now_ns)
        if self._current is not None:
            self._retired.append((now_ns, self._current))
        self._current = port
        self._listen(port)
        port.greet(now_ns)
        return port

    def prepare(self, number: int, now_ns: int) -> Prepared:
        """The next packet, on new ports where the old ones have carried what they may."""
        port = self._current
        if port is None or 0 < port.codec.packets_per_port <= port.packets:
            port = self.open(now_ns)
        port.packets += 1
        leg, payload = port.codec.packet(number, os.urandom(_RANDOM_BYTES))
        return Prepared(port.legs[leg], payload)

    def tend(self, now_ns: int) -> None:
        """Repeat greetings, and close ports whose late answers no longer count."""
        if self._current is not None:
            self._current.greet(now_ns)
        while self._retired and now_ns - self._retired[0][0] > LATE_ANSWERS_NS:
            self._drop(self._retired.pop(0)[1])

    def new_icmp_errors(self) -> int:
        """How many errors the network returned since the last call."""
        count = 0
        for port in self._open_ports():
            for leg in port.legs:
                count += leg.icmp_errors
                leg.icmp_errors = 0
        return count

    def close(self) -> None:
        for port in self._open_ports():
            self._drop(port)
        self._retired.clear()
        self._current = None

    def _open_ports(self) -> Iterator[Port]:
        yield from (port for _, port in self._retired)
        if self._current is not None:
            yield self._current

    def _drop(self, port: Port) -> None:
        self._forget(port)
        port.close()
