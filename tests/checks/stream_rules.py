"""What a made network does to the packets of the stream check: which of them come back, and how late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from callcheck.api import Arm

ROUND_TRIP_S = 0.04
IP_BYTES = 188


@dataclass(frozen=True, slots=True)
class Packet:
    """A numbered packet on its way: when it left, in seconds of the run, and what its 5-tuple had carried."""

    arm: Arm
    round: int
    number: int
    port: int
    at_s: float
    age_s: float
    sent_before: int

    @property
    def is_subject(self) -> bool:
        return self.arm.target.role == "subject"

    @property
    def five_tuple(self) -> tuple[int, str, int]:
        return self.round, self.arm.name, self.port


# Seconds until a packet is back; None: lost. Asked in the order of sending.
Rule = Callable[[Packet], float | None]


def clear(_packet: Packet) -> float | None:
    return ROUND_TRIP_S


def one_by_one(random: Random, ratio: float) -> Rule:
    return lambda _packet: None if random.random() < ratio else ROUND_TRIP_S


def in_runs(random: Random, ratio: float, mean_run: float) -> Rule:
    """A Gilbert chain for each flow."""
    lost: dict[object, bool] = {}
    enter = ratio / (1 - ratio) / mean_run

    def rule(packet: Packet) -> float | None:
        name = packet.five_tuple
        chance = (1 - 1 / mean_run) if lost.get(name, random.random() < ratio) else enter
        lost[name] = random.random() < chance
        return None if lost[name] else ROUND_TRIP_S

    return rule


def cut_after_packets(limit: int) -> Rule:
    """Each 5-tuple carries so many datagrams, greetings included."""
    return lambda packet: ROUND_TRIP_S if packet.sent_before < limit else None


def cut_after_seconds(limit_s: float) -> Rule:
    return lambda packet: ROUND_TRIP_S if packet.age_s <= limit_s else None


def only(is_hit: Callable[[Packet], bool], rule: Rule) -> Rule:
    return lambda packet: rule(packet) if is_hit(packet) else ROUND_TRIP_S


def subjects_only(rule: Rule) -> Rule:
    return only(lambda packet: packet.is_subject, rule)


def both(*rules: Rule) -> Rule:
    """What all of them let through; a packet that one drops still passes the others' counters."""

    def rule(packet: Packet) -> float | None:
        found = [one(packet) for one in rules]
        return None if None in found else max(s for s in found if s is not None)

    return rule


@dataclass(slots=True)
class Bucket:
    """A policer: a token bucket for each key, full at first, in bits and bytes of the IP layer. Each packet passes it
    `times` over, as a loop does whose way back is counted as well."""

    key: Callable[[Packet], object]
    rate_bps: float
    depth_bytes: float = 8000
    times: int = 1
    tokens: dict[object, tuple[float, float]] = field(default_factory=dict)

    def __call__(self, packet: Packet) -> float | None:
        key = self.key(packet)
        for _ in range(self.times):
            left_bytes, before_s = self.tokens.get(key, (self.depth_bytes, packet.at_s))
            left_bytes = min(self.depth_bytes, left_bytes + (packet.at_s - before_s) * self.rate_bps / 8)
            passes = left_bytes >= IP_BYTES
            self.tokens[key] = (left_bytes - IP_BYTES if passes else left_bytes), packet.at_s
            if not passes:
                return None
        return ROUND_TRIP_S


@dataclass(slots=True)
class Queue:
    """A slow line that all packets share: each waits for those before it, and none is let in where it is full."""

    rate_bps: float
    depth_packets: int
    free_at_s: float = 0.0

    def __call__(self, packet: Packet) -> float | None:
        lasts_s = IP_BYTES * 8 / self.rate_bps
        waits_s = max(0.0, self.free_at_s - packet.at_s)
        if waits_s > self.depth_packets * lasts_s:
            return None
        self.free_at_s = packet.at_s + waits_s + lasts_s
        return ROUND_TRIP_S + waits_s + lasts_s
