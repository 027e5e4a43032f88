"""Who holds which relayed address, for how long, and with whom it may talk (RFC 8656 sections 5 to 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from callcheck.lab.servers.responder import Address

PERMISSION_S: Final = 300.0
CHANNEL_S: Final = 600.0
RESERVATION_S: Final = 30.0
MOST_ALLOCATIONS: Final = 128
"""Relayed sockets of one server, reserved ones among them: far below what a process may have open."""
MOST_PEERS: Final = 64
"""Permissions of one allocation, and channels."""


class RelaySocket(Protocol):
    """A bound UDP socket that stands for one client."""

    @property
    def local(self) -> Address: ...
    def listen(self, heard: Callable[[bytes, Address], None]) -> None: ...
    def send(self, data: bytes, peer: Address) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Channel:
    """A number's peer, and until when."""

    peer: Address
    expires_s: float


@dataclass(slots=True)
class Allocation:
    """One client's relayed address. Times are of the monotonic clock."""

    client: Address
    user: bytes
    transaction_id: bytes
    relay: RelaySocket
    expires_s: float
    permissions: dict[str, float] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)

    def forget_expired(self, now_s: float) -> None:
        """Drop the permissions and channels that are over."""
        self.permissions = {ip: until_s for ip, until_s in self.permissions.items() if until_s > now_s}
        self.channels = {number: channel for number, channel in self.channels.items() if channel.expires_s > now_s}

    def permit(self, peer_ips: frozenset[str], now_s: float) -> bool:
        """Let these addresses talk, all or none; False when that would be too many."""
        if len(self.permissions.keys() | peer_ips) > MOST_PEERS:
            return False
        self.permissions.update(dict.fromkeys(peer_ips, now_s + PERMISSION_S))
        return True

    def channel_to(self, peer: Address) -> int | None:
        """The number that stands for a peer."""
        return next((number for number, channel in self.channels.items() if channel.peer == peer), None)


@dataclass(frozen=True, slots=True)
class _Reservation:
    """The odd port that waits beside an even one."""

    relay: RelaySocket
    expires_s: float


class Allocations:
    """All allocations of one server by client, and the reserved ports by token; never more than 128 together."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._by_client: dict[Address, Allocation] = {}
        self._reservations: dict[bytes, _Reservation] = {}

    def __len__(self) -> int:
        return len(self._by_client) + len(self._reservations)

    def free_places(self) -> int:
        """How many more relayed sockets may be opened."""
        self._forget_expired()
        return MOST_ALLOCATIONS - len(self)

    def of(self, client: Address) -> Allocation | None:
        """The client's allocation as it stands, rid of all that is over."""
        allocation = self._by_client.get(client)
        if allocation is None:
            return None
        now_s = self._monotonic_s()
        if allocation.expires_s <= now_s:
            self.drop(client)
            return None
        allocation.forget_expired(now_s)
        return allocation

    def add(self, allocation: Allocation) -> None:
        """Remember the only allocation of its client."""
        self._by_client[allocation.client] = allocation

    def drop(self, client: Address) -> None:
        """Free the client's relayed address, if it has one."""
        allocation = self._by_client.pop(client, None)
        if allocation is not None:
            allocation.relay.close()

    def reserve(self, token: bytes, relay: RelaySocket) -> None:
        """Keep a socket for the one who knows the token, for 30 s."""
        self._reservations[token] = _Reservation(relay, self._monotonic_s() + RESERVATION_S)

    def take_reserved(self, token: bytes) -> RelaySocket | None:
        """The reserved socket; None when there is none for the token, or no more."""
        self._forget_expired()
        reservation = self._reservations.pop(token, None)
        return None if reservation is None else reservation.relay

    def close(self) -> None:
        """Free every relayed address."""
        for relay in self._relays():
            relay.close()
        self._by_client.clear()
        self._reservations.clear()

    def _relays(self) -> Iterator[RelaySocket]:
        yield from (allocation.relay for allocation in self._by_client.values())
        yield from (reservation.relay for reservation in self._reservations.values())

    def _forget_expired(self) -> None:
        now_s = self._monotonic_s()
        for client in [client for client, held in self._by_client.items() if held.expires_s <= now_s]:
            self.drop(client)
        for token in [token for token, held in self._reservations.items() if held.expires_s <= now_s]:
            self._reservations.pop(token).relay.close()
