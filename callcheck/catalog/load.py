"""Reads catalogues: strict TOML, the shipped one with another laid over it where asked (DESIGN 5.5)."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path

import msgspec

from callcheck.model import Target
from callcheck.words import Function, Knowledge, Role, Transport

_MOST_AT_ONE_HOST = 8
SHIPPED = ("telegram.toml", "whatsapp.toml", "controls.toml", "domestic.toml")
_NO_HOST = frozenset({"0.0.0.0", "::", "255.255.255.255"})  # noqa: S104 - refused, not bound
_HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


class CatalogError(ValueError):
    """The catalogue cannot be used; the message is one line that names the file and the entry."""


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Endpoints that share everything but their place. In an overlay, a group of the same kind and network replaces
    the shipped one; without endpoints it replaces only what is known of its kind (`answers`, `source`, `as_of`)."""

    role: Role
    protocol: str
    transport: Transport
    source: str
    as_of: str
    answers: dict[str, Knowledge]
    service: str = ""
    function: Function = ""
    network: str = ""
    large: bool = False
    endpoints: tuple[str, ...] = ()

    @property
    def kind(self) -> tuple[str, str, str, str]:
        return (self.service, self.function, self.role, self.protocol)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    group: tuple[Group, ...]


def shipped() -> tuple[Target, ...]:
    """The catalogue of this release."""
    return _targets(_shipped_groups())


def with_overlay(path: Path) -> tuple[Target, ...]:
    """The shipped catalogue with the groups of `path` laid over it. Raises CatalogError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise CatalogError(f"{path}: not a text file") from None
    return _targets(_laid_over(_shipped_groups(), parse(text, str(path))))


def parse(text: str, name: str) -> tuple[Group, ...]:
    """Groups of one TOML text. Raises CatalogError with `name` in front."""
    try:
        groups = msgspec.convert(tomllib.loads(text), type=_File).group
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CatalogError(f"{name}: {error}") from None
    for position, group in enumerate(groups, start=1):
        _check(group, f"{name}: group {position}")
    return groups


def as_of(targets: Iterable[Target]) -> str:
    """The youngest date in the catalogue, "" for none."""
    return max((target.as_of for target in targets), default="")


def _shipped_groups() -> tuple[Group, ...]:
    folder = resources.files("callcheck.catalog")
    return tuple(group for name in SHIPPED for group in parse((folder / name).read_text(encoding="utf-8"), name))


def _laid_over(base: Sequence[Group], overlay: Sequence[Group]) -> tuple[Group, ...]:
    replaced = {(group.kind, group.network) for group in overlay if group.endpoints}
    knowledge = {group.kind: group for group in overlay if not group.endpoints}
    kinds = {group.kind for group in base}
    for kind in knowledge:
        if kind not in kinds:
            raise CatalogError(
                f"an entry for {'/'.join(filter(None, kind))} has no endpoints, and the shipped catalogue has none"
            )
    kept = [group for group in base if (group.kind, group.network) not in replaced]
    merged = [*kept, *(group for group in overlay if group.endpoints)]
    return tuple(_taught(group, knowledge.get(group.kind)) for group in merged)


def _taught(group: Group, lesson: Group | None) -> Group:
    if lesson is None:
        return group
    return msgspec.structs.replace(group, answers=lesson.answers, source=lesson.source, as_of=lesson.as_of)


def _targets(groups: Iterable[Group]) -> tuple[Target, ...]:
    targets: dict[tuple[str, str], Target] = {}
    for group in groups:
        for endpoint in group.endpoints:
            target = _target(group, endpoint)
            known = targets.get((target.endpoint, target.protocol))
            if known is not None and known.kind != target.kind:
                raise CatalogError(
                    f"{endpoint}: listed both as {known.role} and as {target.role} for {target.protocol}"
                )
            targets[(target.endpoint, target.protocol)] = target
    _refuse_crowds(targets.values())
    return tuple(targets.values())


def _refuse_crowds(targets: Iterable[Target]) -> None:
    """Every entry is asked some times a second: so many at one host would be a flood, and no comparison either."""
    counts = Counter(target.address or target.host for target in targets)
    place, count = counts.most_common(1)[0] if counts else ("", 0)
    if count > _MOST_AT_ONE_HOST:
        raise CatalogError(f"{place}: {count} entries lead to one host (at most {_MOST_AT_ONE_HOST} may)")


def _parts(endpoint: str) -> tuple[str, str, str]:
    """Name, address and port of `name:port`, `address:port` or `name=address:port`; what is not given is empty."""
    place, _, port = endpoint.rpartition(":")
    host, _, address = place.rpartition("=")
    address = address.strip("[]")
    return (host, address, port) if host or _is_address(address) else (place, "", port)


def _target(group: Group, endpoint: str) -> Target:
    host, address, port = _parts(endpoint)
    return Target(
        service=group.service,
        function=group.function,
        role=group.role,
        host=host,
        address=address,
        port=int(port),
        transport=group.transport,
        protocol=group.protocol,
        network=group.network,
        source=group.source,
        as_of=group.as_of,
        answers=group.answers,
        large=group.large,
    )


def _check(group: Group, where: str) -> None:
    if group.role == "subject" and not (group.service and group.function):
        raise CatalogError(f"{where}: a subject needs a service and a function")
    if group.role == "gateway":
        raise CatalogError(f"{where}: a gateway is found, not listed")
    if group.role in {"control", "domestic"} and (group.service or group.function):
        raise CatalogError(f"{where}: a {group.role} belongs to no service")
    if not group.source:
        raise CatalogError(f"{where}: an entry needs a source")
    try:
        dt.date.fromisoformat(group.as_of)
    except ValueError:
        raise CatalogError(f"{where}: as_of is no date (YYYY-MM-DD): {group.as_of!r}") from None
    for endpoint in group.endpoints:
        _check_endpoint(endpoint, where)


def _check_endpoint(endpoint: str, where: str) -> None:
    host, address, port = _parts(endpoint)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise CatalogError(f"{where}: {endpoint!r} has no port (name:port, address:port or name=address:port)")
    if address and not _is_address(address):
        raise CatalogError(f"{where}: {endpoint!r} gives its name something else than an address")
    if address and (ipaddress.ip_address(address).is_multicast or address in _NO_HOST):
        raise CatalogError(f"{where}: {endpoint!r} is no single host's address")
    if (host or not address) and not _HOST_NAME.fullmatch(host):
        raise CatalogError(f"{where}: {endpoint!r} is neither a host name nor an address")


def _is_address(place: str) -> bool:
    try:
        ipaddress.ip_address(place)
    except ValueError:
        return False
    return True
