"""`Match`, made ready to be asked for every packet."""

from collections.abc import Callable
from functools import partial
from typing import Final

from callcheck.lab.wire import chance
from callcheck.lab.wire.frames import Packet, Prefixes
from callcheck.lab.wire.payloads import PACKET_CLASSES, dns_name, is_dns, is_named
from callcheck.lab.wire.spec_rule import PROTOCOLS, Match
from callcheck.lab.wire.starts import starts_of

_WAYS: Final = {"up": True, "down": False}


class Matcher:
    """Asked in two steps: `concerns` once for a flow, and `matches` for each packet of a flow that it concerns.

    A payload class goes by single packets, or by how the flow began (`starts`). Of a flow that is recognised by its
    beginning every later packet matches too, and `direction` says which of its packets match, not which may tell what
    the flow is: a rule for the way down may go by the name in a ClientHello, which goes up.
    """

    __slots__ = (
        "_is_class",
        "_is_up",
        "_min_bytes",
        "_min_ttl",
        "_ports",
        "_prefixes",
        "_protocol",
        "_share",
        "_starts",
    )

    def __init__(self, match: Match, *, share_key: str, idle_ns: int) -> None:
        """`share_key` tells the chance by which this match picks its share of the flows from that of others."""
        self._protocol = PROTOCOLS[match.proto] if match.proto else None
        self._prefixes = Prefixes(match.prefixes)
        self._ports = frozenset(match.ports)
        self._share = (match.flow_share, share_key)
        self._is_up = _WAYS.get(match.direction)
        self._min_bytes = match.min_len
        self._min_ttl = match.min_ttl
        self._starts = starts_of(match, idle_ns)
        self._is_class = _class_of(match)

    def concerns(self, packet: Packet) -> bool:
        """Whether the packet's flow may match at all. The same for all packets of a flow, in both directions."""
        return (
            (self._protocol is None or self._protocol == packet.protocol)
            and (not self._ports or packet.remote_port in self._ports)
            and self._prefixes.holds(packet.remote_address)
            and self._is_in_share(packet)
        )

    def matches(self, packet: Packet, frame: bytes, now_ns: int) -> bool:
        """Whether a packet matches whose flow `concerns` approved. Too short or short-lived ones are not seen."""
        if packet.ip_bytes < self._min_bytes or packet.ttl < self._min_ttl:
            return False
        is_right_way = self._is_up is None or self._is_up == packet.is_up
        if self._starts is not None:
            return self._starts(packet, frame, now_ns) and is_right_way
        return is_right_way and (self._is_class is None or self._is_class(packet))

    def sees(self, packet: Packet) -> bool:
        """Whether the packet lives long enough to be looked at; for what is done to a connection as a whole."""
        return packet.ttl >= self._min_ttl

    def _is_in_share(self, packet: Packet) -> bool:
        share, key = self._share
        if share >= 1:
            return True
        protocol, near, near_port, remote, remote_port = packet.flow
        return chance.uniform(chance.key(key, protocol, near.hex(), near_port, remote.hex(), remote_port), 0) < share


def _class_of(match: Match) -> Callable[[Packet], bool] | None:
    if match.payload == "dns" and match.names:
        return partial(_is_dns_named, match.names)
    return PACKET_CLASSES.get(match.payload) if match.payload else None


def _is_dns_named(names: tuple[str, ...], packet: Packet) -> bool:
    return is_dns(packet) and is_named(dns_name(packet), names)
