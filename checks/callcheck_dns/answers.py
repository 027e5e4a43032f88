"""Observations of the check as what each resolver said of each name. Pure and total: odd data gives no answer."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

import msgspec

from callcheck.api import Failure, Numbered, Observation

Seen = Sequence[Numbered[Observation]]

# To say that there is no such name, or no address for it, is an answer.
ABSENT = frozenset({Failure.name_missing, Failure.name_empty})
TRUSTED = frozenset({"dns.dot", "dns.doh"})


class Said(msgspec.Struct, frozen=True):
    """One answer, or its absence: `addresses` where there are some, `absent` where it was said that there are none.
    `place` and `network` are the resolver's, "" for the system's."""

    seq: int
    op: str
    place: str
    network: str
    address: str
    name: str
    service: str
    needed: bool
    number: int
    addresses: frozenset[str]
    absent: bool
    failure: Failure | None

    @property
    def answered(self) -> bool:
        return bool(self.addresses) or self.absent


def said(observations: Seen) -> list[Said]:
    """All of the check's observations about a name; wrong answers, which answer nothing, are left out."""
    return [
        _said(one)
        for one in observations
        if one.value.op.startswith("dns.") and _text(one, "name") and "wrong_answer" not in one.value.data
    ]


def _said(one: Numbered[Observation]) -> Said:
    target, data = one.value.target, one.value.data
    number = data.get("try")
    return Said(
        seq=one.seq,
        op=one.value.op,
        place=target.endpoint if target else "",
        network=target.network if target else "",
        address=target.address if target else "",
        name=_text(one, "name"),
        service=_text(one, "service"),
        # Runs saved before it was written down knew of no service that does without names.
        needed=data.get("needed") is not False,
        number=number if isinstance(number, int) else 0,
        addresses=_addresses(data.get("addresses")) if one.value.failure is None else frozenset(),
        absent=one.value.failure in ABSENT,
        failure=one.value.failure,
    )


def known_true(observations: Seen, answers: Sequence[Said]) -> dict[str, frozenset[str]]:
    """By name, the addresses that were told over TLS or HTTPS, or that the catalogue gives it."""
    true: dict[str, frozenset[str]] = {}
    for answer in answers:
        if answer.op in TRUSTED and answer.addresses:
            true[answer.name] = true.get(answer.name, frozenset()) | answer.addresses
    for one in observations:
        if listed := _addresses(one.value.data.get("known_addresses")):
            name = _text(one, "name")
            true[name] = true.get(name, frozenset()) | listed
    return true


def is_bogon(address: str) -> bool:
    """Whether no host of the internet can have this address (RFC 6890)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return True
    return not parsed.is_global or parsed.is_multicast


def block_of(address: str) -> str:
    """The /16 (IPv6: /32) in which an address stands, which one operator usually has; itself if it is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 16 if parsed.version == 4 else 32), strict=False))


def is_false(addresses: frozenset[str], true: frozenset[str]) -> bool:
    """Whether an answer leads into nobody's network alone. Other addresses than those that are `true` prove nothing:
    large services give each resolver the nearest ones."""
    return bool(addresses) and not addresses & true and all(map(is_bogon, addresses))


def seqs(answers: Iterable[Said]) -> tuple[int, ...]:
    return tuple(sorted({answer.seq for answer in answers}))


def _addresses(value: object) -> frozenset[str]:
    return (
        frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else frozenset()
    )


def _text(one: Numbered[Observation], key: str) -> str:
    value = one.value.data.get(key)
    return value if isinstance(value, str) else ""
