"""What a Context hands to a check: sockets, packets, errors, connections' counters, pages, what the system tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from callcheck.words import Failure


class Packet(msgspec.Struct, frozen=True):
    """A datagram that came. `received_us` is run time; `kernel_stamped` says whether the kernel or we took it."""

    payload: bytes
    received_us: int
    kernel_stamped: bool


class IcmpError(msgspec.Struct, frozen=True):
    """An ICMP error to something we sent: its name, the hop that sent it ("" where the system hides it), type, code."""

    failure: Failure
    hop: str
    icmp_type: int
    icmp_code: int
    received_us: int


class TcpState(msgspec.Struct, frozen=True):
    """What the kernel counted of one connection (Linux `tcp_info`); segments count retransmissions too."""

    rtt_ms: float
    segments_sent: int
    segments_received: int
    retransmitted: int
    bytes_acked: int
    bytes_received: int


class Fetched(msgspec.Struct, frozen=True):
    """What an HTTP server answered. Header names are in lower case; of the body the first 200 kB are kept, as they
    came (no decompression), and `size_bytes` counts all of it. Times count from the beginning, connection included."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    size_bytes: int
    first_byte_ms: float
    took_ms: float


class LinkState(msgspec.Struct, frozen=True):
    """What the system tells about the way out; None where this platform does not tell."""

    default_route: bool | None
    gateway: str
    interface: str
    tunnel: bool | None
    wireless: bool | None
    resolvers: tuple[str, ...]
    ipv6: bool | None = None  # whether there is a default route for IPv6


class Route(msgspec.Struct, frozen=True):
    """The way out to one address: the interface, and whether that is a tunnel; "" and None where it is not told."""

    interface: str
    tunnel: bool | None


class DeviceState(msgspec.Struct, frozen=True):
    """What else on this machine may change a call; None where this platform does not tell. Products are not named.

    `filters`: a program that rewrites or drops packets runs. `proxy`: one is configured for programs.
    `load_ratio`: runnable programs for each processor, over the last minute.
    """

    container: bool | None
    filters: bool | None
    proxy: bool | None
    load_ratio: float | None


class Datagram(Protocol):
    """A connected UDP (or ICMP echo) socket on a source port of its own."""

    @property
    def local(self) -> tuple[str, int]: ...
    def send(self, payload: bytes, *, ttl: int | None = None) -> int | Failure:
        """Send one datagram; the run time in microseconds just before it left, or why it could not."""
        ...

    async def receive(self, *, timeout_s: float) -> Packet | IcmpError | None:
        """The next packet or ICMP error in order of arrival; None when the time is over."""
        ...

    def close(self) -> None: ...


class Stream(Protocol):
    """A TCP (or TLS) connection; `connect_ms` is how long the connection took to open."""

    @property
    def connect_ms(self) -> float: ...
    async def start_tls(self, name: str, *, timeout_s: float, verify: bool = True) -> Failure | None:
        """Shake hands as a TLS client that shows `name` in clear (SNI; "" for none); None when it is done.

        `Failure.tls_invalid` and `Failure.tls_failed` are answers: the other side said something."""
        ...

    def state(self) -> TcpState | None:
        """The kernel's counters now; None where this system does not give them."""
        ...

    async def send(self, payload: bytes) -> Failure | None: ...
    async def receive(self, *, max_bytes: int, timeout_s: float) -> bytes | Failure:
        """At least one byte, or why none came (`Failure.eof` at the end of the stream)."""
        ...

    async def close(self) -> None:
        """Break the connection off, whatever the other side does; takes at most 0.1 s."""
        ...
