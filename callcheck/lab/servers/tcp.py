"""A listening TCP socket that gives each connection a responder of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from callcheck.lab.servers.config import EndpointConfig
from callcheck.lab.servers.faults import Outlet
from callcheck.lab.servers.responder import Address, StreamResponder


class TcpConnection(asyncio.Protocol):
    """Plumbing between one accepted connection, its responder and its outlet."""

    def __init__(
        self,
        make_responder: Callable[[Address], StreamResponder],
        outlet: Outlet,
        open_connections: set[TcpConnection],
    ) -> None:
        self._make_responder = make_responder
        self._outlet = outlet
        self._open_connections = open_connections
        self._responder: StreamResponder | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open_connections.add(self)
        # A peer that is already gone has no name any more.
        peer = transport.get_extra_info("peername") or ("0.0.0.0", 0)  # noqa: S104 - a placeholder, nothing binds it
        self._responder = self._make_responder((peer[0], peer[1]))

    def data_received(self, data: bytes) -> None:
        assert self._responder is not None
        assert self._transport is not None
        if self._transport.is_closing():
            return
        reply = self._responder.received(data)
        if reply.data:
            self._outlet.pass_on(reply.data, self._write)
        if reply.close:
            self._transport.close()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncio's
        self._outlet.close()
        self._open_connections.discard(self)

    def pause_writing(self) -> None:
        """A peer that does not read is not read from either, so that answers do not pile up."""
        assert self._transport is not None
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        assert self._transport is not None
        self._transport.resume_reading()

    def abort(self) -> None:
        """End the connection at once."""
        assert self._transport is not None
        self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


class TcpEndpoint:
    """A listening socket and the connections it accepted."""

    def __init__(self, server: asyncio.Server, open_connections: set[TcpConnection]) -> None:
        self._server = server
        self._open_connections = open_connections

    @property
    def local(self) -> Address:
        """The bound address and port."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    def close(self) -> None:
        """Stop listening and end every connection."""
        self._server.close()
        for connection in tuple(self._open_connections):
            connection.abort()


async def bind_tcp(
    config: EndpointConfig,
    make_responder: Callable[[Address, Address], StreamResponder],
    make_outlet: Callable[[], Outlet],
) -> TcpEndpoint:
    """Bind and listen; OSError when the system refuses. `make_responder` takes the local and the peer's address."""
    open_connections: set[TcpConnection] = set()
    loop = asyncio.get_running_loop()

    def accept() -> TcpConnection:
        return TcpConnection(lambda peer: make_responder(endpoint.local, peer), make_outlet(), open_connections)

    server = await loop.create_server(accept, config.address, config.port, start_serving=False)
    endpoint = TcpEndpoint(server, open_connections)
    await server.start_serving()
    return endpoint
