"""How the packets of the flows look: a Telegram relay as a call uses it, and STUN questions of the same size.

A numbered packet has 160 bytes of UDP payload, 188 at the IP layer: what 60 ms of speech at 20 kbit/s come to, the size
that irtt's and our own voice figures use (facts/inference.md 6 and 7), and a size that a Binding request reaches with
SOFTWARE. All arms of this module share it, so that no rule about sizes can tell them apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from callcheck.codec import reflector, stun

PAYLOAD_BYTES = 160
TOKEN_BYTES = 12
_NUMBER_BYTES = 4
# At 25 packets a second a hello every 10 s, as the clients send it (facts 3.3b); the far side's NAT entry needs it.
_PACKETS_PER_HELLO = 250


def token(key: bytes, number: int) -> bytes:
    """12 bytes that look random, carry `number` (below 2**32), and that only a holder of `key` can make."""
    proof = _proof(key, number)
    mask = _mask(key, proof)
    return bytes(a ^ b for a, b in zip(number.to_bytes(_NUMBER_BYTES, "big"), mask, strict=True)) + proof


def number_in(key: bytes, found: bytes) -> int | None:
    """The number that `token` put in; None for any bytes that it did not make."""
    if len(found) != TOKEN_BYTES:
        return None
    mask = _mask(key, found[_NUMBER_BYTES:])
    number = int.from_bytes(bytes(a ^ b for a, b in zip(found[:_NUMBER_BYTES], mask, strict=True)), "big")
    return number if _proof(key, number) == found[_NUMBER_BYTES:] else None


def _proof(key: bytes, number: int) -> bytes:
    size = TOKEN_BYTES - _NUMBER_BYTES
    return hashlib.blake2s(number.to_bytes(_NUMBER_BYTES, "big"), key=key, digest_size=size).digest()


def _mask(key: bytes, proof: bytes) -> bytes:
    return hashlib.blake2s(proof, key=key, digest_size=_NUMBER_BYTES, person=b"mask").digest()


@dataclass(slots=True)
class ReflectorLoop:
    """Two sides of a call at one Telegram relay: leg 0 sends numbered data, leg 1 hears it from the relay.

    `common` has 11 bytes, each of `client_tags` 4 that are not all zero, `key` 1 to 32. That the relay turns byte 0 of
    the tag for the receiver is inferred (facts 3.3b), so the sender is known by its client tag and the packet by its
    token. Sources: tgcalls v2/ReflectorPort.cpp; media passed between random tags on 2026-09-05.
    """

    common: bytes
    client_tags: tuple[bytes, bytes]
    key: bytes
    legs: int = 2
    packets_per_port: int = 0
    heard: set[int] = field(default_factory=set)

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:  # noqa: ARG002 - clients use a fixed query id
        return [(leg, reflector.hello(self._tag(leg))) for leg in range(self.legs) if leg not in self.heard]

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:
        if number % _PACKETS_PER_HELLO == _PACKETS_PER_HELLO - 1:
            self.heard.clear()
        filler_bytes = PAYLOAD_BYTES - reflector.DATA_HEADER_BYTES - TOKEN_BYTES
        payload = token(self.key, number) + hashlib.shake_128(random).digest(filler_bytes)
        return 0, reflector.data(self._tag(0), self.client_tags[1], payload)

    def received(self, leg: int, datagram: bytes) -> int | None:
        heard = reflector.decode(datagram)
        if isinstance(heard, reflector.SelfInfo) and heard.peer_tag == self._tag(leg):
            self.heard.add(leg)
        if isinstance(heard, reflector.Data) and leg == 1 and heard.sender_tag == self.client_tags[0]:
            return number_in(self.key, heard.payload[:TOKEN_BYTES])
        return None

    @property
    def ready(self) -> bool:
        return len(self.heard) == self.legs

    def _tag(self, leg: int) -> bytes:
        return reflector.peer_tag(self.common, 1 if leg else 0, self.client_tags[leg])


@dataclass(slots=True)
class StunQuestions:
    """Binding requests padded to the common size; the token is the transaction id (RFC 8489 section 5).

    A success and an error are both answers: either shows that the question went there and the answer came back.
    """

    key: bytes
    packets_per_port: int = 0
    legs: int = 1

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:  # noqa: ARG002 - STUN needs no greeting
        return ()

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - the token looks random
        return 0, stun.binding_request(token(self.key, number), pad_to_bytes=PAYLOAD_BYTES)

    def received(self, leg: int, datagram: bytes) -> int | None:  # noqa: ARG002 - there is one leg
        number = number_in(self.key, datagram[8:20])
        if number is None:
            return None
        heard = stun.decode(datagram)
        answered = isinstance(heard, stun.Message) and heard.cookie and heard.kind in {"success", "error"}
        return number if answered else None

    @property
    def ready(self) -> bool:
        return True
