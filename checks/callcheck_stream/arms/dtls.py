"""DTLS ClientHellos as a flow: apart from the other arms, as OpenSSL costs the flow process 0.1 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callcheck.codec import Malformed, dtls


@dataclass(slots=True)
class DtlsQuestions:
    """Each ClientHello on a source port of its own: a HelloVerifyRequest has no id, so the port tells the question.

    The size is OpenSSL's own (about 206 bytes of payload), so this arm does not match the others in size.
    """

    legs: int = 1
    packets_per_port: int = 1
    number: int | None = None
    far_received: int | None = None

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:  # noqa: ARG002 - the hello is the packet itself
        return ()

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:  # noqa: ARG002 - OpenSSL draws its own
        self.number = number
        return 0, dtls.client_hello()

    def received(self, leg: int, datagram: bytes) -> int | None:  # noqa: ARG002 - there is one leg
        return None if isinstance(dtls.decode(datagram), Malformed) else self.number

    @property
    def ready(self) -> bool:
        return True
