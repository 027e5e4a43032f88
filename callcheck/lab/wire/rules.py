"""What the middlebox of a wire does: a ruling for each packet, and counters by rule and by flow. Pure."""

from collections.abc import Sequence
from typing import Final

from callcheck.lab.wire import chance
from callcheck.lab.wire.actions import DROPS, PASSES, Ruling, act_of
from callcheck.lab.wire.frames import FlowKey, Packet
from callcheck.lab.wire.match import Matcher
from callcheck.lab.wire.memory import MOST_REMEMBERED, Memory
from callcheck.lab.wire.spec_entry import ALWAYS
from callcheck.lab.wire.spec_rule import After, Rule

__all__ = ["PASSES", "CountedRule", "Flow", "RuleBook", "Ruling"]

_LOGGED_FLOWS: Final = 64

WayKey = tuple[bool | None, FlowKey]
"""Whether the flow's packets went up, None for both ways; and the flow."""


class Flow:
    """One flow, in one direction or both, as one rule saw it: packets that matched, and those that it hit."""

    __slots__ = ("bytes", "first_hit_ns", "first_hit_packet", "first_ns", "hits", "key", "matched")

    def __init__(self, key: WayKey, now_ns: int) -> None:
        self.key = key
        self.first_ns = now_ns
        self.matched = self.bytes = self.hits = 0
        self.first_hit_packet: int | None = None
        self.first_hit_ns: int | None = None

    def log(self) -> dict[str, object]:
        first_hit_s = None if self.first_hit_ns is None else (self.first_hit_ns - self.first_ns) / 1e9
        return {
            "flow": _flow_name(self.key),
            "matched": self.matched,
            "hits": self.hits,
            "first_hit_packet": self.first_hit_packet,
            "first_hit_s": first_hit_s,
        }


class CountedRule:
    """A rule with its memory of flows.

    A hit is a packet that the action touched: dropped, delayed, answered, reset; where the rule has only a penalty, a
    packet that set it off. A packet of a stalled connection counts as matched and hit in either direction.
    """

    def __init__(self, rule: Rule, name: str, *, sources: tuple[bytes, bytes], start_ns: int) -> None:
        """`sources` of chance are for packets on the way down and up; `start_ns` is when the wires came up."""
        idle_ns = round(rule.expiry_s * 1e9)
        share_key = sources[True].decode()
        self.name = name
        self.matched = self.hits = self.flows_seen = self.penalty_drops = 0
        self._start_ns = start_ns
        self._when = None if rule.when == ALWAYS else rule.when
        self._match = Matcher(rule.match, share_key=share_key, idle_ns=idle_ns)
        self._after = rule.after
        self._act = act_of(rule.action, sources, idle_ns)
        self._flows: Memory[Flow] = Memory(idle_ns)
        self._first_flows: list[Flow] = []
        self._stalled: Memory[bool] | None = Memory(idle_ns) if rule.action.stall else None
        self._penalty = _Penalty(rule, share_key, idle_ns) if rule.penalty else None

    def concerns(self, packet: Packet) -> tuple[bool, bool]:
        """Whether the packet's flow may match, and whether a penalty may fall on it; the same for both directions."""
        return self._match.concerns(packet), self._penalty is not None and self._penalty.concerns(packet)

    def judge(self, packet: Packet, frame: bytes, number: int, now_ns: int, *, may: tuple[bool, bool]) -> Ruling | None:
        """What becomes of a packet whose flow `concerns` says `may` match or be punished; None leaves it alone."""
        if self._when is not None and not self._when.holds(now_ns - self._start_ns):
            return None
        may_match, may_be_punished = may
        if may_be_punished and self._penalty is not None and self._penalty.falls_on(packet, frame, now_ns):
            self.penalty_drops += 1
            return DROPS
        return self._judge_match(packet, frame, number, now_ns) if may_match else None

    def _judge_match(self, packet: Packet, frame: bytes, number: int, now_ns: int) -> Ruling | None:
        if self._is_stalled(packet, now_ns):
            self._note_hit(self._count(packet, now_ns), packet, now_ns)
            return DROPS
        if not self._match.matches(packet, frame, now_ns):
            return None
        flow = self._count(packet, now_ns)
        if not _is_over(flow, self._after, now_ns):
            return None
        ruling = self._act(packet, frame, number, now_ns)
        if ruling is not None:
            self._note_hit(flow, packet, now_ns)
        return ruling

    def log(self) -> dict[str, object]:
        """Counters as plain JSON, and the first 64 flows that came. What a flow did before it expired stands apart.

        `first_hit_packet` is counted from 1 among the packets of the flow (and direction) that matched, and
        `first_hit_s` runs from the first of these.
        """
        return {
            "name": self.name,
            "matched": self.matched,
            "hits": self.hits,
            "flows_seen": self.flows_seen,
            "penalty_drops": self.penalty_drops,
            "flows": [flow.log() for flow in self._first_flows],
        }

    def _count(self, packet: Packet, now_ns: int) -> Flow:
        key = (None if self._after.both_ways else packet.is_up, packet.flow)
        flow = self._flows.get(key, now_ns)
        if flow is None:
            flow = Flow(key, now_ns)
            self._flows.put(key, flow, now_ns)
            self.flows_seen += 1
            if len(self._first_flows) < _LOGGED_FLOWS:
                self._first_flows.append(flow)
        self.matched += 1
        flow.matched += 1
        flow.bytes += packet.ip_bytes
        return flow

    def _is_stalled(self, packet: Packet, now_ns: int) -> bool:
        return (
            self._stalled is not None
            and self._match.sees(packet)
            and self._stalled.get(packet.flow, now_ns) is not None
        )

    def _note_hit(self, flow: Flow, packet: Packet, now_ns: int) -> None:
        self.hits += 1
        flow.hits += 1
        if flow.first_hit_packet is None:
            flow.first_hit_packet, flow.first_hit_ns = flow.matched, now_ns
        if self._stalled is not None:
            self._stalled.put(packet.flow, True, now_ns)
        if self._penalty is not None:
            self._penalty.begin(packet.near_address, now_ns)


