"""A made network under the stream check's own plan: every planned flow is played packet by packet, and a rule says
which packets come back. What comes out are the observations of whole rounds, as the flow process would have them."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from random import Random
from typing import Any

import msgspec

from callcheck.api import Arm, Claim, Depth, Evidence, FlowSecond, Numbered, Observation, Target
from callcheck.flow.ledger import DEAD_AFTER_NS, DEAD_AFTER_PACKETS
from callcheck.flow.schedule import NS_PER_S, Schedule
from callcheck.testing import FakeContext
from callcheck_stream.arms import ReflectorLoop, StunQuestions
from callcheck_stream.plan import PACKETS_NEEDED, Endpoint, Flow, Round, flows
from callcheck_stream.read import read
from tests.checks.stream_rules import IP_BYTES, Packet, Rule

_GREETED_BEFORE_S = 0.05
_SPARE_AFTER_S = 0.5
_ROUNDS_APART_S = 65.0


def relay(last: int) -> Endpoint:
    address = f"203.0.113.{last}"
    target = Target(
        service="telegram", function="calls", address=address, port=596, protocol="reflector", network="telegram"
    )
    return Endpoint(target, address, "loop", "call", _loop)


def neutral(last: int, *, large: bool = True) -> Endpoint:
    """A control: of a call's pace where it is large, else asked gently."""
    address = f"198.51.100.{last}"
    target = Target(role="control", address=address, port=3478, protocol="stun", network=f"net-{last}", large=large)
    per_port = 0 if large else 10
    return Endpoint(target, address, "padded", "call" if large else "gentle", lambda _: StunQuestions(b"key", per_port))


def whatsapp(last: int) -> Endpoint:
    address = f"203.0.113.{100 + last}"
    target = Target(
        service="whatsapp", function="calls", address=address, port=3478, protocol="whatsapp_relay", network="meta"
    )
    return Endpoint(target, address, "padded", "gentle", lambda _: StunQuestions(b"key", 10))


def _loop(_rate_pps: float) -> ReflectorLoop:
    return ReflectorLoop(bytes(11), (b"\x01aaa", b"\x01bbb"), b"key")


@dataclass(slots=True)
class _Playing:
    """One arm at work, with what came of its packets."""

    arm: Arm
    schedule: Schedule
    packets: int
    sent: list[tuple[Packet, float | None]] = field(default_factory=list)

    def is_dead(self, now_s: float) -> bool:
        """As the flow process has it."""
        for place in range(len(self.sent) - 1, -1, -1):
            packet, back_s = self.sent[place]
            if back_s is not None and packet.at_s + back_s < now_s:
                silent = self.sent[place + 1 :]
                return len(silent) >= DEAD_AFTER_PACKETS and now_s - silent[0][0].at_s >= DEAD_AFTER_NS / NS_PER_S
        return False


def play(arms: Sequence[Arm], rule: Rule, *, seconds: float, number: int = 0) -> list[FlowSecond]:
    """One round, second by second."""
    run = _Run(rule, number, seconds)
    for arm in arms:
        if not arm.after_death_of:
            run.begin(arm, 0.0)
    spares = [arm for arm in arms if arm.after_death_of]
    for tenth in range(1, round(seconds * 10) + 1):
        if not spares:
            break
        run.send_until(tenth / 10)
        dead = run.dead_at(tenth / 10)
        for arm in [spare for spare in spares if dead.intersection(spare.after_death_of)]:
            run.begin(arm, tenth / 10 + _SPARE_AFTER_S)
            spares.remove(arm)
    run.send_until(seconds)
    found = [second for playing in run.playing.values() for second in run.seconds_of(playing)]
    return sorted(found, key=lambda one: one.second)


@dataclass(slots=True)
class _Run:
    """A round at work, in seconds since its begin; the rule has those of the run."""

    rule: Rule
    number: int
    seconds: float
    playing: dict[str, _Playing] = field(default_factory=dict)
    due: list[tuple[int, float, str, int]] = field(default_factory=list)
    shuffled: Random = field(default_factory=lambda: Random(11))

    @property
    def origin_s(self) -> float:
        return self.number * _ROUNDS_APART_S

    def begin(self, arm: Arm, begun_s: float) -> None:
        start_s = begun_s + arm.start_s
        stop_s = self.seconds if arm.stop_s is None else min(self.seconds, begun_s + arm.stop_s)
        start_ns, end_ns = round(start_s * NS_PER_S), round(max(start_s, stop_s) * NS_PER_S)
        schedule = Schedule(0, start_ns, end_ns, arm.rate_pps, round(arm.twins_apart_s * NS_PER_S))
        self.playing[arm.name] = _Playing(arm, schedule, schedule.packets)
        self._push(self.playing[arm.name], 0)

    def send_until(self, end_s: float) -> None:
        while self.due and self.due[0][0] < end_s * NS_PER_S:
            at_ns, _, name, number = heapq.heappop(self.due)
            playing = self.playing[name]
            packet = self._packet(playing, number, self.origin_s + at_ns / NS_PER_S)
            playing.sent.append((packet, self.rule(packet)))
            self._push(playing, number + 1)

    def dead_at(self, now_s: float) -> set[str]:
        return {name for name, playing in self.playing.items() if playing.is_dead(self.origin_s + now_s)}

    def seconds_of(self, playing: _Playing) -> Iterator[FlowSecond]:
        for second in range(round(self.seconds + 0.5)):
            numbers = playing.schedule.numbers_of(second)
            if numbers:
                yield _second(second, playing.sent[numbers.start : numbers.stop])

    def _push(self, playing: _Playing, number: int) -> None:
        """Arms of one tick leave in random order."""
        if number < playing.packets:
            item = (playing.schedule.due_ns(number), self.shuffled.random(), playing.arm.name, number)
            heapq.heappush(self.due, item)

    def _packet(self, playing: _Playing, number: int, at_s: float) -> Packet:
        """A loop greets once from each side, shortly before its first packet."""
        codec = playing.arm.codec
        port, on_port = divmod(number, codec.packets_per_port) if codec.packets_per_port else (0, number)
        opened_s = playing.sent[-on_port][0].at_s if on_port else at_s
        if codec.legs == 1:
            return Packet(playing.arm, self.number, number, port, at_s, at_s - opened_s, on_port)
        age_s = at_s - opened_s + _GREETED_BEFORE_S
        return Packet(playing.arm, self.number, number, port, at_s, age_s, on_port + 1)


