"""What every kind of stand-in is: a reaction to bytes, which owns no socket, clock or chance of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Protocol

from callcheck.lab.servers.config_checks import Option

if TYPE_CHECKING:
    from callcheck.lab.servers.certificates import Certificates  # cryptography is slow to import

Address = tuple[str, int]
"""IP address as text, and port."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a stand-in may know of the place it stands in. `certificates` is there when the configuration names them."""

    local: Address
    random: Random
    names: Mapping[str, tuple[str, ...]]
    unix_time_s: Callable[[], float] = time.time
    monotonic_s: Callable[[], float] = time.monotonic
    options: Mapping[str, Option] = field(default_factory=dict)
    certificates: Certificates | None = None


@dataclass(frozen=True, slots=True)
class Datagram:
    """Bytes to send, and where to."""

    data: bytes
    destination: Address


@dataclass(frozen=True, slots=True)
class StreamReply:
    """Bytes to write on the connection, and whether it is closed after them.

    `more` holds pieces that follow `data` as fast as the peer takes them. Until they end nothing that arrives is
    handed to the responder; then it is, even if it is nothing (`b""`).
    """

    data: bytes = b""
    close: bool = False
    more: Iterator[bytes] | None = None


class DatagramResponder(Protocol):
    """A server on UDP. It takes any bytes and never raises."""

    def received(self, data: bytes, source: Address) -> Iterable[Datagram]: ...


class StreamResponder(Protocol):
    """One accepted TCP connection. It takes any bytes in any pieces, never raises, and keeps bounded memory."""

    def received(self, data: bytes) -> StreamReply: ...


class Endpoint(Protocol):
    """Something that listens."""

    @property
    def local(self) -> Address:
        """The bound address and port."""

    def close(self) -> None:
        """Free every port and end every connection."""


DatagramFactory = Callable[[Setting], DatagramResponder]
"""A kind's module offers it as `datagram_responder`: one per listening socket."""

StreamFactory = Callable[[Setting, Address], StreamResponder]
"""A kind's module offers it as `stream_responder`: one per connection; the address is the peer's."""
