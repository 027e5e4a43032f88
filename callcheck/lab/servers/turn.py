"""A TURN server on UDP, TCP or TLS for the user `callcheck` with the password `lab`: its sockets and connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, cast

from callcheck.lab.servers.config import EndpointConfig
from callcheck.lab.servers.config_checks import ConfigError
from callcheck.lab.servers.faults import AnswerDoor, AskerLimit, Outlet
from callcheck.lab.servers.responder import Address, Endpoint, Setting
from callcheck.lab.servers.turn_server import TurnServer
from callcheck.lab.servers.turn_sockets import UdpSocket
from callcheck.lab.servers.turn_wire import MessageFrames

_MOST_UNREAD_BYTES: Final = 65536
"""What a client on a stream may leave unread before peers' data for it is lost (RFC 8656 section 3.1 allows it)."""


async def start(
    config: EndpointConfig, opened: Callable[[str, int, str], socket.socket], setting: Callable[[Address], Setting]
) -> Endpoint:
    """Listen on the endpoint's address and port; relayed sockets are opened on the same address. Raises OSError."""
    if config.options:
        raise ConfigError("kind turn has none")
    loop = asyncio.get_running_loop()
    listening = opened(config.address, config.port, config.transport)

    def open_relay(port: int) -> UdpSocket:
        return UdpSocket(opened(config.address, port, "udp"), loop)

    host, port = listening.getsockname()[:2]
    place = _Place(config, setting((host, port)), open_relay)
    if config.transport == "udp":
        return _DatagramTurn(UdpSocket(listening, loop), place)
    return await _StreamTurn.listen(listening, place)


@dataclass(frozen=True, slots=True)
class _Place:
    """What both forms of the server need to know."""

    config: EndpointConfig
    setting: Setting
    open_relay: Callable[[int], UdpSocket]


class _DatagramTurn:
    """TURN on one UDP port. Faults touch answers, not what is relayed."""

    def __init__(self, sock: UdpSocket, place: _Place) -> None:
        self._sock = sock
        self._door = AnswerDoor(place.config.fault, place.setting)
        self._server = TurnServer(place.setting, place.open_relay, sock.send, pads_channel_data=False)
        sock.listen(self._heard)

    @property
    def local(self) -> Address:
        return self._sock.local

    def close(self) -> None:
        self._door.close()
        self._server.close()
        self._sock.close()

    def _heard(self, data: bytes, client: Address) -> None:
        answer = self._server.received(data, client)
        if answer is not None:
            self._door.answer(answer, client, lambda passed: self._sock.send(passed, client))


class _StreamTurn:
    """TURN on one TCP port, in TLS or not. A client's allocation ends with its connection."""

    def __init__(self, place: _Place) -> None:
        self.place = place
        self._limit = AskerLimit(place.setting.monotonic_s) if place.config.fault == "rate_limited" else None
        self.connections: dict[Address, _Connection] = {}
        self.turn = TurnServer(place.setting, place.open_relay, self._to_client, pads_channel_data=True)
        self._listening: asyncio.Server | None = None

    @classmethod
    async def listen(cls, sock: socket.socket, place: _Place) -> _StreamTurn:
        """Serve on a bound socket, which belongs to the endpoint from then on."""
        endpoint = cls(place)
        context = None
        if place.config.transport == "tls":
            assert place.setting.certificates is not None, "a configuration with TLS names a directory for certificates"
            context = place.setting.certificates.server_context()
        loop = asyncio.get_running_loop()
        endpoint._listening = await loop.create_server(lambda: _Connection(endpoint), sock=sock, ssl=context)
        return endpoint

    @property
    def local(self) -> Address:
        return self.place.setting.local

    @property
    def is_open(self) -> bool:
        return self._listening is None or self._listening.is_serving()

    def close(self) -> None:
        assert self._listening is not None
        self._listening.close()
        for connection in tuple(self.connections.values()):
            connection.abort()
        self.turn.close()

    def make_outlet(self) -> Outlet:
        """What a connection's answers leave through."""
        fault_random = Random(self.place.setting.random.getrandbits(64))
        return Outlet(self.place.config.fault, fault_random, asyncio.get_running_loop())

    def hears(self, client_ip: str) -> bool:
        """Whether one more connection of the client is to be answered."""
        return self._limit is None or self._limit.admits(client_ip)

    def _to_client(self, data: bytes, client: Address) -> None:
        connection = self.connections.get(client)
        if connection is not None:
            connection.relay(data)


class _Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, endpoint: _StreamTurn) -> None:
        self._endpoint = endpoint
        self._frames = MessageFrames(channel_data=True)
        self._outlet = endpoint.make_outlet()
        self._peer: Address = ("0.0.0.0", 0)  # noqa: S104 - a placeholder, nothing binds it
        self._is_heard = True
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # In TLS it is a transport by its methods only.
        self._transport = cast("asyncio.Transport", transport)
        # A peer that is already gone has no name any more, and one accepted in the turn of the close is in no list.
        name = transport.get_extra_info("peername")
        if name is None or not self._endpoint.is_open:
            self._transport.abort()
            return
        self._peer = name[0], name[1]
        self._endpoint.connections[self._peer] = self
        self._is_heard = self._endpoint.hears(self._peer[0])

    def data_received(self, data: bytes) -> None:
        if not self._is_heard:
            return
        for message in self._frames.feed(data):
            answer = self._endpoint.turn.received(message, self._peer)
            if answer is not None:
                self._outlet.pass_on(answer, self._write)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncio's
        self._outlet.close()
        if self._endpoint.connections.get(self._peer) is self:
            del self._endpoint.connections[self._peer]
            self._endpoint.turn.forget(self._peer)

    def pause_writing(self) -> None:
        """A client that does not read is not read from either, so that answers do not pile up."""
        assert self._transport is not None
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        assert self._transport is not None
        self._transport.resume_reading()

    def relay(self, data: bytes) -> None:
        """Pass on what a peer sent, unless the client has too much unread."""
        if self._transport is not None and self._transport.get_write_buffer_size() <= _MOST_UNREAD_BYTES:
            self._write(data)

    def abort(self) -> None:
        """End the connection at once."""
        assert self._transport is not None
        self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
