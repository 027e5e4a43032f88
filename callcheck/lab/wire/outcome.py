"""Reads the bridge's log after a run: what each rule and wire did, and why the run may not be scored. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from callcheck.lab.wire.spec_rule import DIRECTIONS

# A third of the smallest delay that any judgement acts on (30 ms, DESIGN 7). A virtual machine whose host takes the
# processor away for some milliseconds is late by less, even with real-time scheduling.
LATE_MS: Final = 10
# Of the packets forwarded, more than LATE_MS after they were due. A late wire loses nothing, holds up every arm alike,
# and no delay accuses anybody: more of it makes a run harder to judge, not easier.
_MOST_LATE_RATIO: Final = 0.1
_FEW_LATE: Final = 10  # a pause of the machine that touches no more packets than these shapes no verdict


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many packets matched a rule, and how many of these it hit. `name` is as in "rule 1 on core"."""

    name: str
    wire: str
    matched: int
    hits: int


@dataclass(frozen=True, slots=True)
class WireCount:
    """What came into one direction of a wire, what its entries lost, and what queues and policers dropped. IP bytes."""

    wire: str
    direction: str
    packets: int
    bytes: int
    lost: int
    queue_drops: int


@dataclass(frozen=True, slots=True)
class LabOutcome:
    """What the lab did. A run with reasons in `void` shows nothing about callcheck and is not scored.

    `unmet` are those of the reasons that playing again would not mend: a fault that callcheck never came upon.
    """

    rules: tuple[RuleCount, ...]
    wires: tuple[WireCount, ...]
    void: tuple[str, ...]
    unmet: tuple[str, ...] = ()


def read_outcome(log: Mapping[str, Any], died: Iterable[str] = ()) -> LabOutcome:
    """The outcome of a run from the bridge's log; `died` are one-line reports of processes that ended too early."""
    rules = tuple(
        RuleCount(rule["name"], wire, rule["matched"], rule["hits"])
        for wire, part in log["wires"].items()
        for rule in part["rules"]
    )
    wires = tuple(
        WireCount(wire, way, *(part[way][key] for key in ("packets", "bytes", "lost", "queue_drops")))
        for wire, part in log["wires"].items()
        for way in DIRECTIONS
    )
    idle_rules = (f"{rule.name} never hit" for rule in rules if rule.hits == 0)
    unmet = (*idle_rules, *_idle_entries(log["wires"]), *_unvisited(log["wires"]))
    return LabOutcome(rules, wires, (*died, *unmet, *_own_faults(log["instrument"])), unmet)


def _idle_entries(wires: Mapping[str, Any]) -> Iterator[str]:
    """Entries with a fault that no packet met."""
    for wire, part in wires.items():
        for way in DIRECTIONS:
            for n, entry in enumerate(part[way]["entries"]):
                if entry["asks"] and entry["hits"] == 0:
                    yield f"entry {n + 1} of {wire} {way} never did anything"


def _unvisited(wires: Mapping[str, Any]) -> Iterator[str]:
    """Servers with a fault that nothing was sent to."""
    visits: dict[str, int] = {}
    for part in wires.values():
        for name, count in part["visits"].items():
            visits[name] = visits.get(name, 0) + count
    yield from (f"nothing was sent to {name}, which has a fault" for name, count in visits.items() if count == 0)


def _own_faults(instrument: Mapping[str, int]) -> Iterator[str]:
    lost = sum(instrument[key] for key in ("socket_drops", "send_errors", "truncated"))
    if lost:
        yield f"the lab lost {lost} packet{'s' if lost > 1 else ''} itself"
    late_ratio = instrument["late"] / max(1, instrument["forwarded"])
    if instrument["late"] > _FEW_LATE and late_ratio > _MOST_LATE_RATIO:
        yield f"the lab was late: {late_ratio:.1%} of packets left more than {LATE_MS} ms after they were due"
