"""A small TURN server (RFC 8656) as a reaction to messages: UDP relays only, one user, coturn 4.6.1 as the model."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable
from typing import Final

from callcheck.lab.servers import stun_wire as wire
from callcheck.lab.servers import turn_wire as turn
from callcheck.lab.servers.responder import Address, Setting
from callcheck.lab.servers.stun_answers import COTURN, answer_stun, not_understood
from callcheck.lab.servers.stun_wire import Attribute, StunMessage
from callcheck.lab.servers.turn_access import Access, Refusal, before_integrity
from callcheck.lab.servers.turn_allocate import Allocator, granted_lifetime_s
from callcheck.lab.servers.turn_allocations import CHANNEL_S, MOST_PEERS, Allocation, Allocations, Channel, RelaySocket

_CHANNEL_NUMBERS: Final = range(0x4000, 0x8000)
"""What coturn takes; RFC 8656 section 12 leaves 0x5000 and above to others."""
_NO_ALLOCATION: Final = Refusal(400, "Bad Request")
_OTHER_FAMILY: Final = Refusal(443, "Peer Address Family Mismatch")
_FULL: Final = Refusal(508, "Insufficient Capacity")

_Outcome = list[Attribute] | Refusal
"""A success's attributes, or why not."""


class TurnServer:
    """Answers the clients of one transport and relays for them.

    Where coturn differs from RFC 8656 it follows coturn: 400 to CreatePermission and ChannelBind without an
    allocation, lifetimes of at least 600 s. Not built: TCP relays (442), mobility, DONT-FRAGMENT (taken, and not
    acted on). Any peer may be talked to, loopback included, so that two clients of one machine can meet.
    `to_client` carries what peers send; `open_relay` binds a port (0: any free one) or raises OSError.
    """

    def __init__(
        self,
        setting: Setting,
        open_relay: Callable[[int], RelaySocket],
        to_client: Callable[[bytes, Address], None],
        *,
        pads_channel_data: bool,
    ) -> None:
        self._setting = setting
        self._to_client = to_client
        self._pads_channel_data = pads_channel_data
        self._access = Access(setting)
        self._allocations = Allocations(setting.monotonic_s)
        self._allocator = Allocator(setting, self._allocations, open_relay)
        self._methods: dict[int, Callable[[StunMessage, Allocation], _Outcome]] = {
            turn.CREATE_PERMISSION: self._create_permission,
            turn.CHANNEL_BIND: self._bind_channel,
        }

    @property
    def relay_count(self) -> int:
        """Relayed sockets that are open, reserved ones among them."""
        return len(self._allocations)

    def received(self, message: bytes, client: Address) -> bytes | None:
        """React to one datagram or frame; the answer, if there is one. It takes any bytes and never raises."""
        channel = turn.parse_channel_data(message)
        if channel is not None:
            self._relay_channel_data(*channel, client)
            return None
        request = wire.parse_stun(message)
        if request is None:
            return None
        if request.message_type == turn.SEND_INDICATION:
            self._relay_indication(request, client)
            return None
        if request.message_type == wire.BINDING or not request.is_request or not request.has_cookie:
            return answer_stun(request, source=client, local=self._setting.local, manner=COTURN, nonce=b"")
        allocation = self._allocations.of(client)
        refusal = self._access.refusal(message, request, client, allocation)
        return self._encoded(request, self._outcome(request, client, allocation) if refusal is None else refusal)

    def forget(self, client: Address) -> None:
        """The client's connection has ended, and with it what it held."""
        self._allocations.drop(client)

    def close(self) -> None:
        """Free every relayed address."""
        self._allocations.close()

    def _outcome(self, request: StunMessage, client: Address, allocation: Allocation | None) -> _Outcome:
        trusted = StunMessage(request.message_type, request.identity, before_integrity(request) or ())
        if unknown := not_understood(trusted):
            listed = b"".join(struct.pack(">H", kind) for kind in unknown)
            return Refusal(420, "Unknown Attribute", ((wire.UNKNOWN_ATTRIBUTES, listed),))
        if trusted.message_type == wire.ALLOCATE:
            outcome = self._allocator.allocate(trusted, client, allocation)
            self._listen(client)
            return outcome
        if trusted.message_type == turn.REFRESH:
            return self._refresh(trusted, allocation)
        method = self._methods.get(trusted.message_type)
        return _NO_ALLOCATION if method is None or allocation is None else method(trusted, allocation)

    def _encoded(self, request: StunMessage, outcome: _Outcome) -> bytes:
        software = (wire.SOFTWARE, COTURN.software)
        if not isinstance(outcome, Refusal):
            success = request.message_type | wire.SUCCESS
            return turn.encode_signed(success, request.identity, [*outcome, software], self._access.key)
        error = (wire.ERROR_CODE, wire.error_value(outcome.code, outcome.reason))
        attributes = [error, *outcome.attributes, software]
        failure = request.message_type | wire.ERROR
        if outcome.is_signed:
            return turn.encode_signed(failure, request.identity, attributes, self._access.key)
        return wire.encode_stun(failure, request.identity, attributes, fingerprint=False)

    def _refresh(self, request: StunMessage, allocation: Allocation | None) -> _Outcome:
        if allocation is None:
            return Refusal(437, "Invalid allocation")
        family = request.value(turn.REQUESTED_ADDRESS_FAMILY)
        if family is not None and family[:1] != wire.address_value(allocation.relay.local)[1:2]:
            return _OTHER_FAMILY
        lifetime_s = granted_lifetime_s(request)
        if isinstance(lifetime_s, Refusal):
            return lifetime_s
        if lifetime_s == 0:
            self._allocations.drop(allocation.client)
        else:
            allocation.expires_s = self._setting.monotonic_s() + lifetime_s
        return [(turn.LIFETIME, lifetime_s.to_bytes(4))]

    def _create_permission(self, request: StunMessage, allocation: Allocation) -> _Outcome:
        values = [value for kind, value in request.attributes if kind == turn.XOR_PEER_ADDRESS]
        peers = [peer for value in values if (peer := turn.read_xor_address(value, request.identity)) is not None]
        if not values or len(peers) < len(values):
            return Refusal(400, "No address found")
        if not all(_is_same_family(peer, allocation) for peer in peers):
            return _OTHER_FAMILY
        ips = frozenset(ip for ip, _ in peers)
        return [] if allocation.permit(ips, self._setting.monotonic_s()) else _FULL

    def _bind_channel(self, request: StunMessage, allocation: Allocation) -> _Outcome:
        peer = turn.read_xor_address(request.value(turn.XOR_PEER_ADDRESS) or b"", request.identity)
        value = request.value(turn.CHANNEL_NUMBER)
        if peer is None or value is None or len(value) != 4:
            return Refusal(400, "Bad channel bind request")
        number = int.from_bytes(value[:2])
        if number not in _CHANNEL_NUMBERS:
            return Refusal(400, "Wrong channel number")
        if not _is_same_family(peer, allocation):
            return _OTHER_FAMILY
        now_s = self._setting.monotonic_s()
        conflict = _channel_conflict(allocation, number, peer)
        if conflict is None and not allocation.permit(frozenset({peer[0]}), now_s):
            conflict = _FULL
        if conflict is not None:
            return conflict
        allocation.channels[number] = Channel(peer, now_s + CHANNEL_S)
        return []

    def _relay_channel_data(self, number: int, data: bytes, client: Address) -> None:
        allocation = self._allocations.of(client)
        channel = None if allocation is None else allocation.channels.get(number)
        if allocation is not None and channel is not None:
            allocation.relay.send(data, channel.peer)

    def _relay_indication(self, indication: StunMessage, client: Address) -> None:
        allocation = self._allocations.of(client)
        peer = turn.read_xor_address(indication.value(turn.XOR_PEER_ADDRESS) or b"", indication.identity)
        data = indication.value(turn.DATA)
        if allocation is None or peer is None or data is None or not_understood(indication):
            return
        if peer[0] in allocation.permissions:
            allocation.relay.send(data, peer)

    def _listen(self, client: Address) -> None:
        allocation = self._allocations.of(client)
        if allocation is not None:
            allocation.relay.listen(lambda data, peer: self._from_peer(data, peer, client))

    def _from_peer(self, data: bytes, peer: Address, client: Address) -> None:
        """Hand a peer's datagram to the client, in its channel where it has one."""
        allocation = self._allocations.of(client)
        if allocation is None or peer[0] not in allocation.permissions:
            return
        number = allocation.channel_to(peer)
        if number is not None:
            self._to_client(turn.channel_data(number, data, padded=self._pads_channel_data), client)
            return
        identity = wire.MAGIC_COOKIE + self._setting.random.randbytes(12)
        told = [
            (turn.XOR_PEER_ADDRESS, wire.xor_address_value(peer, identity)),
            (turn.DATA, data),
            (wire.SOFTWARE, COTURN.software),
        ]
        self._to_client(wire.encode_stun(turn.DATA_INDICATION, identity, told, fingerprint=False), client)


def _is_same_family(peer: Address, allocation: Allocation) -> bool:
    return ipaddress.ip_address(peer[0]).version == ipaddress.ip_address(allocation.relay.local[0]).version


def _channel_conflict(allocation: Allocation, number: int, peer: Address) -> Refusal | None:
    """A number and a peer belong together until the binding is over."""
    bound = allocation.channels.get(number)
    if bound is not None and bound.peer != peer:
        return Refusal(400, "You cannot use the same channel number with different peer")
    if allocation.channel_to(peer) not in {None, number}:
        return Refusal(400, "You cannot use the same peer with different channel number")
    return _FULL if bound is None and len(allocation.channels) >= MOST_PEERS else None
