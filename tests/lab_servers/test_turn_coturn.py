"""The TURN stand-in against coturn: the same questions get answers of the same shape."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callcheck.lab.servers.real import which
from callcheck.lab.servers.responder import Address
from tests.lab_servers.harness import PATIENCE_S
from tests.lab_servers.real_servers import coturn
from tests.lab_servers.started import started
from tests.lab_servers.turn_client import (
    ALLOCATE,
    BINDING,
    CHANNEL_BIND,
    CHANNEL_NUMBER,
    CREATE_PERMISSION,
    DATA,
    LIFETIME,
    NONCE,
    REALM,
    REFRESH,
    SEND_INDICATION,
    UDP_TRANSPORT,
    USERNAME,
    XOR_PEER_ADDRESS,
    Answer,
    Attributes,
    Client,
    Link,
    channel_data,
    message,
    signed,
    xor_address,
)

pytestmark = pytest.mark.skipif(which("turnserver") is None, reason="coturn is not installed")

AT_PEER: Attributes = [(XOR_PEER_ADDRESS, xor_address(("192.0.2.1", 5000)))]
UNKNOWN: Attributes = [(0x7FFF, b"abcd")]
Question = Callable[[Link], Answer]


def _channel(number: int, port: int = 5000) -> Attributes:
    return [(CHANNEL_NUMBER, number.to_bytes(2) + bytes(2)), (XOR_PEER_ADDRESS, xor_address(("192.0.2.1", port)))]


def _bare(kind: int, attributes: Attributes = ()) -> Question:
    return lambda link: link.client().ask(kind, attributes)


def _challenged(link: Link) -> Client:
    client = link.client()
    client.ask(ALLOCATE, UDP_TRANSPORT)
    return client


def _with_nonce(kind: int, attributes: Attributes = (), **changes: str | bytes) -> Question:
    def ask(link: Link) -> Answer:
        client = _challenged(link)
        for name, value in changes.items():
            setattr(client, name, value)
        return client.ask_signed(kind, attributes)

    return ask


def _without(missing: int) -> Question:
    def ask(link: Link) -> Answer:
        client = _challenged(link)
        shown = [credential for credential in client.credentials() if credential[0] != missing]
        return client.exchange(signed(message(ALLOCATE, [*UDP_TRANSPORT, *shown])))

    return ask


def _allocated(kind: int, attributes: Attributes = (), before: Attributes = (), **changes: str | bytes) -> Question:
    """A request of a client that has an allocation, and a channel as `before` says."""

    def ask(link: Link) -> Answer:
        client = link.client()
        client.allocate()
        if before:
            assert client.ask_signed(CHANNEL_BIND, before).kind == 0x0109
        for name, value in changes.items():
            setattr(client, name, value)
        return client.ask_signed(kind, attributes)

    return ask


def _twice(link: Link) -> Answer:
    client = _challenged(link)
    client.ask_signed(ALLOCATE, UDP_TRANSPORT, transaction_id=b"t" * 12)
    return client.ask_signed(ALLOCATE, UDP_TRANSPORT, transaction_id=b"t" * 12)


def _silence_then_binding(noise: bytes) -> Question:
    """What must not be answered, and a question after it that is: the first answer must be to that."""

    def ask(link: Link) -> Answer:
        link.send(noise)
        return link.client().ask(BINDING)

    return ask


QUESTIONS: dict[str, Question] = {
    "binding": _bare(BINDING),
    "binding, unknown attribute": _bare(BINDING, UNKNOWN),
    "allocate without credentials": _bare(ALLOCATE, UDP_TRANSPORT),
    "bare allocate": _bare(ALLOCATE),
    "allocate without credentials, unknown attribute": _bare(ALLOCATE, [*UDP_TRANSPORT, *UNKNOWN]),
    "refresh without credentials": _bare(REFRESH),
    "permission without credentials": _bare(CREATE_PERMISSION, AT_PEER),
    "unknown method without credentials": _bare(0x00EF),
    "whatsapp ping": _bare(0x0801),
    "allocate": _with_nonce(ALLOCATE, UDP_TRANSPORT),
    "allocate, no transport": _with_nonce(ALLOCATE),
    "allocate, unknown attribute": _with_nonce(ALLOCATE, [*UDP_TRANSPORT, *UNKNOWN]),
    "allocate, optional attribute": _with_nonce(ALLOCATE, [*UDP_TRANSPORT, (0x8022, b"hello")]),
    "allocate for an hour": _with_nonce(ALLOCATE, [*UDP_TRANSPORT, (LIFETIME, (3600).to_bytes(4))]),
    "allocate an even port": _with_nonce(ALLOCATE, [*UDP_TRANSPORT, (0x0018, b"\0")]),
    "allocate an even port and the next": _with_nonce(ALLOCATE, [*UDP_TRANSPORT, (0x0018, b"\x80")]),
    "allocate ipv4": _with_nonce(ALLOCATE, [*UDP_TRANSPORT, (0x0017, b"\1\0\0\0")]),
    "allocate ipv6": _with_nonce(ALLOCATE, [*UDP_TRANSPORT, (0x0017, b"\2\0\0\0")]),
    "allocate, token and even port": _with_nonce(ALLOCATE, [*UDP_TRANSPORT, (0x0018, b"\x80"), (0x0022, b"stranger")]),
    "wrong password": _with_nonce(ALLOCATE, UDP_TRANSPORT, password="wrong"),
    "wrong user": _with_nonce(ALLOCATE, UDP_TRANSPORT, user="nobody"),
    "wrong realm": _with_nonce(ALLOCATE, UDP_TRANSPORT, realm="elsewhere"),
    "wrong nonce": _with_nonce(ALLOCATE, UDP_TRANSPORT, nonce=b"0123456789abcdef"),
    "no user": _without(USERNAME),
    "no realm": _without(REALM),
    "no nonce": _without(NONCE),
    "same allocate twice": _twice,
    "another allocate": _allocated(ALLOCATE, UDP_TRANSPORT),
    "refresh without allocation": _with_nonce(REFRESH),
    "permission without allocation": _with_nonce(CREATE_PERMISSION, AT_PEER),
    "channel without allocation": _with_nonce(CHANNEL_BIND, _channel(0x4000)),
    "refresh": _allocated(REFRESH),
    "refresh 0": _allocated(REFRESH, [(LIFETIME, bytes(4))]),
    "refresh, short lifetime": _allocated(REFRESH, [(LIFETIME, b"ab")]),
    "refresh ipv6": _allocated(REFRESH, [(0x0017, b"\2\0\0\0")]),
    "refresh, wrong password": _allocated(REFRESH, password="wrong"),
    "refresh, other user": _allocated(REFRESH, user="nobody"),
    "refresh, other realm": _allocated(REFRESH, realm="elsewhere"),
    "refresh, wrong nonce": _allocated(REFRESH, nonce=b"0123456789abcdef"),
    "permission": _allocated(CREATE_PERMISSION, AT_PEER),
    "permission for two": _allocated(CREATE_PERMISSION, [*AT_PEER, *AT_PEER]),
    "permission for nobody": _allocated(CREATE_PERMISSION),
    "permission for ipv6": _allocated(CREATE_PERMISSION, [(XOR_PEER_ADDRESS, b"\0\2" + bytes(18))]),
    "permission, unknown attribute": _allocated(CREATE_PERMISSION, [*AT_PEER, *UNKNOWN]),
    "channel": _allocated(CHANNEL_BIND, _channel(0x4000)),
    "highest channel": _allocated(CHANNEL_BIND, _channel(0x7FFF)),
    "too low a channel": _allocated(CHANNEL_BIND, _channel(0x3FFF)),
    "too high a channel": _allocated(CHANNEL_BIND, _channel(0x8000)),
    "channel to nobody": _allocated(CHANNEL_BIND, _channel(0x4000)[:1]),
    "no channel": _allocated(CHANNEL_BIND, AT_PEER),
    "same channel again": _allocated(CHANNEL_BIND, _channel(0x4000), before=_channel(0x4000)),
    "same channel, other peer": _allocated(CHANNEL_BIND, _channel(0x4000, 6000), before=_channel(0x4000)),
    "same peer, other channel": _allocated(CHANNEL_BIND, _channel(0x4001), before=_channel(0x4000)),
    "unknown method": _allocated(0x00EF),
    "garbage": _silence_then_binding(b"garbage garbage garbage garbage!"),
    "cut short": _silence_then_binding(message(ALLOCATE, UDP_TRANSPORT)[:-1]),
    "nothing": _silence_then_binding(b""),
    "channel data of a stranger": _silence_then_binding(channel_data(0x4000, b"data")),
    "indication of a stranger": _silence_then_binding(message(SEND_INDICATION, [*AT_PEER, (DATA, b"data")])),
    "answer": _silence_then_binding(message(0x0101)),
}


@contextmanager
def _fresh_link(place: Address) -> Iterator[Link]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(PATIENCE_S)
        yield Link(sock, place)


def test_every_question_gets_the_same_type_error_code_and_attributes(tmp_path: Path) -> None:
    differing = []
    with coturn(tmp_path) as real, started("turn") as ours:
        for name, question in QUESTIONS.items():
            with _fresh_link(real) as to_real, _fresh_link(ours) as to_ours:
                shapes = question(to_real).shape, question(to_ours).shape
            if shapes[0] != shapes[1]:
                differing.append((name, *shapes))
    assert differing == []


def test_what_a_peer_sends_reaches_the_client_in_the_same_form(tmp_path: Path) -> None:
    seen = []
    with coturn(tmp_path) as real, started("turn") as ours:
        for place in (real, ours):
            with _fresh_link(place) as link, _fresh_link(place) as other:
                client = link.client()
                relayed = client.allocate()
                peer = other.sock.getsockname()
                client.ask_signed(CREATE_PERMISSION, [(XOR_PEER_ADDRESS, xor_address(peer))])
                other.sock.sendto(b"by indication", relayed)
                told = Answer(link.receive())
                binding = [(CHANNEL_NUMBER, b"\x40\0\0\0"), (XOR_PEER_ADDRESS, xor_address(peer))]
                client.ask_signed(CHANNEL_BIND, binding)
                other.sock.sendto(b"by channel", relayed)
                by_channel = link.receive()
                seen.append((told.shape[0], told.shape[2], told.attributes[DATA], by_channel))
    assert seen[0] == seen[1]
