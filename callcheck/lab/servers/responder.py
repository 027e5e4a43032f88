"""What every kind of stand-in is: a reaction to bytes, which owns no socket, clock or chance of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Protocol

Address = tuple[str, int]
"""IP address as text, and port."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a stand-in may know of the place it stands in."""

    local: Address
    random: Random
    names: Mapping[str, tuple[str, ...]]
    unix_time_s: Callable[[], float] = time.time
    monotonic_s: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Datagram:
    """Bytes to send, and where to."""

    data: bytes
    destination: Address


@dataclass(frozen=True, slots=True)
class StreamReply:
    """Bytes to write on the connection, and whether it is closed after them."""

    data: bytes = b""
    close: bool = False


class DatagramResponder(Protocol):
    """A server on UDP. It takes any bytes and never raises."""

    def received(self, data: bytes, source: Address) -> Iterable[Datagram]: ...


class StreamResponder(Protocol):
    """One accepted TCP connection. It takes any bytes in any pieces, never raises, and keeps bounded memory."""

    def received(self, data: bytes) -> StreamReply: ...


DatagramFactory = Callable[[Setting], DatagramResponder]
"""A kind's module offers it as `datagram_responder`: one per listening socket."""

StreamFactory = Callable[[Setting, Address], StreamResponder]
"""A kind's module offers it as `stream_responder`: one per connection; the address is the peer's."""
