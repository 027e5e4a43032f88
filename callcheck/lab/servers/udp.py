"""A UDP socket that gives what it hears to a responder."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

from callcheck.lab.servers.faults import Outlet
from callcheck.lab.servers.responder import Address, Datagram, DatagramFactory, DatagramResponder, Setting


class UdpEndpoint(asyncio.DatagramProtocol):
    """Plumbing between one socket, its responder and its outlet."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._responder: DatagramResponder | None = None
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def local(self) -> Address:
        """The bound address and port."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def attach(self, responder: DatagramResponder) -> None:
        """From here on datagrams reach the responder; before, they are not heard."""
        self._responder = responder

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A datagram transport by its methods; asyncio's own class does not inherit from the interface.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int] | tuple[str, int, int, int]) -> None:
        if self._responder is not None:
            for answer in self._responder.received(data, (addr[0], addr[1])):
                self._send(answer)

    def close(self) -> None:
        """Free the port; answers that still wait are forgotten."""
        self._outlet.close()
        assert self._transport is not None
        self._transport.abort()

    def _send(self, answer: Datagram) -> None:
        def deliver(data: bytes) -> None:
            if self._transport is not None and not self._transport.is_closing():
                self._transport.sendto(data, answer.destination)

        self._outlet.pass_on(answer.data, deliver)


async def serve_udp(
    sock: socket.socket, make_responder: DatagramFactory, setting: Callable[[Address], Setting], outlet: Outlet
) -> UdpEndpoint:
    """Serve on a bound non-blocking socket, which belongs to the endpoint from then on."""
    loop = asyncio.get_running_loop()
    _, endpoint = await loop.create_datagram_endpoint(lambda: UdpEndpoint(outlet), sock=sock)
    endpoint.attach(make_responder(setting(endpoint.local)))
    return endpoint
