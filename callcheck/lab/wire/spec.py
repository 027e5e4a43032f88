"""What a wire is told to do, as it stands in a scenario (DESIGN 5.6): entries that impair, rules that interfere."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any, Final

from callcheck.lab.wire.spec_entry import Entry, read_entry
from callcheck.lab.wire.spec_rule import DIRECTIONS, Rule, read_rule
from callcheck.lab.wire.strict import Table, listed, shown

WIRES: Final = ("lan", "access", "core", "far")


@dataclass(frozen=True, slots=True)
class Wire:
    """Both directions of one wire, and the rules in the order in which they are asked."""

    up: tuple[Entry, ...] = ()
    down: tuple[Entry, ...] = ()
    rules: tuple[Rule, ...] = ()


def read_wires(table: Table) -> dict[str, Wire]:
    """The wires of a scenario; a wire that it does not mention does nothing.

    Raises RefusedError.
    """
    for name in table.left():
        if name not in WIRES:
            raise table.refuse(name, f"unknown wire {shown(name)} (known: {listed(WIRES)})")
    return {name: read_wire(wire) if (wire := table.table(name)) else Wire() for name in WIRES}


def read_wire(table: Table) -> Wire:
    """Raises RefusedError."""
    for key in table.left():
        if key not in (*DIRECTIONS, "rule"):
            raise table.refuse(key, f"unknown direction {shown(key)} (known: {listed(DIRECTIONS)}; or rule)")
    up, down = (tuple(read_entry(entry) for entry in table.tables(way)) for way in DIRECTIONS)
    return Wire(up, down, tuple(read_rule(rule) for rule in table.tables("rule")))


def wire_as_table(wire: Wire) -> dict[str, object]:
    """The wire as plain JSON that `read_wire` reads back to an equal wire."""
    return {
        "up": [_plain(entry) for entry in wire.up],
        "down": [_plain(entry) for entry in wire.down],
        "rule": [_plain(rule) for rule in wire.rules],
    }


def _plain(part: object) -> dict[str, object]:
    """What of a dataclass differs from its default; it may only be written where it does."""
    assert is_dataclass(part)
    assert not isinstance(part, type)
    return {
        field.name: _plain_value(value)
        for field in fields(part)
        if (value := getattr(part, field.name)) != _default(field)
    }


def _plain_value(value: Any) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(value)
    if isinstance(value, tuple):
        return [item if isinstance(item, int) else str(item) for item in value]
    return value


def _default(field: "Field[Any]") -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


def merged(first: Mapping[str, Wire], second: Mapping[str, Wire]) -> dict[str, Wire]:
    """Both sets of wires laid on each other: what they say adds up."""
    return {
        name: Wire(
            first[name].up + second[name].up,
            first[name].down + second[name].down,
            first[name].rules + second[name].rules,
        )
        for name in WIRES
    }
