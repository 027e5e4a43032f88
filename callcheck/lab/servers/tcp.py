"""A listening TCP socket that gives each connection a responder of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator

from callcheck.lab.servers.faults import Outlet
from callcheck.lab.servers.responder import Address, Setting, StreamFactory, StreamReply, StreamResponder


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
        self._is_ending = False
        self._is_peer_slow = False
        # While a long answer is being sent, what arrives waits here: one read at most, as reading is paused.
        self._is_busy = False
        self._unheard = bytearray()
        self._more: Iterator[bytes] | None = None
        self._next_piece: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open_connections.add(self)
        # A peer that is already gone has no name any more.
        peer = transport.get_extra_info("peername") or ("0.0.0.0", 0)  # noqa: S104 - a placeholder, nothing binds it
        self._responder = self._make_responder((peer[0], peer[1]))

    def data_received(self, data: bytes) -> None:
        if self._is_busy:
            self._unheard += data
        else:
            self._hear(data)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature is asyncio's
        self._outlet.close()
        self._open_connections.discard(self)
        self._more = None
        if self._next_piece is not None:
            self._next_piece.cancel()

    def pause_writing(self) -> None:
        """A peer that does not read is not read from either, so that answers do not pile up."""
        self._is_peer_slow = True
        self._read_or_not()

    def resume_writing(self) -> None:
        self._is_peer_slow = False
        self._read_or_not()
        self._schedule_piece()

    def abort(self) -> None:
        """End the connection at once."""
        assert self._transport is not None
        self._transport.abort()

    def _hear(self, data: bytes) -> None:
        assert self._responder is not None
        assert self._transport is not None
        if self._is_ending or self._transport.is_closing():
            return
        reply = self._responder.received(data)
        self._is_ending = reply.close
        if reply.more is not None:
            self._is_busy = True
            self._read_or_not()
        if reply.data:
            self._outlet.pass_on(reply.data, lambda passed: self._deliver(passed, reply))
        elif reply.close:
            self._transport.close()

    def _deliver(self, passed: bytes, reply: StreamReply) -> None:
        """Write an answer that the outlet lets out; of a long one that it replaced, nothing more follows."""
        assert self._transport is not None
        if self._transport.is_closing():
            return
        self._transport.write(passed)
        if reply.more is not None:
            self._more = reply.more if passed is reply.data else iter(())
            self._schedule_piece()
        elif reply.close:
            self._transport.close()

    def _schedule_piece(self) -> None:
        """Send the next piece in the loop's next turn, so that one long answer does not hold up all others."""
        if self._more is not None and self._next_piece is None and not self._is_peer_slow:
            self._next_piece = asyncio.get_running_loop().call_soon(self._send_piece)

    def _send_piece(self) -> None:
        assert self._transport is not None
        assert self._more is not None
        self._next_piece = None
        piece = next(self._more, None)
        if piece is not None:
            self._transport.write(piece)
            self._schedule_piece()
            return
        self._more = None
        if self._is_ending:
            self._transport.close()
            return
        self._is_busy = False
        self._read_or_not()
        unheard = bytes(self._unheard)
        self._unheard.clear()
        self._hear(unheard)

    def _read_or_not(self) -> None:
        assert self._transport is not None
        if self._is_busy or self._is_peer_slow:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()


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


async def serve_tcp(
    sock: socket.socket,
    make_responder: StreamFactory,
    setting: Callable[[Address], Setting],
    make_outlet: Callable[[], Outlet],
) -> TcpEndpoint:
    """Serve on a bound non-blocking socket, which belongs to the endpoint from then on."""
    open_connections: set[TcpConnection] = set()
    local: Address = sock.getsockname()[:2]
    place = setting(local)

    def accept() -> TcpConnection:
        return TcpConnection(lambda peer: make_responder(place, peer), make_outlet(), open_connections)

    return TcpEndpoint(await asyncio.get_running_loop().create_server(accept, sock=sock), open_connections)
