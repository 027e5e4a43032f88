"""Plain UDP echo (RFC 862), and an echo that counts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from callcheck_stream.arms.numbering import PAYLOAD_BYTES, TOKEN_BYTES, filled, number_in, token

_COUNT_BYTES = 4


@dataclass(slots=True)
class EchoQuestions:
    """160 bytes that look random, token first, and come back as they were sent.

    Four more bytes behind them say, big-endian, how many packets of the flow the far end had received by then, which is
    what callcheck's own reflector adds. Answers may overtake each other, so the highest count holds; one above the
    packets sent is not believed. Counts are per port, as the far end knows a flow by its addresses and ports.
    """

    key: bytes
    packets_per_port: int = 0
    legs: int = 1
    sent: int = 0
    far_received: int | None = None

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:  # noqa: ARG002 - an echo needs no greeting
        return ()

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - token and filler look random
        self.sent += 1
        return 0, self._payload(token(self.key, number))

    def received(self, leg: int, datagram: bytes) -> int | None:  # noqa: ARG002 - there is one leg
        found, count = datagram[:TOKEN_BYTES], datagram[PAYLOAD_BYTES:]
        number = number_in(self.key, found)
        if number is None or datagram[:PAYLOAD_BYTES] != self._payload(found) or len(count) not in {0, _COUNT_BYTES}:
            return None
        if count:
            self._note(int.from_bytes(count, "big"))
        return number

    @property
    def ready(self) -> bool:
        return True

    def _payload(self, token_of_packet: bytes) -> bytes:
        """The same bytes for the same token, so that an answer can be compared with what was sent."""
        seed = hashlib.blake2s(token_of_packet, key=self.key, person=b"filler").digest()
        return filled(token_of_packet, seed, PAYLOAD_BYTES)

    def _note(self, count: int) -> None:
        if 1 <= count <= self.sent:
            self.far_received = max(count, self.far_received or 0)
