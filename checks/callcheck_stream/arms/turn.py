"""A call through a TURN server that gives us credentials: out by one allocation, back by another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from callcheck.codec import turn
from callcheck_stream.arms.numbering import PAYLOAD_BYTES, TOKEN_BYTES, filled, number_in, token

_HELLO_NUMBER = 2**32 - 1


@dataclass(slots=True)
class TurnLoop:
    """Leg 0 sends numbered data through its allocation to the relayed address of leg 1, which hears them.

    The packet that leaves leg 0 has the common size. In a channel it costs 4 bytes of header on both legs, so the one
    that reaches leg 1 has that size too. With `indications` both legs use Send and Data indications (RFC 8656 section
    11): each packet then shows the magic cookie, which channel data do not, to the same server.

    It is ready once a packet went all the way around: some servers refuse their own addresses as peers with 403 (coturn
    its denied ranges), others take them and pass nothing on, and neither is loss. Facts: inference.md 2, lesson iii.
    Numbers are below 2**32 - 1. For flows of up to a minute a port: nothing is refreshed (`turn.Client`).
    """

    username: str
    password: str = field(repr=False)
    key: bytes = field(repr=False)
    indications: bool = False
    packets_per_port: int = 0
    legs: int = 2
    far_received: int | None = None
    clients: tuple[turn.Client, turn.Client] = field(init=False)
    went_around: bool = False
    hello_sent: bool = False
    prompted: bool = False

    def __post_init__(self) -> None:
        channel = None if self.indications else turn.FIRST_CHANNEL
        first, second = (turn.Client(self.username, self.password, channel) for _ in range(2))
        self.clients = first, second

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:
        """What was not asked yet; where no datagram came since the last time, also what is still unanswered."""
        repeats, self.prompted = not self.prompted, False
        if self.ready or any(client.state == "refused" for client in self.clients):
            return []
        questions = []
        for leg, client in enumerate(self.clients):
            question = client.question(random[12 * leg : 12 * leg + 12]) if repeats or not client.unanswered else None
            if question is not None:
                questions.append((leg, question))
        if all(client.state == "open" for client in self.clients) and (repeats or not self.hello_sent):
            self.hello_sent = True
            questions.append(self.packet(_HELLO_NUMBER, random))
        return questions

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:
        sender = self.clients[0]
        overhead_bytes = len(sender.wrapped(b"", random[-12:]))
        payload = filled(token(self.key, number), random, PAYLOAD_BYTES - overhead_bytes)
        return 0, sender.wrapped(payload, random[-12:])

    def received(self, leg: int, datagram: bytes) -> int | None:
        data = self.clients[leg].heard(datagram)
        number = number_in(self.key, data[:TOKEN_BYTES]) if data is not None and leg == 1 else None
        if number is not None and number != _HELLO_NUMBER:
            return number
        self.prompted = True
        self.went_around |= number == _HELLO_NUMBER
        self.clients[leg].answered(datagram)
        first, second = self.clients
        first.peer, second.peer = second.relayed_address, first.relayed_address
        return None

    @property
    def ready(self) -> bool:
        return self.went_around
