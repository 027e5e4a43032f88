"""What redaction took out of a report, sorted by what it is: so that a person can see it before anything leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import msgspec

from callcheck.model import Report
from callcheck.redaction.allowlist import word
from callcheck.redaction.leaks import leaks

Kind = Literal[
    "own_address",
    "own_port",
    "time",
    "provider",
    "resolver",
    "place",
    "foreign",
    "problem",
    "run_number",
    "label",
    "catalogue",
    "figure",
    "number",
    "text",
]
Value = str | int | float

# How a check writes down the addresses and ports of this line, and the stations on its way out.
_OWN_ADDRESSES: Final = frozenset({"local_address", "reflexive_address", "gateway", "hop"})
_OWN_PORTS: Final = frozenset({"local_port", "source_port", "reflexive_port"})
_RESOLVED: Final = frozenset({"address", "addresses", "name", "names"})
_OF_THE_LIST: Final = frozenset({"source", "as_of", "network"})
_TARGET: Final = ("observations", "target")
_KINDS: Final[dict[tuple[str, ...], Kind]] = {("run", "id"): "run_number", ("run", "started_utc"): "time"}
_ROOMS: Final[dict[str, Kind]] = {"network": "provider", "problems": "problem", "tool": "foreign"}


@dataclass(frozen=True, slots=True)
class Removed:
    """A string or number that stands in the report and nowhere in its redacted form. `key` is what it stood under;
    `instead` is what stands in its place, None where nothing does."""

    key: str
    original: Value
    instead: Value | None


@dataclass(frozen=True, slots=True)
class Group:
    """All that went for one reason, each value once, what is shaped like an address first."""

    kind: Kind
    items: tuple[Removed, ...]


@dataclass(frozen=True, slots=True)
class _Leaf:
    """`path` are the keys down to the value, without places in lists; `holder` is the object that it stands in.
    `lost_at` is the path of the outermost thing around it that went as a whole, () where the value alone did."""

    path: tuple[str, ...]
    value: Value
    instead: Value | None
    holder: Mapping[str, Any]
    lost_at: tuple[str, ...] = ()


class _Missing:
    """Stands for what the redacted form does not have at all."""


_MISSING: Final = _Missing()


def removed(report: Report, redacted: Report) -> tuple[Group, ...]:
    """Every string and number of `report` that is not in `redacted`, in the order of `Kind`. Takes up to a second for
    a long run. A name of a field counts where it is no plain word: a foreign file can hide anything in it."""
    original, kept = msgspec.to_builtins(report), msgspec.to_builtins(redacted)
    walk = _Walk(_values(kept))
    walk.down(original, kept, (), {}, ())
    found: dict[Kind, dict[Value, Removed]] = {}
    for leaf in walk.found:
        known = found.setdefault(_kind(leaf), {})
        known.setdefault(leaf.value, Removed(leaf.path[-1], leaf.value, leaf.instead))
    return tuple(Group(kind, _sorted(found[kind].values())) for kind in get_args(Kind) if kind in found)


def _sorted(items: Iterable[Removed]) -> tuple[Removed, ...]:
    return tuple(sorted(items, key=_shape))


def _shape(item: Removed) -> int:
    """What is shaped like an address comes before what may be a host's name, and that before the rest."""
    if not isinstance(item.original, str):
        return 2
    return 0 if leaks(item.original, ()) else 1 if "." in item.original else 2


def _values(tree: Any) -> set[Value]:
    """Every string and number, and every name of a field."""
    found: set[Value] = set()
    left = [tree]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            found.update(one)
            left.extend(one.values())
        elif isinstance(one, list | tuple):
            left.extend(one)
        elif _is_value(one):
            found.add(one)
    return found


class _Walk:
    """Goes down both forms side by side and keeps what is not among the values that stay."""

    def __init__(self, staying: set[Value]) -> None:
        self._staying = staying | {""}
        self._plain: dict[str, bool] = {}
        self.found: list[_Leaf] = []

    def down(
        self, tree: Any, kept: Any, path: tuple[str, ...], holder: Mapping[str, Any], lost_at: tuple[str, ...]
    ) -> None:
        """Where the redacted form has nothing, `kept` is missing from there on down."""
        if isinstance(tree, dict):
            counterparts = kept if isinstance(kept, dict) else {}
            lost_at = lost_at or (() if isinstance(kept, dict) else path)
            for key, value in tree.items():
                self._name(key, path, tree)
                self.down(value, counterparts.get(key, _MISSING), (*path, key), tree, lost_at)
        elif isinstance(tree, list | tuple):
            for value, counterpart in zip(tree, _counterparts(tree, kept), strict=True):
                self.down(value, counterpart, path, holder, lost_at)
        elif _is_value(tree) and tree not in self._staying:
            self.found.append(_Leaf(path, tree, kept if _is_value(kept) else None, holder, lost_at))

    def _name(self, key: str, path: tuple[str, ...], holder: Mapping[str, Any]) -> None:
        if key not in self._plain:
            self._plain[key] = bool(word(key)) or key in self._staying
        if not self._plain[key]:
            self.found.append(_Leaf((*path, "key"), key, None, holder))


def _counterparts(items: Sequence[Any], kept: Any) -> Sequence[Any]:
    """What has become of each item: found by its number or name, else by its place in a list of the same length."""
    if not isinstance(kept, list | tuple):
        return [_MISSING] * len(items)
    for name in ("seq", "name"):
        if items and all(isinstance(item, Mapping) and name in item for item in (*items, *kept)):
            by_name = {item[name]: item for item in kept}
            return [by_name.get(item[name], _MISSING) for item in items]
    return kept if len(kept) == len(items) else [_MISSING] * len(items)


def _is_value(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _kind(leaf: _Leaf) -> Kind:
    if leaf.path[0] in {"observations", "evidence"}:
        return _measured(leaf)
    return _KINDS.get(leaf.path) or _ROOMS.get(leaf.path[0]) or _otherwise(leaf)


def _measured(leaf: _Leaf) -> Kind:
    key, is_target = leaf.path[-1], leaf.path[:2] == _TARGET
    # What has this role and no name is the router or the line's own name server.
    is_near = is_target and key == "address" and leaf.holder.get("role") == "gateway" and not leaf.holder.get("host")
    if key in _OWN_ADDRESSES or is_near:
        return "own_address"
    if key in _OWN_PORTS:
        return "own_port"
    if leaf.lost_at == ("observations",) or leaf.path == ("evidence", "seqs"):
        return "foreign"
    if is_target:
        return _of_a_target(leaf)
    if key in _RESOLVED and isinstance(leaf.value, str):
        return "resolver"
    return "label" if key == "arm" else _otherwise(leaf)


def _of_a_target(leaf: _Leaf) -> Kind:
    if leaf.path[-1] in _OF_THE_LIST:
        return "catalogue"
    is_resolved = leaf.path[-1] == "address" and leaf.holder.get("host")
    return "resolver" if is_resolved else "place"


def _otherwise(leaf: _Leaf) -> Kind:
    if isinstance(leaf.value, str):
        return "text"
    return "figure" if isinstance(leaf.instead, int | float) else "number"
