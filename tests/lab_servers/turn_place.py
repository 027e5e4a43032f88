"""A TURN server without sockets: relays that only remember, and a clock that is set by hand."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from callcheck.lab.servers.responder import Address
from callcheck.lab.servers.turn_server import TurnServer
from tests.lab_servers.harness import CLIENT, SERVER, setting
from tests.lab_servers.turn_client import (
    CHANNEL_NUMBER,
    DATA,
    LIFETIME,
    SEND_INDICATION,
    XOR_PEER_ADDRESS,
    Attributes,
    Client,
    message,
    xor_address,
)

PEER: Address = ("192.0.2.1", 5000)
OTHER_PEER: Address = ("192.0.2.2", 5000)
AT_PEER: Attributes = [(XOR_PEER_ADDRESS, xor_address(PEER))]
EVEN_PORT, RESERVATION_TOKEN, FAMILY = 0x0018, 0x0022, 0x0017


@dataclass
class Relay:
    """A relayed socket of the test's own."""

    local: Address
    sent: list[tuple[bytes, Address]] = field(default_factory=list)
    heard: Callable[[bytes, Address], None] | None = None
    is_open: bool = True

    def listen(self, heard: Callable[[bytes, Address], None]) -> None:
        self.heard = heard

    def send(self, data: bytes, peer: Address) -> None:
        self.sent.append((data, peer))

    def close(self) -> None:
        self.is_open = False


@dataclass
class Place:
    """A server with a clock that is set by hand, and all that leaves it."""

    now_s: float = 0.0
    relays: list[Relay] = field(default_factory=list)
    to_client: list[tuple[bytes, Address]] = field(default_factory=list)
    first_port: int = 50000
    server: TurnServer = field(init=False)

    def __post_init__(self) -> None:
        self.server = TurnServer(
            setting(monotonic_s=lambda: self.now_s),
            self.open_relay,
            lambda data, client: self.to_client.append((data, client)),
            pads_channel_data=False,
        )

    def open_relay(self, port: int) -> Relay:
        taken = {relay.local[1] for relay in self.relays if relay.is_open}
        chosen = port or next(free for free in itertools.count(self.first_port) if free not in taken)
        if chosen in taken:
            raise OSError(errno.EADDRINUSE, "taken")
        self.relays.append(Relay((SERVER[0], chosen)))
        return self.relays[-1]

    def client(self, address: Address = CLIENT) -> Client:
        def carry(request: bytes) -> bytes:
            answer = self.server.received(request, address)
            assert answer is not None
            return answer

        return Client(carry)

    def allocated(self) -> tuple[Client, Relay]:
        client = self.client()
        client.allocate()
        return client, self.relays[-1]

    def indicate(self, data: bytes, peer: Address = PEER, more: Attributes = ()) -> None:
        told = [(XOR_PEER_ADDRESS, xor_address(peer)), (DATA, data), *more]
        assert self.server.received(message(SEND_INDICATION, told), CLIENT) is None


def lifetime(seconds: int) -> Attributes:
    """A LIFETIME."""
    return [(LIFETIME, seconds.to_bytes(4))]


def channel(number: int, peer: Address = PEER) -> Attributes:
    """What a ChannelBind asks for."""
    return [(CHANNEL_NUMBER, number.to_bytes(2) + bytes(2)), (XOR_PEER_ADDRESS, xor_address(peer))]


def hear(relay: Relay, data: bytes, peer: Address) -> None:
    """A peer's datagram reaches a relayed socket."""
    assert relay.heard is not None
    relay.heard(data, peer)
