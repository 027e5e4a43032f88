"""What a check has moved to and from each host: packets and bytes at the IP layer, both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from callcheck.api import TcpState

# A TCP segment's headers with the time stamps that today's systems put into each (RFC 7323).
_TCP_HEADER_BYTES = 52
# What the kernel's count leaves out: the other side's part of the handshake, and how a connection is dropped.
_UNCOUNTED_PACKETS, _UNCOUNTED_BYTES = 3, 170

Count = Callable[[int], None]


@dataclass(slots=True)
class Moved:
    """Packets and bytes, both ways together."""

    packets: int = 0
    bytes: int = 0

    def add(self, packets: int, count_bytes: int) -> None:
        self.packets += packets
        self.bytes += count_bytes


class Traffic:
    """A table of `Moved` by `Target.endpoint`."""

    def __init__(self) -> None:
        self._moved: dict[str, Moved] = {}

    def of(self, endpoint: str) -> Moved:
        return self._moved.setdefault(endpoint, Moved())

    def counted(self, endpoint: str, count: Count) -> Count:
        """`count`, and each call of it with any bytes written down as one packet of this endpoint's."""

        def both(count_bytes: int) -> None:
            count(count_bytes)
            if count_bytes:
                self.of(endpoint).add(1, count_bytes)

        return both

    def connection(self, endpoint: str) -> Callable[[TcpState], None]:
        """Takes the kernel's last word on a connection to this endpoint."""

        def settle(state: TcpState) -> None:
            segments = state.segments_sent + state.segments_received
            payload_bytes = state.bytes_acked + state.bytes_received
            count_bytes = payload_bytes + segments * _TCP_HEADER_BYTES + _UNCOUNTED_BYTES
            self.of(endpoint).add(segments + _UNCOUNTED_PACKETS, count_bytes)

        return settle

    def table(self) -> Mapping[str, tuple[int, int]]:
        """Packets and bytes by endpoint."""
        return {endpoint: (moved.packets, moved.bytes) for endpoint, moved in self._moved.items()}
