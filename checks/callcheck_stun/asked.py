"""Observations of this check, sorted for reading: what may be missing or odd in a saved run is left out here."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

import msgspec

from callcheck.api import NEVER_LEFT, Failure, Numbered, Observation, Target

Asked = Sequence[Numbered[Observation]]


def left(observations: Asked, op: str) -> Asked:
    """The questions of one operation that left this machine."""
    return [
        one
        for one in observations
        if one.value.op == op and one.value.target is not None and one.value.failure not in NEVER_LEFT
    ]


def of(asked: Asked, role: str, form: str) -> Asked:
    return [one for one in asked if one.value.form == form and one.value.target and one.value.target.role == role]


def number(observation: Observation, key: str) -> float | None:
    """A number of the data that is neither missing, a flag, negative nor beyond measure."""
    value = observation.data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= 1e9 else None


def ipv4(observation: Observation) -> str:
    """The address under which the host saw us; "" for none and for anything but IPv4."""
    value = observation.data.get("reflexive_address")
    try:
        return str(ipaddress.IPv4Address(value)) if isinstance(value, str) else ""
    except ValueError:
        return ""


def seqs(asked: Iterable[Numbered[Observation]]) -> tuple[int, ...]:
    return tuple(one.seq for one in asked)


class Tally(msgspec.Struct):
    """What one endpoint did: questions on how many source ports, answers, and whether anything but silence came."""

    target: Target
    sent: int = 0
    answered: int = 0
    ports: int = 0
    only_silence: bool = True

    @property
    def silent(self) -> bool:
        """No answer, no refusal and no datagram of another kind, ever."""
        return self.answered == 0 and self.only_silence


def tallies(asked: Asked) -> dict[str, Tally]:
    """By endpoint. A question without a source port in its data is one of an older release: one port each."""
    found: dict[str, Tally] = {}
    ports: dict[str, set[float]] = {}
    for one in asked:
        target = one.value.target
        if target is None:
            continue
        tally = found.setdefault(target.endpoint, Tally(target))
        tally.sent += 1
        tally.answered += one.value.failure is None
        tally.only_silence &= one.value.failure is Failure.timeout
        port = number(one.value, "source_port")
        ports.setdefault(target.endpoint, set()).add(-one.seq - 1 if port is None else port)
        tally.ports = len(ports[target.endpoint])
    return found


def networks(targets: Iterable[Target]) -> int:
    return len({target.network for target in targets})


def is_informative(target: Target, form: str, speaking: set[tuple[str, str, str, str]]) -> bool:
    """Silence counts where the form is confirmed, or another of its kind answered it in this run (DESIGN 5.5)."""
    return target.answers.get(form) == "confirmed" or target.kind in speaking


def speaking(asked: Asked) -> set[tuple[str, str, str, str]]:
    """Kinds of which somebody answered."""
    return {one.value.target.kind for one in asked if one.value.target and one.value.failure is None}
