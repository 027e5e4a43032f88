"""The probe forms: what each one says first, and what it takes for an answer. No I/O here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from callcheck.api import Failure
from callcheck.codec import Malformed, mtproto, noise, websocket

# Only proxies read the number of the data centre; a server takes any (inferred: facts 3.2 names the field alone).
_DATA_CENTRE = 2
# The chat of WhatsApp's web client (facts 2.2, whatsmeow socket/constants.go).
_CHAT_HOST, _CHAT_PATH = "web.whatsapp.com", "/ws/chat"
_MOST_PAGE_BYTES = 8_192

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the server said: verified (`failure` is None), or what was wrong; `error_code` is a server's own."""

    failure: Failure | None
    error_code: int | None = None


class Conversation(Protocol):
    """`opening` goes out first; `feed` takes what came and answers None until it is enough to judge; what `outgoing`
    gives goes out next. `again` makes the next question on the same connection, b"" where none can be asked."""

    opening: bytes

    def feed(self, data: bytes) -> Heard | None: ...
    def outgoing(self) -> bytes: ...
    def again(self, random_bytes: RandomBytes, unix_time_s: float) -> bytes: ...


class MtprotoConversation:
    """req_pq_multi; only a resPQ with our nonce proves that Telegram answered."""

    def __init__(self, transport: mtproto.Transport, nonce: bytes, unix_time_s: float) -> None:
        self._transport = transport
        self._nonces = {nonce}
        question = mtproto.req_pq_multi(nonce, mtproto.message_id(unix_time_s))
        self.opening = transport.open() + transport.frame(question)

    def feed(self, data: bytes) -> Heard | None:
        for received in self._transport.feed(data):
            return self._judged(received)
        return None

    def outgoing(self) -> bytes:
        return b""

    def again(self, random_bytes: RandomBytes, unix_time_s: float) -> bytes:
        nonce = random_bytes(mtproto.NONCE_BYTES)
        self._nonces.add(nonce)  # an answer to an earlier question may come late
        return self._transport.frame(mtproto.req_pq_multi(nonce, mtproto.message_id(unix_time_s)))

    def _judged(self, received: mtproto.Received) -> Heard:
        if isinstance(received, mtproto.TransportError):
            return Heard(Failure.error_answer, received.code)
        answer = received if isinstance(received, Malformed) else mtproto.decode_answer(received)
        if isinstance(answer, Malformed):
            return Heard(Failure.malformed)
        return Heard(None if answer.nonce in self._nonces else Failure.not_ours)


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

    def outgoing(self) -> bytes:
        return b""

    def again(self, random_bytes: RandomBytes, unix_time_s: float) -> bytes:
        del random_bytes, unix_time_s
        return b""


class WebSocketConversation:
    """The same greeting as one message of a WebSocket; asked again, it is a ping (RFC 6455 section 5.5.2)."""

    def __init__(self, random_bytes: RandomBytes) -> None:
        key = random_bytes(websocket.KEY_BYTES)
        self.opening = websocket.handshake(_CHAT_HOST, _CHAT_PATH, f"https://{_CHAT_HOST}", key)
        self._noise = NoiseConversation(random_bytes)
        self._mask = random_bytes(websocket.MASK_BYTES)
        self._handshake = websocket.HandshakeReader(key)
        self._frames = websocket.FrameReader()
        self._open = False
        self._next = b""
        self._pings: bytes | None = None

    def feed(self, data: bytes) -> Heard | None:
        if not self._open:
            answer = self._handshake.feed(data)
            if answer is None:
                return None
            if isinstance(answer, websocket.Refused):
                return Heard(Failure.error_answer, answer.status)
            if isinstance(answer, Malformed):
                return Heard(Failure.malformed)
            self._open = True
            self._next = websocket.frame(self._noise.opening, self._mask)
            data = answer.rest
        heard = [self._judged(frame) for frame in self._frames.feed(data)]
        return next((one for one in heard if one is not None), None)

    def outgoing(self) -> bytes:
        said, self._next = self._next, b""
        return said

    def again(self, random_bytes: RandomBytes, unix_time_s: float) -> bytes:
        del unix_time_s
        self._pings = random_bytes(8)
        return websocket.frame(self._pings, random_bytes(websocket.MASK_BYTES), opcode=websocket.PING)

    def _judged(self, frame: websocket.Frame | Malformed) -> Heard | None:
        if isinstance(frame, Malformed):
            return Heard(Failure.malformed)
        if frame.opcode == websocket.CLOSE:
            return Heard(Failure.error_answer)
        if self._pings is not None:
            is_ours = frame.opcode == websocket.PONG and frame.payload == self._pings
            return Heard(None) if is_ours else None
        return self._noise.feed(frame.payload) if frame.opcode in (0, websocket.BINARY) else None


class PageConversation:
    """An empty page by plain HTTP, asked again on the same connection: how a neutral site keeps a connection."""

    def __init__(self, host: str, path: str) -> None:
        self.opening = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n".encode("ascii")
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Heard | None:
        self._buffer += data
        if b"HTTP/1."[: len(self._buffer)] != self._buffer[:7] or len(self._buffer) > _MOST_PAGE_BYTES:
            return Heard(Failure.malformed)
        if b"\r\n\r\n" not in self._buffer:
            return None
        self._buffer.clear()
        return Heard(None)

    def outgoing(self) -> bytes:
        return b""

    def again(self, random_bytes: RandomBytes, unix_time_s: float) -> bytes:
        del random_bytes, unix_time_s
        return self.opening


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


def _websocket(random_bytes: RandomBytes, _unix_time_s: float) -> Conversation:
    return WebSocketConversation(random_bytes)


def _page(_random_bytes: RandomBytes, _unix_time_s: float) -> Conversation:
    return PageConversation("www.google.com", "/generate_204")


# Protocols that are spoken inside TLS.
IN_TLS = frozenset({"websocket"})
# The texts' protocols, and what is only opened: the page is for holding a neutral connection beside theirs.
ASKED = frozenset({"mtproto", "noise", "websocket", "tcp"})

# By protocol of the target: the forms it can be asked in. "connect" opens a connection and says nothing.
FORMS: dict[str, dict[str, Callable[[RandomBytes, float], Conversation] | None]] = {
    "mtproto": {"abridged": _abridged, "intermediate": _intermediate, "obfuscated": _obfuscated},
    "noise": {"noise": _noise},
    "websocket": {"noise": _websocket},
    "portal": {"empty": _page},
    "tcp": {"connect": None},
}
