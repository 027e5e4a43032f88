"""STUN questions of the common size: Binding with and without the magic cookie, and Telegram's Allocate."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from callcheck.codec import stun, turn
from callcheck.codec.stun_attributes import MAGIC_COOKIE
from callcheck_stream.arms.numbering import PAYLOAD_BYTES, number_in, token

_TOKEN_AT = slice(8, 20)


@dataclass(slots=True)
class StunQuestions:
    """Binding requests padded to the common size; the token is the transaction id (RFC 8489 section 5).

    Without `cookie` they have the classic form of RFC 3489: the place of the magic cookie holds four bytes that look
    random, so a rule that looks for STUN by its cookie does not see them. That older servers answer both forms is
    confirmed for coturn only (facts 8). A success and an error are both answers: either shows that the question went
    there and the answer came back.
    """

    key: bytes
    packets_per_port: int = 0
    legs: int = 1
    cookie: bool = True
    far_received: int | None = None

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:  # noqa: ARG002 - STUN needs no greeting
        return ()

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - the token looks random
        transaction_id = self._transaction_id(token(self.key, number))
        return 0, stun.binding_request(transaction_id, cookie=self.cookie, pad_to_bytes=PAYLOAD_BYTES)

    def received(self, leg: int, datagram: bytes) -> int | None:  # noqa: ARG002 - there is one leg
        found = datagram[_TOKEN_AT]
        number = number_in(self.key, found)
        if number is None or not _is_answer(datagram, self._transaction_id(found), {stun.BINDING}):
            return None
        return number

    @property
    def ready(self) -> bool:
        return True

    def _transaction_id(self, token_of_packet: bytes) -> bytes:
        return token_of_packet if self.cookie else _no_cookie(self.key, token_of_packet) + token_of_packet


def _no_cookie(key: bytes, token_of_packet: bytes) -> bytes:
    """Four bytes that look random, are not the magic cookie, and are known again when the answer comes."""
    drawn = hashlib.blake2s(token_of_packet, key=key, digest_size=4, person=b"classic").digest()
    return drawn if drawn != MAGIC_COOKIE else drawn[::-1]


def _is_answer(datagram: bytes, transaction_id: bytes, methods: set[int]) -> bool:
    heard = stun.decode(datagram)
    if not isinstance(heard, stun.Message) or heard.transaction_id != transaction_id:
        return False
    return heard.method in methods and heard.kind in {"success", "error"}


@dataclass(slots=True)
class AllocateQuestions:
    """Allocate requests without credentials, as Telegram's clients ask port 1400 first (facts 3.3a), padded.

    401 is the expected answer, and any other error or a success is one as well; the token is the transaction id. A
    server that grants an allocation to strangers is not left with it: after the first success the packets of that port
    are Refresh requests that release it (RFC 8656 section 8.2), answered by success or 437. What stays is an allocation
    whose grant was lost or came after the port's last packet, until its lifetime ends. So a port carries at least two
    packets: `packets_per_port` is not 1.
    """

    key: bytes
    packets_per_port: int = 0
    legs: int = 1
    granted: bool = False
    far_received: int | None = None

    def __post_init__(self) -> None:
        if self.packets_per_port == 1:
            raise ValueError("a port of one packet cannot release what it was granted")

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:  # noqa: ARG002 - STUN needs no greeting
        return ()

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - the token looks random
        ask = turn.release_request if self.granted else turn.allocate_request
        return 0, ask(token(self.key, number), pad_to_bytes=PAYLOAD_BYTES)

    def received(self, leg: int, datagram: bytes) -> int | None:  # noqa: ARG002 - there is one leg
        found = datagram[_TOKEN_AT]
        number = number_in(self.key, found)
        if number is None or not _is_answer(datagram, found, {stun.ALLOCATE, turn.REFRESH}):
            return None
        heard = stun.decode(datagram)
        if isinstance(heard, stun.Message) and heard.kind == "success":
            self.granted = True
        return number

    @property
    def ready(self) -> bool:
        return True
