"""A call through a Telegram reflector, as a client makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from callcheck.codec import reflector
from callcheck_stream.arms.numbering import PAYLOAD_BYTES, TOKEN_BYTES, filled, number_in, token

# As the clients send it (facts 3.3b): the leg that only listens keeps its place in a translating router by it.
HELLO_EVERY_S = 10


@dataclass(slots=True)
class ReflectorLoop:
    """Two sides of a call at one Telegram relay: leg `sender` sends numbered data, the other hears it from the relay.

    `common` has 11 bytes, each of `client_tags` 4 that are not all zero, `key` 1 to 32. Leg 0 is the caller. That the
    relay turns byte 0 of the tag for the receiver is inferred (facts 3.3b), so the sender is known by its client tag
    and the packet by its token. Sources: tgcalls v2/ReflectorPort.cpp; media passed between random tags on 2026-09-05.
    """

    common: bytes
    client_tags: tuple[bytes, bytes]
    key: bytes
    legs: int = 2
    packets_per_port: int = 0
    heard: set[int] = field(default_factory=set)
    sender: Literal[0, 1] = 0
    far_received: int | None = None
    prompted: bool = False
    packets_per_hello: int = 250  # HELLO_EVERY_S at 25 packets a second

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:  # noqa: ARG002 - clients use a fixed query id
        """Hello from each leg that was not answered; nothing right after a datagram, as the hellos are on their way."""
        prompted, self.prompted = self.prompted, False
        if prompted:
            return []
        return [(leg, reflector.hello(self._tag(leg))) for leg in range(self.legs) if leg not in self.heard]

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:
        if number % self.packets_per_hello == self.packets_per_hello - 1:
            self.heard.clear()
            self.prompted = False
        payload = filled(token(self.key, number), random, PAYLOAD_BYTES - reflector.DATA_HEADER_BYTES)
        return self.sender, reflector.data(self._tag(self.sender), self.client_tags[1 - self.sender], payload)

    def received(self, leg: int, datagram: bytes) -> int | None:
        heard = reflector.decode(datagram)
        if isinstance(heard, reflector.Data):
            return self._number_in(leg, heard)
        self.prompted = True
        if isinstance(heard, reflector.SelfInfo) and heard.peer_tag == self._tag(leg):
            self.heard.add(leg)
        return None

    @property
    def ready(self) -> bool:
        return len(self.heard) == self.legs

    def _number_in(self, leg: int, heard: reflector.Data) -> int | None:
        """A client drops what does not begin with its own 12 bytes; byte 0 is left out, as its turning is inferred."""
        addressed = heard.tag_head[1:] == self.common and heard.sender_tag == self.client_tags[self.sender]
        return number_in(self.key, heard.payload[:TOKEN_BYTES]) if addressed and leg != self.sender else None

    def _tag(self, leg: int) -> bytes:
        return reflector.peer_tag(self.common, 1 if leg else 0, self.client_tags[leg])