class _Penalty:
    """Clients whose packets are dropped for a time, counted from each hit of the rule.

    A packet that the penalty drops is no hit, so a client that keeps trying is not shut out for ever. Packets are only
    looked at while it lasts: a payload class that goes by a flow's beginning means flows that began meanwhile.
    """

    def __init__(self, rule: Rule, share_key: str, idle_ns: int) -> None:
        assert rule.penalty is not None
        self._lasts_ns = round(rule.penalty.seconds * 1e9)
        self._match = Matcher(rule.penalty.match, share_key=f"{share_key}:penalty", idle_ns=idle_ns)
        self._ends_ns: dict[bytes, int] = {}

    def concerns(self, packet: Packet) -> bool:
        return self._match.concerns(packet)

    def begin(self, client: bytes, now_ns: int) -> None:
        self._ends_ns.pop(client, None)
        self._ends_ns[client] = now_ns + self._lasts_ns
        if len(self._ends_ns) > MOST_REMEMBERED:
            del self._ends_ns[next(iter(self._ends_ns))]

    def falls_on(self, packet: Packet, frame: bytes, now_ns: int) -> bool:
        ends_ns = self._ends_ns.get(packet.near_address)
        return ends_ns is not None and now_ns < ends_ns and self._match.matches(packet, frame, now_ns)


class RuleBook:
    """The rules of one wire, asked in their order.

    A delay adds up and a rule that only sets off a penalty touches nothing, so the next rule is asked; every other hit
    decides. A payload class matches single packets, or all that follows in the flow: `Matcher` says which.
    """

    def __init__(self, rules: Sequence[Rule], *, seed: int, wire: str, start_ns: int = 0) -> None:
        """`start_ns` is when the wires came up, from which a rule's `when` counts."""
        self.rules = [
            CountedRule(
                rule,
                f"rule {n + 1} on {wire}",
                sources=(chance.key(seed, wire, "down", "rule", n), chance.key(seed, wire, "up", "rule", n)),
                start_ns=start_ns,
            )
            for n, rule in enumerate(rules)
        ]
        # Most packets concern no rule: one look-up per packet instead of a question to each rule.
        self._concerned: dict[FlowKey, tuple[tuple[CountedRule, tuple[bool, bool]], ...]] = {}

    def judge(self, packet: Packet, frame: bytes, number: int, now_ns: int) -> Ruling:
        """What becomes of a packet, which `parse` read from `frame` and which is the `number`th of its direction."""
        flow = packet[1:6]
        concerned = self._concerned.get(flow)
        if concerned is None:
            concerned = self._learn(flow, packet)
        delay_ns = 0
        for rule, may in concerned:
            ruling = rule.judge(packet, frame, number, now_ns, may=may)
            if ruling is None:
                continue
            if not ruling.passes or ruling.injected:
                return ruling._replace(delay_ns=delay_ns)
            delay_ns += ruling.delay_ns
        return Ruling(True, delay_ns, ()) if delay_ns else PASSES

    def _learn(self, flow: FlowKey, packet: Packet) -> tuple[tuple[CountedRule, tuple[bool, bool]], ...]:
        if len(self._concerned) >= MOST_REMEMBERED:
            self._concerned.clear()
        asked = ((rule, rule.concerns(packet)) for rule in self.rules)
        concerned = self._concerned[flow] = tuple((rule, may) for rule, may in asked if any(may))
        return concerned


def _is_over(flow: Flow, after: After, now_ns: int) -> bool:
    """Whether the flow has had what `after` grants it; the packet at hand is already counted."""
    if after.packets is not None:
        return flow.matched > after.packets
    if after.bytes is not None:
        return flow.bytes > after.bytes
    if after.seconds is not None:
        return now_ns - flow.first_ns >= after.seconds * 1e9
    return True


def _flow_name(key: WayKey) -> str:
    is_up, (protocol, near, near_port, remote, remote_port) = key
    arrow = {True: ">", False: "<", None: "<>"}[is_up]
    return f"{protocol} {_address(near)} {near_port} {arrow} {_address(remote)} {remote_port}"


def _address(packed: bytes) -> str:
    return ".".join(map(str, packed)) if len(packed) == 4 else packed.hex(":", 2)
