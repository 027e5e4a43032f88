"""The Allocate request (RFC 8656 section 7.2): what may be asked for, and the sockets that it is given."""

from __future__ import annotations

import errno
import ipaddress
from collections.abc import Callable
from typing import Final

from callcheck.lab.servers import stun_wire as wire
from callcheck.lab.servers import turn_wire as turn
from callcheck.lab.servers.responder import Address, Setting
from callcheck.lab.servers.stun_answers import USER
from callcheck.lab.servers.stun_wire import Attribute, StunMessage
from callcheck.lab.servers.turn_access import Refusal
from callcheck.lab.servers.turn_allocations import Allocation, Allocations, RelaySocket

_DEFAULT_LIFETIME_S: Final = 600
_LONGEST_LIFETIME_S: Final = 3600
_UDP: Final = 17
_FAMILIES: Final = {4: 1, 6: 2}
_ATTEMPTS_AT_AN_EVEN_PORT: Final = 64
_WRONG_LIFETIME: Final = Refusal(400, "Wrong Lifetime field format")


class Allocator:
    """Gives relayed addresses. `open_relay` binds a port (0: any free one) or raises OSError."""

    def __init__(self, setting: Setting, allocations: Allocations, open_relay: Callable[[int], RelaySocket]) -> None:
        self._setting = setting
        self._allocations = allocations
        self._open_relay = open_relay

    def allocate(self, request: StunMessage, client: Address, held: Allocation | None) -> list[Attribute] | Refusal:
        """The attributes of a success, or why not. A request that came twice is answered twice."""
        now_s = self._setting.monotonic_s()
        if held is not None:
            if held.transaction_id != request.identity:
                return Refusal(437, "Mismatched allocation: wrong transaction ID", is_signed=False)
            return _granted(held, request, now_s)
        lifetime_s = granted_lifetime_s(request)
        refusal = self._unfit(request)
        if refusal is not None or isinstance(lifetime_s, Refusal):
            return refusal or _WRONG_LIFETIME
        relays = self._relays(request)
        if isinstance(relays, Refusal):
            return relays
        relay, next_relay = relays
        # Zero is for Refresh to say; an Allocate that says it gets the usual time, as from coturn.
        expires_s = now_s + (lifetime_s or _DEFAULT_LIFETIME_S)
        allocation = Allocation(client, USER.encode(), request.identity, relay, expires_s)
        self._allocations.add(allocation)
        granted = _granted(allocation, request, now_s)
        if next_relay is not None:
            token = self._setting.random.randbytes(8)
            self._allocations.reserve(token, next_relay)
            granted.insert(2, (turn.RESERVATION_TOKEN, token))
        return granted

    def _unfit(self, request: StunMessage) -> Refusal | None:
        transport = request.value(turn.REQUESTED_TRANSPORT)
        if transport is None or len(transport) != 4:
            return Refusal(400, "Transport field missed or wrong")
        if transport[0] != _UDP:
            return Refusal(442, "Unsupported Transport Protocol")
        if request.value(turn.EVEN_PORT) is not None and request.value(turn.RESERVATION_TOKEN) is not None:
            return Refusal(400, "Reservation Token cannot be used in this request with even port")
        family = request.value(turn.REQUESTED_ADDRESS_FAMILY)
        own_family = _FAMILIES[ipaddress.ip_address(self._setting.local[0]).version]
        if family is not None and family[:1] != bytes([own_family]):
            return Refusal(440, "Unsupported address family")
        return None

    def _relays(self, request: StunMessage) -> tuple[RelaySocket, RelaySocket | None] | Refusal:
        """The client's socket, and the next port's where it is to be kept for a later request."""
        token, even = request.value(turn.RESERVATION_TOKEN), request.value(turn.EVEN_PORT)
        if token is not None:
            reserved = self._allocations.take_reserved(token)
            return Refusal(508, "Cannot find reserved socket") if reserved is None else (reserved, None)
        keeps_next = even is not None and even[:1] >= b"\x80"
        if self._allocations.free_places() < 1 + keeps_next:
            return Refusal(486, "Allocation Quota Reached")
        try:
            return (self._open_relay(0), None) if even is None else self._open_even(keeps_next=keeps_next)
        except OSError:
            return Refusal(508, "Insufficient Capacity")

    def _open_even(self, *, keeps_next: bool) -> tuple[RelaySocket, RelaySocket | None]:
        for _ in range(_ATTEMPTS_AT_AN_EVEN_PORT):
            relay = self._open_relay(0)
            port = relay.local[1]
            if port % 2 == 0:
                if not keeps_next:
                    return relay, None
                try:
                    return relay, self._open_relay(port + 1)
                except OSError:
                    # The neighbour is taken: another even port may have a free one.
                    pass
            relay.close()
        raise OSError(errno.EADDRINUSE, "no even port is free")


def granted_lifetime_s(request: StunMessage) -> int | Refusal:
    """What LIFETIME asks for within what is given: 600 to 3600 s, or 0; 600 s where it is not there."""
    value = request.value(turn.LIFETIME)
    if value is None:
        return _DEFAULT_LIFETIME_S
    if len(value) != 4:
        return _WRONG_LIFETIME
    asked_s = int.from_bytes(value)
    return 0 if asked_s == 0 else max(_DEFAULT_LIFETIME_S, min(asked_s, _LONGEST_LIFETIME_S))


def _granted(allocation: Allocation, request: StunMessage, now_s: float) -> list[Attribute]:
    left_s = round(allocation.expires_s - now_s)
    return [
        (turn.XOR_RELAYED_ADDRESS, wire.xor_address_value(allocation.relay.local, request.identity)),
        (wire.XOR_MAPPED_ADDRESS, wire.xor_address_value(allocation.client, request.identity)),
        (turn.LIFETIME, left_s.to_bytes(4)),
    ]
