"""A UDP socket in one loop that hears and sends datagrams of any size, empty ones too."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from callcheck.lab.servers.responder import Address

_READ_IN_ONE_TURN: Final = 64
_LARGEST_DATAGRAM_BYTES: Final = 65536


class UdpSocket:
    """Owns a bound, non-blocking socket. What the system does not take is lost, as on a network."""

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._sock = sock
        self._loop = loop
        self._local = _address(sock.getsockname())

    @property
    def local(self) -> Address:
        """The bound address and port; it stays known after closing."""
        return self._local

    def listen(self, heard: Callable[[bytes, Address], None]) -> None:
        """From here on datagrams and their senders are told to `heard`, which may close the socket."""
        self._loop.add_reader(self._sock, self._read, heard)

    def send(self, data: bytes, peer: Address) -> None:
        """Send one datagram, or lose it: a full queue, a size or a destination that cannot be is no error here."""
        try:
            self._sock.sendto(data, peer)
        except OSError:
            return

    def close(self) -> None:
        """Free the port. Closing twice is no error."""
        if self._sock.fileno() != -1:
            self._loop.remove_reader(self._sock)
            self._sock.close()

    def _read(self, heard: Callable[[bytes, Address], None]) -> None:
        # A bound on one turn lets the loop's other sockets be heard as well.
        for _ in range(_READ_IN_ONE_TURN):
            try:
                data, peer = self._sock.recvfrom(_LARGEST_DATAGRAM_BYTES)
            except OSError:
                return
            heard(data, _address(peer))


def _address(socket_name: tuple[str, int] | tuple[str, int, int, int]) -> Address:
    return socket_name[0], socket_name[1]
