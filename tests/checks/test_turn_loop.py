"""The TURN loop's handshake: without sockets before the lab's server, where any datagram may be lost."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.servers.stun_answers import PASSWORD, USER
from callcheck_stream.arms import PAYLOAD_BYTES, TurnLoop
from tests.lab_servers.harness import CLIENT
from tests.lab_servers.turn_place import Place, hear

KEY = b"k" * 16
RANDOM = bytes(range(64))
LEGS = (CLIENT, (CLIENT[0], CLIENT[1] + 1))
# As the flow process greets: so often by time, and so often in all.
TIMED_GREETINGS = 4
GREETINGS = 12


@dataclass
class Line:
    """A loop and a server; the datagrams between them are counted, and those in `lost` do not arrive."""

    codec: TurnLoop
    lost: frozenset[int] = frozenset()
    meets_itself: bool = True
    place: Place = field(default_factory=Place)
    rounds: int = 0
    asked: list[bytes] = field(default_factory=list)
    travelled: Iterator[int] = field(default_factory=lambda: iter(range(1000)))
    under_way: deque[tuple[int, bytes]] = field(default_factory=deque)

    def greet(self) -> None:
        for _ in range(TIMED_GREETINGS):
            self._ask()
            self.deliver()

    def _ask(self) -> None:
        if self.codec.ready or self.rounds == GREETINGS:
            return
        self.rounds += 1
        for leg, payload in self.codec.greet(hashlib.shake_128(bytes([self.rounds])).digest(64)):
            self.asked.append(payload)
            self.send(leg, payload)

    def send(self, leg: int, payload: bytes) -> None:
        if next(self.travelled) in self.lost:
            return
        answer = self.place.server.received(payload, LEGS[leg])
        if answer is not None:
            self.under_way.append((leg, answer))
        for sender in self.place.relays:
            for data, peer in sender.sent:
                for receiver in self.place.relays:
                    if self.meets_itself and receiver.local == peer:
                        hear(receiver, data, sender.local)
            sender.sent.clear()
        self.under_way += [(LEGS.index(client), data) for data, client in self.place.to_client]
        self.place.to_client.clear()

    def deliver(self) -> Sequence[int]:
        """Hand over what is under way, and greet after each datagram that brings no number; the numbers."""
        heard = []
        while self.under_way:
            leg, datagram = self.under_way.popleft()
            if next(self.travelled) in self.lost:
                continue
            number = self.codec.received(leg, datagram)
            if number is None:
                self._ask()
            else:
                heard.append(number)
        return heard


def loop(*, indications: bool = False, password: str = PASSWORD) -> TurnLoop:
    return TurnLoop(USER, password, KEY, indications)


@given(st.booleans(), st.frozensets(st.integers(0, 20), max_size=3))
@settings(max_examples=150, deadline=None)
def test_it_gets_ready_whatever_three_datagrams_are_lost_and_holds_two_allocations(
    indications: bool, lost: frozenset[int]
) -> None:
    line = Line(loop(indications=indications), lost)
    line.greet()
    assert line.codec.ready
    assert line.place.server.relay_count == 2
    line.lost = frozenset()
    for number in range(5):
        line.send(*line.codec.packet(number, RANDOM))
    assert line.deliver() == [*range(5)]


def test_a_handshake_without_loss_asks_each_question_once() -> None:
    line = Line(loop())
    line.greet()
    assert len(line.asked) == len(set(line.asked)) == 7
    assert len(line.asked[-1]) == PAYLOAD_BYTES


def test_a_wrong_password_is_tried_once_and_the_loop_is_never_ready() -> None:
    line = Line(loop(password="wrong"))
    line.greet()
    assert not line.codec.ready
    assert line.place.server.relay_count == 0
    asked = len(line.asked)
    assert asked <= 4
    line.greet()
    assert len(line.asked) == asked


@pytest.mark.parametrize("indications", [False, True])
def test_a_server_that_does_not_pass_on_to_itself_is_never_ready(indications: bool) -> None:
    line = Line(loop(indications=indications), meets_itself=False)
    line.greet()
    assert [client.state for client in line.codec.clients] == ["open", "open"]
    assert not line.codec.ready


@pytest.mark.parametrize("indications", [False, True])
def test_packets_before_the_handshake_have_the_common_size_too(indications: bool) -> None:
    leg, packet = loop(indications=indications).packet(0, RANDOM)
    assert (leg, len(packet)) == (0, PAYLOAD_BYTES)
