"""Chat servers and sites that go on answering, or cease to, for the messaging check's tests."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from callcheck.api import Depth, Evidence, Failure, Fetched, Numbered, Observation, Target, TcpState
from callcheck.codec import mtproto, websocket
from callcheck.testing import FakeContext, StreamAnswers, StreamHandler, StreamPeer, run_check
from callcheck_messaging import CHECK
from tests.checks.peers import obfuscated_answer, res_pq, server_hello

NO_ACKNOWLEDGEMENT = TcpState(30.0, 9, 7, 2, 400, 500)
FORMS = ("abridged", "intermediate", "obfuscated")


def centre(answers: int = 1_000, *, state: TcpState | None = None) -> StreamPeer:
    """A data centre that answers so many questions on each connection, then nothing. The obfuscated transport is
    answered once only: its later frames are a stream cipher's, which the stand-in of the peers does not follow."""

    def conversation() -> StreamHandler:
        seen = 0
        tag = 0

        def handler(data: bytes) -> StreamAnswers:
            nonlocal seen, tag
            if not data:
                return []
            seen += 1
            if seen == 1:
                tag = {b"\xef": 1, b"\xee": 4}.get(data[:1], 0)
            if not tag and seen == 1:
                return [(0.03, obfuscated_answer(data, res_pq))]
            if seen > answers or not tag:
                return []
            skipped = (tag if seen == 1 else 0) + (1 if tag == 1 else 4)
            framing = mtproto.Abridged() if tag == 1 else mtproto.Intermediate()
            return [(0.03, framing.frame(res_pq(data[skipped:])))]

        return handler

    return StreamPeer(conversation, state=state)


def page(answers: int = 1_000) -> StreamPeer:
    def conversation() -> StreamHandler:
        seen = 0

        def handler(data: bytes) -> StreamAnswers:
            nonlocal seen
            seen += bool(data)
            return [(0.02, b"HTTP/1.1 204 No Content\r\n\r\n")] if data and seen <= answers else []

        return handler

    return StreamPeer(conversation)


def chat_room(
    tls: Callable[[str], Failure | None] = lambda _name: None, *, status: bytes = b"101 Switching Protocols"
) -> StreamPeer:
    """WhatsApp's web chat: a WebSocket whose first message is answered with a ServerHello, and pings with pongs."""

    def conversation() -> StreamHandler:
        def handler(data: bytes) -> StreamAnswers:
            if data.startswith(b"GET /ws/chat HTTP/1.1\r\n"):
                assert b"\r\nOrigin: https://web.whatsapp.com\r\n" in data
                key = data.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
                accept = websocket.accept_for(base64.b64decode(key))
                head = b"HTTP/1.1 " + status + b"\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " + accept
                return [(0.02, head + b"\r\n\r\n")]
            if data[:1] == b"\x82":
                plain = unmasked(data)
                assert plain[:4] == b"WA\x06\x03"
                said = server_hello()
                return [(0.03, b"\x82" + bytes([126]) + struct.pack("!H", len(said)) + said)]
            if data[:1] == b"\x89":
                payload = unmasked(data)
                return [(0.03, b"\x8a" + bytes([len(payload)]) + payload)]
            return []

        return handler

    return StreamPeer(conversation, tls=tls)


def unmasked(frame: bytes) -> bytes:
    size = frame[1] & 0x7F
    assert frame[1] & 0x80
    assert size < 126
    return bytes(byte ^ frame[2 + at % 4] for at, byte in enumerate(frame[6 : 6 + size]))


def subject(protocol: str, host: str, service: str, address: str = "") -> Target:
    return Target(
        service=service,
        function="messaging",
        host=host,
        address=address,
        port=443,
        transport="tcp",
        protocol=protocol,
        answers={"noise": "confirmed", "page": "confirmed"},
    )


def data_centres(count: int = 3) -> list[Target]:
    return [
        Target(
            service="telegram",
            function="messaging",
            address=f"149.154.167.{number}",
            port=443,
            transport="tcp",
            protocol="mtproto",
            answers=dict.fromkeys(FORMS, "confirmed"),
        )
        for number in range(50, 50 + count)
    ]


WEB = subject("websocket", "web.whatsapp.com", "whatsapp")
MEDIA = subject("media", "core.telegram.org", "telegram")
NEUTRAL = Target(role="control", host="www.google.com", port=443, transport="tcp", protocol="https")
EMPTY = Target(role="control", host="www.google.com", port=80, transport="tcp", protocol="portal")
NAMES: dict[str, Sequence[str] | Failure] = {
    "web.whatsapp.com": ["157.240.0.53"],
    "core.telegram.org": ["149.154.167.99"],
    "www.google.com": ["142.250.74.4"],
}


def run(
    targets: Sequence[Target],
    streams: Mapping[str, StreamPeer | Failure],
    *,
    depth: Depth = "quick",
    ctx: FakeContext | None = None,
) -> FakeContext:
    ctx = ctx or FakeContext(targets, names=NAMES, depth=depth, info=CHECK.info)
    for endpoint, peer in streams.items():
        ctx.stream_peer(endpoint, peer)
    run_check(CHECK, ctx)
    assert not ctx.open_sockets
    return ctx


def evidence(ctx: FakeContext, claim: str, service: str) -> Evidence:
    return next(item for item in CHECK.read(ctx.observations) if (item.claim, item.service) == (claim, service))


def seen(ctx: FakeContext, op: str) -> list[Observation]:
    return [one.value for one in ctx.observations if one.value.op == f"messaging.{op}"]


def numbered(observations: Sequence[Observation]) -> list[Numbered[Observation]]:
    return [Numbered(seq, one) for seq, one in enumerate(observations)]


class Cutting(FakeContext):
    """A context whose sites stop after `cut` bytes where the host is `host`, both ways."""

    cut = 16_000
    host = ""

    async def fetch(self, target: Target, path: str, **kwargs: Any) -> Fetched | Failure:
        is_long = "n=" in path or kwargs.get("method") == "POST"
        if target.host != self.host or not is_long:
            return await super().fetch(target, path, **kwargs)
        if kwargs.get("method") != "POST":
            kwargs["on_bytes"](self.cut)
        await self.sleep(kwargs["timeout_s"])
        return Failure.timeout


def lab_site(method: str, path: str, body: bytes) -> Fetched:
    """As the lab's sites: `/bytes?n=N` gives N bytes, `/upload` says how many came."""
    size = int(path.partition("n=")[2] or 80) if method == "GET" else len(str(len(body)))
    return Fetched(200, {}, b"", size, 30.0, 60.0)
