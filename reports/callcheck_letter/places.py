"""The public servers that a letter may name: those of a service that stayed silent, and neutral ones that answered.

They are looked for in a redacted report. An address is taken only where it is a global one, a host only where it is
shaped like a public name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from callcheck.api import NEVER_LEFT, NO_ADDRESS
from callcheck.locale import N_, plural, translator
from callcheck.model import Observation, Report, Target
from callcheck.redaction.allowlist import host
from callcheck.report.flows import FLOW_OP, flow_second

_PORTS: Final = range(1, 65536)
_PLACE: Final = N_("{name}, {transport} port {port}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a packet went: `name` is a host or an address."""

    name: str
    port: int
    transport: str


@dataclass(slots=True)
class Tally:
    """How many packets of ours left for a place and how many were answered."""

    sent: int = 0
    answered: int = 0

    @property
    def is_silent(self) -> bool:
        return self.sent > 0 and self.answered == 0


def silent_servers(report: Report, service: str, form: str) -> list[Place]:
    """Call servers of the service that answered nothing; with a probe form, those silent to that form."""
    asked = _tallied(
        report.observations,
        lambda one, target: _is_call(target, service) and one.op != FLOW_OP and (not form or one.form == form),
    )
    return _in_order(place for place, tally in asked.items() if tally.is_silent)


def lossy_servers(report: Report, service: str) -> list[Place]:
    """Call servers of the service to which call-like flows went that lost packets."""
    flows = _tallied(report.observations, lambda one, target: _is_call(target, service) and one.op == FLOW_OP)
    return _in_order(place for place, tally in flows.items() if tally.answered < tally.sent)


def neutral_servers(report: Report) -> list[Place]:
    """Neutral servers that answered packets of the kind that calls use, one of each network that runs some."""
    networks = {
        place: one.target.network or place.name
        for one in report.observations
        if one.target is not None and (place := _place(one.target)) is not None
    }
    asked = _tallied(report.observations, lambda _, target: target.role == "control" and target.protocol == "stun")
    answered = _in_order(place for place, tally in asked.items() if tally.answered)
    return list({networks[place]: place for place in reversed(answered)}.values())[::-1]


def lost_names(report: Report, service: str) -> list[str]:
    """Names of the service that led to no address."""
    names = (
        host(one.target.host)
        for one in report.observations
        if one.target is not None and one.target.service == service and one.failure in NO_ADDRESS
    )
    return list(dict.fromkeys(filter(None, names)))


def listed(some: Sequence[Place], most: int, language: str) -> list[str]:
    """A line for each place, and one that says how many more there were."""
    _ = translator(language)
    lines = [_(_PLACE).format(name=one.name, transport=one.transport, port=one.port) for one in some[:most]]
    n_ = plural(language)
    if (more := len(some) - most) > 0:
        lines.append(n_("and {count} other", "and {count} others", more).format(count=more))
    return lines


def _in_order(places: Iterable[Place]) -> list[Place]:
    return sorted(places, key=lambda place: (place.port, place.name))


def _is_call(target: Target, service: str) -> bool:
    return target.role == "subject" and target.service == service and target.function == "calls"


def _tallied(
    observations: Sequence[Observation], is_meant: Callable[[Observation, Target], bool]
) -> dict[Place, Tally]:
    tallies: dict[Place, Tally] = {}
    for one in observations:
        if one.target is None or not is_meant(one, one.target) or (place := _place(one.target)) is None:
            continue
        tally = tallies.setdefault(place, Tally())
        sent, answered = _counts(one)
        tally.sent += sent
        tally.answered += answered
    return tallies


def _counts(one: Observation) -> tuple[int, int]:
    """Packets that left and packets that were answered; what never left this machine tells nothing of a server."""
    if one.op != FLOW_OP:
        return (0, 0) if one.failure in NEVER_LEFT else (1, one.failure is None)
    second = flow_second(one)
    if second is None:
        return (0, 0)
    return len(second.sent_us) - len(second.unsent), _heard(second.received_us)


def _heard(received_us: Iterable[int | None]) -> int:
    return sum(stamp is not None for stamp in received_us)


def _place(target: Target) -> Place | None:
    name = host(target.host) or ("" if target.host else _global(target.address))
    return Place(name, target.port, target.transport.upper()) if name and target.port in _PORTS else None


def _global(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(parsed) if parsed.is_global and str(parsed) == address else ""
