"""What a run moves to and from each host: figures measured in the lab, shipped beside the catalogue they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

import msgspec

from callcheck.model import Target
from callcheck.words import Depth

_FILE = "cost.json"

Moved = tuple[int, int]  # packets and bytes at the IP layer, both ways together


class Cost(msgspec.Struct, frozen=True):
    """By depth and `transport/host-or-address:port`, medians of `runs` runs on a healthy line of the date `as_of`."""

    as_of: str
    runs: int
    moved: dict[Depth, dict[str, Moved]]


@cache
def shipped() -> Cost:
    """The figures of this release."""
    text = (resources.files("callcheck.catalog") / _FILE).read_bytes()
    return msgspec.json.decode(text, type=Cost)


def place_of(target: Target) -> str:
    """What a catalogue's target is called in the table: by its name, where it has one."""
    return f"{target.transport}/{target.host or target.address}:{target.port}"


def by_place(hosts: Mapping[str, Moved], targets: Iterable[Target], names: Mapping[str, str]) -> dict[str, Moved]:
    """A run's traffic by the catalogue's places. `hosts` has it by endpoint, where a name may have become an address;
    `names` gives the names' addresses. What belongs to several names goes to the first; what to none (the router, the
    own resolver) is left out."""
    places: dict[str, str] = {}
    for target in targets:
        places.setdefault(place_of(target), place_of(target))
        address = target.address or names.get(target.host, "")
        places.setdefault(f"{target.transport}/{address}:{target.port}", place_of(target))
    moved: dict[str, Moved] = {}
    for endpoint, (packets, count_bytes) in hosts.items():
        if place := places.get(endpoint):
            known = moved.get(place, (0, 0))
            moved[place] = (known[0] + packets, known[1] + count_bytes)
    return moved
