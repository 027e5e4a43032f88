"""The packets of one flow, put together again from its seconds. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import sub
from typing import TYPE_CHECKING, Any, cast

import msgspec

from callcheck.api import FlowSecond, Numbered, Observation, Target
from callcheck.stats.delay import above_minimum_ms

if TYPE_CHECKING:
    from callcheck_stream.plan import Part

Observed = Numbered[Observation]

PLAN_OP, SECOND_OP = "flow.plan", "flow.second"
_LATEST_US = 20_000


class Sent(msgspec.Struct, frozen=True, gc=False):
    """A packet that left: its number, how many datagrams had left its 5-tuple before it and when the first of them did,
    and when it and its answer passed our kernel, in microseconds of run time."""

    number: int
    sent_before: int
    opened_us: int
    sent_us: int
    received_us: int | None

    @property
    def is_lost(self) -> bool:
        return self.received_us is None


@dataclass(frozen=True)
class Series:
    """One flow of one round. Packets that our own system refused to send are not among `packets`, but in `unsent`.

    Every claim asks for the same columns of the packets, so each is read out of them once.
    """

    arm: str
    target: Target
    form: str
    part: Part
    round: int
    seqs: tuple[int, ...]
    seconds: frozenset[int]
    packets: tuple[Sent, ...]
    ip_bytes: int
    unsent: int
    reordered: int
    late: int
    duplicates: int
    icmp_errors: int
    far_received: int | None
    clock_set: bool
    disturbed_us: tuple[int, ...] = ()
    """When packets left after an interval that was off its schedule by more than 20 ms: our own process stood still."""

    @property
    def sent(self) -> int:
        return len(self.packets)

    @property
    def received(self) -> int:
        return self.lost.count(False)

    @cached_property
    def lost(self) -> tuple[bool, ...]:
        return tuple([packet.received_us is None for packet in self.packets])

    @cached_property
    def sent_us(self) -> tuple[int, ...]:
        return tuple([packet.sent_us for packet in self.packets])

    @cached_property
    def came_us(self) -> tuple[int, ...]:
        """When those packets left that came, one for each of `rtts_us`."""
        return tuple([packet.sent_us for packet in self.packets if packet.received_us is not None])

    @cached_property
    def rtts_us(self) -> tuple[int, ...]:
        """Of every packet that came; never below 0, which only a clock that was set meanwhile could make."""
        return tuple(
            [
                packet.received_us - packet.sent_us if packet.received_us > packet.sent_us else 0
                for packet in self.packets
                if packet.received_us is not None
            ]
        )

    @cached_property
    def held_up_ms(self) -> tuple[float, ...]:
        """Of every packet that came, above the shortest round trip of its own flow."""
        return above_minimum_ms(self.rtts_us)

    @property
    def asked_for(self) -> tuple[object, ...]:
        """Targets of one kind and network run the same software: one speaks for the form of the others (DESIGN 5.5)."""
        return (self.target.kind, self.target.network, self.form)

    @cached_property
    def keeps_its_port(self) -> bool:
        """Whether all packets left one 5-tuple, so that its death can be seen."""
        return len({packet.opened_us for packet in self.packets}) == 1


class _Second(msgspec.Struct, frozen=True):
    seq: int
    target: Target
    form: str
    part: Part
    round: int
    flow: FlowSecond


def all_series(observations: Iterable[Observed]) -> tuple[Series, ...]:
    """Every flow of every round, in the order in which they were first heard of."""
    flows: dict[tuple[int, str], list[_Second]] = defaultdict(list)
    for second in filter(None, map(_second, observations)):
        flows[second.round, second.flow.arm].append(second)
    return tuple(_series(seconds) for seconds in flows.values())


def plan_of(observations: Iterable[Observed]) -> Mapping[str, Any]:
    """What the check meant to do, last where a run was continued; {} for a saved run without a plan."""
    plans = [one.value.data for one in observations if one.value.op == PLAN_OP]
    return plans[-1] if plans else {}


def _second(one: Observed) -> _Second | None:
    observation = one.value
    if observation.op != SECOND_OP or observation.target is None:
        return None
    flow = msgspec.convert(observation.data, FlowSecond)
    part = cast("Part", observation.data.get("part", "stream"))
    return _Second(one.seq, observation.target, observation.form, part, int(observation.data.get("round", 0)), flow)


def _series(seconds: Sequence[_Second]) -> Series:
    first, flows = seconds[0], [second.flow for second in seconds]
    return Series(
        arm=first.flow.arm,
        target=first.target,
        form=first.form,
        part=first.part,
        round=first.round,
        seqs=tuple(second.seq for second in seconds),
        seconds=frozenset(flow.second for flow in flows),
        packets=tuple([packet for flow in flows for packet in _packets(flow)]),
        ip_bytes=max(flow.ip_bytes for flow in flows),
        unsent=sum(len(flow.unsent) for flow in flows),
        reordered=sum(flow.reordered for flow in flows),
        late=sum(flow.late for flow in flows),
        duplicates=sum(flow.duplicates for flow in flows),
        icmp_errors=sum(flow.icmp_errors for flow in flows),
        far_received=max((flow.far_received for flow in flows if flow.far_received is not None), default=None),
        clock_set=any("clock_set" in flow.events for flow in flows),
        disturbed_us=tuple(_disturbed_us(flows)),
    )


def _disturbed_us(flows: Iterable[FlowSecond]) -> Iterator[int]:
    times = [pair for flow in flows for pair in zip(flow.scheduled_us, flow.sent_us, strict=False)]
    late_us = [sent_us - due_us for due_us, sent_us in times]
    for (_, sent_us), off_us in zip(times[1:], map(sub, late_us[1:], late_us), strict=True):
        if off_us > _LATEST_US:
            yield sent_us


def _packets(flow: FlowSecond) -> list[Sent]:
    unsent = frozenset(flow.unsent)
    opened_us = flow.opened_us if flow.opened_us is not None else next(iter(flow.sent_us), 0)
    times = enumerate(zip(flow.sent_us, flow.received_us, strict=True), start=flow.first_number)
    left = [(number, sent_us, received_us) for number, (sent_us, received_us) in times if number not in unsent]
    return [
        Sent(number, before, opened_us, sent_us, received_us)
        for before, (number, sent_us, received_us) in enumerate(left, start=flow.sent_before)
    ]
