"""What the middlebox of a wire does: a verdict for each packet, and counters by rule and by flow. Pure."""

from collections.abc import Sequence
from enum import Enum
from typing import Final

from callcheck.lab.wire import chance
from callcheck.lab.wire.frames import Packet, Prefixes
from callcheck.lab.wire.payloads import dns_name, is_class
from callcheck.lab.wire.spec_rule import PROTOCOLS, After, Match, Rule

_IDLE_NS: Final = 120_000_000_000  # a flow that was silent for so long starts anew
_SWEEP_NS: Final = 10_000_000_000
_MOST_FLOWS: Final = 65_536
_LOGGED_FLOWS: Final = 64

FlowKey = tuple[bool, tuple[int, bytes, int, bytes, int]]


class Verdict(Enum):
    """What becomes of a packet."""

    passes = "passes"
    drops = "drops"


class Flow:
    """One flow in one direction, as one rule saw it: packets that matched, and those that it hit."""

    __slots__ = ("bytes", "first_ns", "hits", "last_ns", "matched")

    def __init__(self, now_ns: int) -> None:
        self.first_ns = self.last_ns = now_ns
        self.matched = self.bytes = self.hits = 0


class CountedRule:
    """A rule with its memory of flows."""

    def __init__(self, rule: Rule, name: str, sources: tuple[bytes, bytes]) -> None:
        """`sources` of chance are for packets on the way down and up."""
        self.name = name
        self.matched = self.hits = self.flows_seen = 0
        self._rule = rule
        self._sources = sources
        self._matches = _Matcher(rule.match)
        self._flows: dict[FlowKey, Flow] = {}
        self._swept_ns = 0

    def hits_packet(self, packet: Packet, number: int, now_ns: int) -> bool:
        if not self._matches(packet):
            return False
        flow = self._flow(packet, now_ns)
        self.matched += 1
        flow.matched += 1
        flow.bytes += packet.ip_bytes
        flow.last_ns = now_ns
        if not _is_over(flow, self._rule.after, now_ns):
            return False
        source = self._sources[packet.is_up]
        drop = self._rule.action.drop or 0.0
        if drop < 1 and chance.uniform(source, number) >= drop:
            return False
        self.hits += 1
        flow.hits += 1
        return True

    def log(self) -> dict[str, object]:
        """Counters as plain JSON; of the flows, the first 64 of those that are remembered."""
        flows = list(self._flows.items())[:_LOGGED_FLOWS]
        return {
            "name": self.name,
            "matched": self.matched,
            "hits": self.hits,
            "flows_seen": self.flows_seen,
            "flows": [{"flow": _flow_name(key), "matched": flow.matched, "hits": flow.hits} for key, flow in flows],
        }

    def _flow(self, packet: Packet, now_ns: int) -> Flow:
        if now_ns - self._swept_ns > _SWEEP_NS:
            self._flows = {key: flow for key, flow in self._flows.items() if now_ns - flow.last_ns <= _IDLE_NS}
            self._swept_ns = now_ns
        key = (packet.is_up, packet.flow)
        flow = self._flows.get(key)
        if flow is None or now_ns - flow.last_ns > _IDLE_NS:
            if len(self._flows) >= _MOST_FLOWS:
                del self._flows[next(iter(self._flows))]
            flow = self._flows[key] = Flow(now_ns)
            self.flows_seen += 1
        return flow


class RuleBook:
    """The rules of one wire, asked in their order until one of them hits."""

    def __init__(self, rules: Sequence[Rule], *, seed: int, wire: str) -> None:
        self.rules = [
            CountedRule(
                rule,
                f"rule {n + 1} on {wire}",
                (chance.key(seed, wire, "down", "rule", n), chance.key(seed, wire, "up", "rule", n)),
            )
            for n, rule in enumerate(rules)
        ]

    def verdict(self, packet: Packet, number: int, now_ns: int) -> Verdict:
        for rule in self.rules:
            if rule.hits_packet(packet, number, now_ns):
                return Verdict.drops
        return Verdict.passes


class _Matcher:
    """`Match`, made ready to be asked for every packet."""

    __slots__ = ("_is_up", "_min_bytes", "_names", "_payload", "_ports", "_prefixes", "_protocol")

    def __init__(self, match: Match) -> None:
        self._is_up = {"up": True, "down": False}.get(match.direction)
        self._protocol = PROTOCOLS[match.proto] if match.proto else None
        self._ports = frozenset(match.ports)
        self._prefixes = Prefixes(match.prefixes)
        self._min_bytes = match.min_len
        self._payload = match.payload
        self._names = match.names

    def __call__(self, packet: Packet) -> bool:
        # The first three turn most packets away, and are the cheapest to ask.
        return (
            (self._protocol is None or self._protocol == packet.protocol)
            and self._prefixes.holds(packet.remote_address)
            and (not self._ports or packet.remote_port in self._ports)
            and (self._is_up is None or self._is_up == packet.is_up)
            and packet.ip_bytes >= self._min_bytes
            and (self._payload is None or is_class(self._payload, packet))
            and (not self._names or self._is_named(packet))
        )

    def _is_named(self, packet: Packet) -> bool:
        asked = dns_name(packet)
        return asked is not None and any(asked == name or asked.endswith("." + name) for name in self._names)


def _is_over(flow: Flow, after: After, now_ns: int) -> bool:
    """Whether the flow has had what `after` grants it; the packet at hand is already counted."""
    if after.packets is not None:
        return flow.matched > after.packets
    if after.bytes is not None:
        return flow.bytes > after.bytes
    if after.seconds is not None:
        return now_ns - flow.first_ns >= after.seconds * 1e9
    return True


def _flow_name(key: FlowKey) -> str:
    is_up, (protocol, near, near_port, remote, remote_port) = key
    arrow = ">" if is_up else "<"
    return f"{protocol} {_address(near)} {near_port} {arrow} {_address(remote)} {remote_port}"


def _address(packed: bytes) -> str:
    return ".".join(map(str, packed)) if len(packed) == 4 else packed.hex(":", 2)
