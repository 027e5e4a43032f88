"""The probe forms: what each one says first, and what it takes for an answer. No I/O here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from callcheck.api import Failure
from callcheck.codec import Malformed, mtproto, noise

# Only proxies read the number of the data centre; a server takes any (inferred: facts 3.2 names the field alone).
_DATA_CENTRE = 2

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the server said: verified (`failure` is None), or what was wrong; `error_code` is a server's own."""

    failure: Failure | None
    error_code: int | None = None


class Conversation(Protocol):
    """`opening` goes out first; `feed` takes what came and answers None until it is enough to judge."""

    opening: bytes

    def feed(self, data: bytes) -> Heard | None: ...


class MtprotoConversation:
    """req_pq_multi; only a resPQ with our nonce proves that Telegram answered."""

    def __init__(self, transport: mtproto.Transport, nonce: bytes, unix_time_s: float) -> None:
        self._transport = transport
        self._nonce = nonce
        question = mtproto.req_pq_multi(nonce, mtproto.message_id(unix_time_s))
        self.opening = transport.open() + transport.frame(question)

    def feed(self, data: bytes) -> Heard | None:
        for received in self._transport.feed(data):
            return self._judged(received)
        return None

    def _judged(self, received: mtproto.Received) -> Heard:
        if isinstance(received, mtproto.TransportError):
            return Heard(Failure.error_answer, received.code)
        answer = received if isinstance(received, Malformed) else mtproto.decode_answer(received)
        if isinstance(answer, Malformed):
            return Heard(Failure.malformed)
        return Heard(None if answer.nonce == self._nonce else Failure.not_ours)


class NoiseConversation:
    """WhatsApp's ClientHello with a real X25519 key; a whole ServerHello is the answer."""

    def __init__(self, random_bytes: RandomBytes) -> None:
        key = X25519PrivateKey.from_private_bytes(random_bytes(noise.EPHEMERAL_BYTES))
        self.opening = noise.client_hello(key.public_key().public_bytes_raw())
        self._reader = noise.ServerHelloReader()

    def feed(self, data: bytes) -> Heard | None:
        answer = self._reader.feed(data)
        if answer is None:
            return None
        return Heard(Failure.malformed if isinstance(answer, Malformed) else None)


def _abridged(random_bytes: RandomBytes, unix_time_s: float) -> Conversation:
    return MtprotoConversation(mtproto.Abridged(), random_bytes(mtproto.NONCE_BYTES), unix_time_s)


def _intermediate(random_bytes: RandomBytes, unix_time_s: float) -> Conversation:
    return MtprotoConversation(mtproto.Intermediate(), random_bytes(mtproto.NONCE_BYTES), unix_time_s)


def _obfuscated(random_bytes: RandomBytes, unix_time_s: float) -> Conversation:
    start = random_bytes(64)
    while not mtproto.usable_random(start):
        start = random_bytes(64)
    transport = mtproto.Obfuscated(start, mtproto.Abridged(), _DATA_CENTRE)
    return MtprotoConversation(transport, random_bytes(mtproto.NONCE_BYTES), unix_time_s)


def _noise(random_bytes: RandomBytes, _unix_time_s: float) -> Conversation:
    return NoiseConversation(random_bytes)


# By protocol of the target: the forms it can be asked in. "connect" opens a connection and says nothing.
FORMS: dict[str, dict[str, Callable[[RandomBytes, float], Conversation] | None]] = {
    "mtproto": {"abridged": _abridged, "intermediate": _intermediate, "obfuscated": _obfuscated},
    "noise": {"noise": _noise},
    "tcp": {"connect": None},
}
