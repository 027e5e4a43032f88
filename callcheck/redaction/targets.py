"""Which endpoints a redacted report may name: those of the shipped catalogue (DESIGN 8)."""

from __future__ import annotations

import ipaddress
from functools import cache

import msgspec

from callcheck.catalog import load as catalog
from callcheck.model import Target
from callcheck.redaction import allowlist

_PUBLIC_ROLES = {"subject", "control", "domestic"}
_PUBLIC_SOURCE = "catalogue"


class Targets:
    """The targets of one run; each is looked up once, as thousands of packets have the same few."""

    def __init__(self) -> None:
        self._known: dict[bytes, Target | None] = {}

    def public(self, target: Target | None) -> Target | None:
        """The target as the catalogue names it; None where it is not in it."""
        if target is None:
            return None
        key = msgspec.json.encode(target)
        if key not in self._known:
            self._known[key] = _public(target)
        return self._known[key]


def _public(target: Target) -> Target | None:
    """An endpoint of the shipped catalogue, as the catalogue has it: one that a person added tells of that person. Of
    a name, the address is left out: a resolver's answer tells of its user. What it answers is the run's own list."""
    listed = _shipped().get(_place(target), ())
    known = next((one for one in listed if (one.kind, one.network) == (target.kind, target.network)), None)
    known = known or next((one for one in listed if one.kind == target.kind), None)
    if known is None or known.role not in _PUBLIC_ROLES or not (known.host or _is_public(known.address)):
        return None
    return msgspec.structs.replace(
        known,
        address="" if known.host else known.address,
        source=_PUBLIC_SOURCE,
        as_of="",
        answers={form: how for form, how in target.answers.items() if allowlist.form(form)},
        large=target.large,
    )


def _place(target: Target) -> tuple[str, int, str]:
    return (target.host or target.address, target.port, target.transport)


@cache
def _shipped() -> dict[tuple[str, int, str], tuple[Target, ...]]:
    found: dict[tuple[str, int, str], tuple[Target, ...]] = {}
    for target in catalog.shipped():
        found[_place(target)] = (*found.get(_place(target), ()), target)
    return found


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and str(parsed) == address
