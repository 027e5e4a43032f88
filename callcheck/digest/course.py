"""The call as a picture: what each service's packets, and those of the neutral hosts, met in every second. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

import msgspec

from callcheck.model import FlowSecond, Observation
from callcheck.report.flows import PLAN_OP, flow_second

CONTROLS: Final = ""
"""The side of the neutral hosts; a service's side has its name."""

# A flow that was heard and then misses so much at its end is shown as fallen silent; the judge asks for far more.
_SILENT_S: Final = 3.0
_SILENT_PACKETS: Final = 10
# A picture of a longer round would be wider than any terminal; a file may claim what it likes.
_LONGEST_S: Final = 600


@dataclass(slots=True)
class Moment:
    """One second of one side. `delays_ms` are round trips of the packets that came back."""

    sent: int = 0
    received: int = 0
    delays_ms: list[float] = field(default_factory=list)

    @property
    def loss_ratio(self) -> float | None:
        return 1 - self.received / self.sent if self.sent else None

    @property
    def delay_ms(self) -> float | None:
        return median(self.delays_ms) if self.delays_ms else None


class _Flow(msgspec.Struct):
    """One port's packets: the last that left and the last that was answered, by number and time."""

    part: str
    first_us: int
    greetings: int
    sent_number: int = -1
    sent_us: int = 0
    heard_number: int = -1
    heard_us: int = 0

    @property
    def packets(self) -> int:
        """What left its port up to the last packet that was answered, greetings included."""
        return self.greetings + self.heard_number + 1

    @property
    def has_died(self) -> bool:
        return (
            self.heard_number >= 0
            and self.sent_us - self.heard_us >= _SILENT_S * 1e6
            and self.sent_number - self.heard_number >= _SILENT_PACKETS
        )


class Death(msgspec.Struct, frozen=True):
    """A flow that fell silent: seconds into the round, how long it had lived, and the packets it had got through."""

    at_s: float
    lived_s: float
    packets: int


@dataclass(slots=True)
class Round:
    """One round of flows, which began at `origin_us` of run time. `part` is what its flows were for."""

    number: int
    origin_us: int
    part: str
    planned_s: int = 0
    sides: dict[str, dict[int, Moment]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Moment)))
    flows: dict[tuple[str, str], _Flow] = field(default_factory=dict)

    @property
    def seconds(self) -> int:
        return 1 + max((second for side in self.sides.values() for second in side), default=-1)

    @property
    def span_s(self) -> int:
        """How long its picture is: as planned, so that it does not shrink while it fills."""
        return max(self.seconds, self.planned_s)

    def moments(self, side: str) -> list[Moment]:
        """One a second, from the round's first to its last."""
        known = self.sides.get(side, {})
        return [known.get(second, Moment()) for second in range(self.seconds)]

    def loss_ratio(self, side: str) -> float | None:
        moments = self.moments(side)
        sent = sum(moment.sent for moment in moments)
        return 1 - sum(moment.received for moment in moments) / sent if sent else None

    def delays_ms(self, side: str) -> tuple[float, float] | None:
        """The least and the largest of the seconds' delays."""
        delays = [moment.delay_ms for moment in self.moments(side) if moment.delay_ms is not None]
        return (min(delays), max(delays)) if delays else None

    def deaths(self, side: str) -> list[Death]:
        """Flows of the side that were answered and are not any more, the earliest first."""
        died = [flow for (whose, _arm), flow in self.flows.items() if whose == side and flow.has_died]
        return sorted(
            (
                Death((flow.heard_us - self.origin_us) / 1e6, (flow.heard_us - flow.first_us) / 1e6, flow.packets)
                for flow in died
            ),
            key=lambda death: death.at_s,
        )

    def add(self, side: str, part: str, second: FlowSecond) -> None:
        greetings = max(0, second.sent_before - second.first_number)
        flow = self.flows.setdefault((side, second.arm), _Flow(part, second.sent_us[0], greetings))
        moments = self.sides[side]
        for number, (sent_us, received_us) in enumerate(
            zip(second.sent_us, second.received_us, strict=False), start=second.first_number
        ):
            at = max(0, sent_us - self.origin_us) // 1_000_000
            if number in second.unsent or at >= _LONGEST_S:
                continue
            moment = moments[at]
            moment.sent += 1
            flow.sent_number, flow.sent_us = number, sent_us
            if received_us is not None:
                moment.received += 1
                moment.delays_ms.append(max(0, received_us - sent_us) / 1000)
                flow.heard_number, flow.heard_us = number, sent_us


@dataclass(slots=True)
class Call:
    """Every round so far."""

    rounds: list[Round] = field(default_factory=list)
    planned_s: int = 0

    def plan(self, observation: Observation) -> None:
        """Take in how long a round is meant to last."""
        seconds = observation.data.get("seconds")
        if isinstance(seconds, int | float) and 0 < seconds <= _LONGEST_S:
            self.planned_s = round(seconds)

    def add(self, observation: Observation, second: FlowSecond) -> None:
        number = observation.data.get("round")
        target = observation.target
        if not isinstance(number, int) or not second.sent_us or target is None:
            return
        part = str(observation.data.get("part", ""))
        if not self.rounds or self.rounds[-1].number != number:
            planned_s = 0 if part == "ladder" else self.planned_s
            self.rounds.append(Round(number, min(second.scheduled_us or second.sent_us), part, planned_s))
        side = target.service if target.role == "subject" else CONTROLS
        self.rounds[-1].add(side, part, second)

    def sides(self) -> Sequence[str]:
        """The services in order of appearance, then the neutral hosts."""
        found = dict.fromkeys(side for one in self.rounds for side in one.sides)
        return [*(side for side in sorted(found) if side != CONTROLS), *([CONTROLS] if CONTROLS in found else [])]


def call_of(observations: Iterable[Observation]) -> Call:
    """The flows among the observations of a report; no rounds where it has none."""
    call = Call()
    for observation in observations:
        if observation.op == PLAN_OP:
            call.plan(observation)
        elif (second := flow_second(observation)) is not None:
            call.add(observation, second)
    return call
