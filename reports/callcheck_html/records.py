"""The records of each check, so many as a page bears: what is left out is counted. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from callcheck.digest import Call
from callcheck.model import FlowSecond, SavedObservation, Target
from callcheck.report.flows import FLOW_OP, PLAN_OP, flow_second
from callcheck.verdict.figures import decimal
from callcheck_html.scales import LONGEST_MS
from callcheck_html.values import cut, facts_text, number_text, percent_text, seconds_text

_MOST_CHECKS: Final = 24
_MOST_KINDS: Final = 24
_MOST_FLOWS: Final = 60
# A deep run has some 35 kinds of records; so many of each keep its page below 300 kB.
_OF_A_KIND: Final = 12


@dataclass(frozen=True, slots=True)
class Record:
    number: str
    at_s: str
    target: str
    form: str
    failure: str
    facts: str


@dataclass(frozen=True, slots=True)
class Kind:
    """Records of one operation: how many there are, how many of them failed, and the first few."""

    op: str
    count: int
    failed: int
    records: tuple[Record, ...]

    @property
    def left(self) -> int:
        return self.count - len(self.records)


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow of packets in one round; `loss` in percent, `delay` in milliseconds, "" where nothing came back."""

    round: str
    name: str
    target: str
    sent: int
    received: int
    loss: str
    delay: str


@dataclass(frozen=True, slots=True)
class Check:
    """What one check wrote down."""

    name: str
    count: int
    kinds: tuple[Kind, ...]
    kinds_left: int
    flows: tuple[Flow, ...]
    flows_left: int


@dataclass(slots=True)
class _Tally:
    target: Target | None
    sent: int = 0
    received: int = 0
    delays_ms: list[float] = field(default_factory=list)

    def add(self, second: FlowSecond) -> None:
        unsent = frozenset(second.unsent)
        pairs = [
            (sent_us, received_us)
            for number, (sent_us, received_us) in enumerate(
                zip(second.sent_us, second.received_us, strict=False), start=second.first_number
            )
            if number not in unsent
        ]
        took_ms = [max(0, received_us - sent_us) / 1000 for sent_us, received_us in pairs if received_us is not None]
        self.sent += len(pairs)
        self.received += len(took_ms)
        self.delays_ms += took_ms


_Key = tuple[str, str, str]


@dataclass(slots=True)
class Reading:
    """The observations read once: the call that they make, and each flow's packets by check, round and arm."""

    call: Call = field(default_factory=Call)
    flows: dict[_Key, _Tally] = field(default_factory=dict)


def read(observations: Iterable[SavedObservation]) -> Reading:
    """Flows are the bulk of a run: they are decoded here and nowhere else."""
    reading = Reading()
    for one in observations:
        if one.op == PLAN_OP:
            reading.call.plan(one)
        elif (second := flow_second(one)) is not None:
            reading.call.add(one, second)
            number = one.data.get("round")
            shown = number_text(number + 1) if isinstance(number, int) and not isinstance(number, bool) else "–"
            reading.flows.setdefault((one.check, shown, second.arm), _Tally(one.target)).add(second)
    return reading


def checks_of(observations: Sequence[SavedObservation], reading: Reading, language: str) -> tuple[list[Check], int]:
    """The checks in order of appearance, and how many are left out."""
    by_check: dict[str, dict[str, list[SavedObservation]]] = {}
    for one in observations:
        by_check.setdefault(one.check, {}).setdefault(one.op, []).append(one)
    names = list(by_check)[:_MOST_CHECKS]
    return [_check(name, by_check[name], reading, language) for name in names], len(by_check) - len(names)


def _check(name: str, by_op: dict[str, list[SavedObservation]], reading: Reading, language: str) -> Check:
    kinds = [_kind(op, found) for op, found in list(by_op.items())[:_MOST_KINDS]]
    flows = [(key, tally) for key, tally in reading.flows.items() if key[0] == name]
    return Check(
        cut(name, 40),
        sum(map(len, by_op.values())),
        tuple(kinds),
        len(by_op) - len(kinds),
        tuple(_flow(key, tally, language) for key, tally in flows[:_MOST_FLOWS]),
        max(0, len(flows) - _MOST_FLOWS),
    )


def _kind(op: str, found: Sequence[SavedObservation]) -> Kind:
    """Seconds of flows are counted here and told as flows: their arrays are no reading."""
    shown = () if op == FLOW_OP else found[:_OF_A_KIND]
    failed = sum(one.failure is not None for one in found)
    return Kind(cut(op, 60), len(found), failed, tuple(map(_record, shown)))


def _record(one: SavedObservation) -> Record:
    failure = "" if one.failure is None else one.failure.value
    target = _target_text(one.target)
    return Record(
        number_text(one.seq), seconds_text(one.t_us), target, cut(one.form, 40), failure, facts_text(one.data)
    )


def _target_text(target: Target | None) -> str:
    if target is None:
        return ""
    place = f"{target.transport} {cut(target.address or target.host)}"
    whose = cut(target.service or target.network or target.role, 24)
    return f"{place}:{number_text(target.port)} ({whose})" if target.port else f"{place} ({whose})"


def _flow(key: _Key, tally: _Tally, language: str) -> Flow:
    delay = decimal(min(median(tally.delays_ms), LONGEST_MS), language) if tally.delays_ms else ""
    loss = percent_text(1 - tally.received / tally.sent, language) if tally.sent else ""
    return Flow(key[1], cut(key[2], 24), _target_text(tally.target), tally.sent, tally.received, loss, delay)