def _second(second: int, packets: Sequence[tuple[Packet, float | None]]) -> FlowSecond:
    first = packets[0][0]
    sent_us = tuple(_us(packet.at_s) for packet, _ in packets)
    return FlowSecond(
        arm=first.arm.name,
        second=second,
        first_number=first.number,
        ip_bytes=IP_BYTES,
        scheduled_us=sent_us,
        sent_us=sent_us,
        received_us=tuple(None if s is None else _us(packet.at_s + s) for packet, s in packets),
        opened_us=_us(first.at_s - first.age_s),
        sent_before=first.sent_before,
    )


def _us(seconds: float) -> int:
    return round(seconds * 1_000_000)


STANDARD: Sequence[Round] = ("whole",)
DEEP: Sequence[Round] = ("whole", "twins", "whole", "ladder")


def observed(
    endpoints: Sequence[Endpoint],
    rule: Rule,
    *,
    rounds: Sequence[Round] = STANDARD,
    seconds: float = 30.0,
    seed: int = 0,
) -> list[Numbered[Observation]]:
    """A plan and its rounds under one rule."""
    depth: Depth = "standard" if len(rounds) == 1 else "deep"
    random = Random(seed)
    found = [Observation(op="flow.plan", data={"depth": depth, "packets_needed": PACKETS_NEEDED[depth]})]
    for number, kind in enumerate(rounds):
        planned = {flow.arm.name: flow for flow in flows(endpoints, depth=depth, round_kind=kind, phase=random.random)}
        arms = [flow.arm for flow in planned.values()]
        for second in play(arms, rule, seconds=8.0 if kind == "ladder" else seconds, number=number):
            found.append(observation(planned[second.arm], second, number))  # noqa: PERF401 - a comprehension hides it
    return [Numbered(seq, one) for seq, one in enumerate(found)]


def observation(flow: Flow, second: FlowSecond, number: int = 0) -> Observation:
    data = {**msgspec.to_builtins(second), "part": flow.part, "round": number}
    return Observation(op="flow.second", target=flow.endpoint.target, form=flow.endpoint.form, data=data)


class MadeContext(FakeContext):
    """A fake context whose flows go through a made network, round by round, in virtual time."""

    def __init__(self, endpoints: Sequence[Endpoint], rule: Rule, *, depth: Depth = "standard") -> None:
        super().__init__(answered=[endpoint.target for endpoint in endpoints], depth=depth)
        self.rule = rule
        self.rounds = 0
        self.closed_at_s: list[float] = []

    async def flows(self, arms: Sequence[Arm], *, seconds: float) -> AsyncGenerator[FlowSecond, None]:
        number, began_us = self.rounds, self.now_us()
        self.rounds += 1
        try:
            for second, rows in groupby(play(arms, self.rule, seconds=seconds, number=number), lambda row: row.second):
                await self.sleep(second + 1 - (self.now_us() - began_us) / 1_000_000)
                for row in rows:
                    yield row
        finally:
            self.closed_at_s.append((self.now_us() - began_us) / 1_000_000)


def claims(observations: Iterable[Numbered[Observation]], service: str = "telegram") -> dict[Claim, Evidence]:
    """What is claimed of one service; `""` for the neutral hosts."""
    return {one.claim: one for one in read(list(observations)) if one.service == service}


RELAYS = (relay(1), relay(2))
CONTROLS = tuple(neutral(last) for last in range(1, 5))
TELEGRAM = (*RELAYS, *CONTROLS)


def flow_seconds(
    name: str,
    target: Target,
    lost: Sequence[bool],
    *,
    form: str = "padded",
    rtt_us: int = 40_000,
    changes: Mapping[str, object] | None = None,
) -> list[Observation]:
    """One flow of 25 packets/s as observations, with `changes` to the data of each second."""
    found = []
    for second, first in enumerate(range(0, len(lost), 25)):
        numbers = range(first, min(first + 25, len(lost)))
        sent_us = [number * 40_000 for number in numbers]
        data: dict[str, Any] = {
            "arm": name,
            "second": second,
            "first_number": first,
            "ip_bytes": IP_BYTES,
            "scheduled_us": sent_us,
            "sent_us": sent_us,
            "received_us": [None if lost[number] else number * 40_000 + rtt_us for number in numbers],
            "opened_us": 0,
            "sent_before": first,
            **(changes or {}),
        }
        found.append(Observation(op="flow.second", target=target, form=form, data=data))
    return found


def numbered(*seconds: Observation, packets_needed: int | None = 125) -> list[Numbered[Observation]]:
    """As the journal has them, behind a plan unless `packets_needed` is None."""
    plan = [Observation(op="flow.plan", data={"packets_needed": packets_needed})] if packets_needed else []
    return [Numbered(seq, one) for seq, one in enumerate([*plan, *seconds])]
