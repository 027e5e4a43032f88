"""Finds plugins by entry point: names first, code only when asked for (DESIGN 4).

In a bare checkout, where nothing is installed, the same table is read from pyproject.toml beside the package.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import tomllib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import msgspec

import callcheck
from callcheck.api import Check, Reporter
from callcheck.engine.errors import PluginError
from callcheck.model import Plugin

CHECKS, REPORTERS, TRACKERS = "callcheck.checks", "callcheck.reporters", "callcheck.trackers"
_KINDS = {CHECKS: "check", REPORTERS: "reporter", TRACKERS: "tracker"}


class Found(msgspec.Struct, frozen=True):
    """An entry point that has not been imported."""

    group: str
    name: str
    value: str
    distribution: str
    version: str

    def described(self) -> Plugin:
        return Plugin(name=self.name, kind=_KINDS[self.group], distribution=self.distribution, version=self.version)


def find(group: str) -> tuple[Found, ...]:
    """All plugins of a group, sorted by name, nothing imported. Raises PluginError where two share a name."""
    checkout = _checkout()
    found = list(_from_checkout(checkout, group)) if checkout else []
    installed = [one for one in _installed(tuple(sys.path)) if one.group == group]
    found += [one for one in installed if not (checkout and one.distribution == "callcheck")]
    return _without_twins(found)


@lru_cache(maxsize=1)
def _installed(path: tuple[str, ...]) -> tuple[Found, ...]:  # noqa: ARG001 - another path has other distributions
    """Of every group, as to go through all distributions takes as long as reading a run."""
    found: list[Found] = []
    for distribution in importlib.metadata.distributions():
        points = [point for point in distribution.entry_points if point.group in _KINDS]
        # To read what a distribution is called takes longer than all else here, and most of them have no such points.
        name = distribution.metadata["Name"] or "" if points else ""
        found += [Found(point.group, point.name, point.value, name, distribution.version) for point in points]
    return tuple(found)


def find_all() -> tuple[Found, ...]:
    return tuple(found for group in _KINDS for found in find(group))


def load(found: Found) -> Any:
    """Import one plugin. Raises PluginError with the reason in one line."""
    module_name, _, attribute = found.value.partition(":")
    try:
        return getattr(importlib.import_module(module_name), attribute)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise PluginError(f"{_KINDS[found.group]} {found.name!r} of {found.distribution}: {reason}") from error


def load_checks(names: Iterable[str] | None = None) -> tuple[dict[str, Check[Any]], tuple[str, ...]]:
    """Checks by name, and one line for each that could not be loaded. `names` limits what is imported."""
    wanted = None if names is None else set(names)
    loaded: dict[str, Check[Any]] = {}
    problems = []
    for found in find(CHECKS):
        if wanted is not None and found.name not in wanted:
            continue
        try:
            check = load(found)
            if check.info.name != found.name:
                raise PluginError(f"check {found.name!r} of {found.distribution} calls itself {check.info.name!r}")
        except (PluginError, AttributeError) as error:
            problems.append(str(error))
        else:
            loaded[found.name] = cast("Check[Any]", check)
    return loaded, tuple(problems)


def load_reporter(name: str) -> Reporter:
    """The reporter of that name. Raises PluginError where there is none."""
    reporters = find(REPORTERS)
    for found in reporters:
        if found.name == name:
            return cast("Reporter", load(found))
    known = ", ".join(found.name for found in reporters) or "none"
    raise PluginError(f"no reporter {name!r} (there are: {known})")


def _without_twins(found: Sequence[Found]) -> tuple[Found, ...]:
    by_name: dict[str, Found] = {}
    for one in found:
        twin = by_name.get(one.name)
        # A distribution that is seen twice on the path (a checkout and its installed self) is one plugin.
        if twin is not None and (twin.distribution, twin.value) != (one.distribution, one.value):
            raise PluginError(
                f"two {_KINDS[one.group]}s are called {one.name!r}: "
                f"{twin.value} of {twin.distribution} and {one.value} of {one.distribution}; uninstall one"
            )
        by_name.setdefault(one.name, one)
    return tuple(by_name[name] for name in sorted(by_name))


def _checkout() -> Path | None:
    """The folder of the checkout that this package runs from, if it is one."""
    root = Path(callcheck.__file__).resolve().parent.parent
    return root if (root / "pyproject.toml").is_file() and (root / "checks").is_dir() else None


def _from_checkout(root: Path, group: str) -> Iterable[Found]:
    for folder in ("checks", "reports"):
        path = str(root / folder)
        if path not in sys.path:
            sys.path.append(path)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, value in project.get("entry-points", {}).get(group, {}).items():
        yield Found(group, name, value, "callcheck", callcheck.__version__)
