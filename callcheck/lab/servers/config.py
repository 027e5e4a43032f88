"""What the stand-in servers are told to be: the configuration file, read strictly."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import cast

from callcheck.lab.servers.faults import FAULTS, Fault

KINDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "dns": frozenset({"udp", "tcp"}),
        "echo": frozenset({"udp"}),
        "stun": frozenset({"udp", "tcp"}),
        "tcp_accept": frozenset({"tcp"}),
        "telegram_dc": frozenset({"tcp"}),
        "telegram_relay": frozenset({"udp"}),
        "telegram_turn": frozenset({"udp"}),
        "whatsapp_chat": frozenset({"tcp"}),
        "whatsapp_relay": frozenset({"udp"}),
    }
)
"""Every kind of stand-in, which is also the name of its module, with the transports it speaks."""

_ENDPOINT_KEYS = frozenset({"kind", "name", "address", "port", "transport", "fault"})
_DOCUMENT_KEYS = frozenset({"seed", "endpoints", "zone", "missing", "forged"})
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


class ConfigError(ValueError):
    """The configuration says something that cannot be served; the text is one line for a person."""


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """One listening socket: what it plays, where, and what is wrong with it. Port 0 means any free port."""

    kind: str
    name: str
    address: str
    port: int
    transport: str
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class ServersConfig:
    """All endpoints of one namespace, and what its resolvers say. Names are in lower case without a final dot."""

    seed: int
    endpoints: tuple[EndpointConfig, ...]
    zone: Mapping[str, tuple[str, ...]]
    missing: frozenset[str]
    forged: Mapping[str, str]

    def resolver_answers(self) -> dict[str, tuple[str, ...]]:
        """The addresses a resolver gives for each name it knows; it knows no other name."""
        honest = {name: addresses for name, addresses in self.zone.items() if name not in self.missing}
        return honest | {name: (address,) for name, address in self.forged.items()}


def read_config(path: Path) -> ServersConfig:
    """Read and check a configuration file; ConfigError says in one line what is wrong with it."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    return parse_config(document)


def parse_config(document: object) -> ServersConfig:
    """Check a decoded JSON document; ConfigError names the key or value that is not understood."""
    table = _table(document, "the configuration")
    _refuse_unknown_keys(table, _DOCUMENT_KEYS, "the configuration")
    endpoints = _list(table.get("endpoints"), "endpoints")
    zone = {
        name: tuple(_ipv4(address, f"zone {name}") for address in _list(addresses, f"zone {name}"))
        for name, addresses in _named(table.get("zone", {}), "zone").items()
    }
    forged = {
        name: _ipv4(address, f"forged {name}") for name, address in _named(table.get("forged", {}), "forged").items()
    }
    missing = frozenset(_host_name(name, "missing") for name in _list(table.get("missing", []), "missing"))
    if contradiction := missing & forged.keys():
        raise ConfigError(f"{min(contradiction)} is both missing and forged")
    return ServersConfig(
        seed=_whole_number(table.get("seed"), "seed"),
        endpoints=tuple(_endpoint(entry, number) for number, entry in enumerate(endpoints)),
        zone=zone,
        missing=missing,
        forged=forged,
    )


def _endpoint(entry: object, number: int) -> EndpointConfig:
    where = f"endpoint {number}"
    table = _table(entry, where)
    _refuse_unknown_keys(table, _ENDPOINT_KEYS, where)
    name = _text(table.get("name"), f"{where} name")
    where = f"endpoint {name}"
    kind = _choice(table.get("kind"), KINDS, f"{where} kind")
    fault = table.get("fault")
    port = _whole_number(table.get("port"), f"{where} port")
    if not 0 <= port <= 65535:
        raise ConfigError(f"{where} port: {port} is not between 0 and 65535")
    return EndpointConfig(
        kind=kind,
        name=name,
        address=_ip_address(table.get("address"), f"{where} address"),
        port=port,
        transport=_choice(table.get("transport"), KINDS[kind], f"{where} transport"),
        fault=None if fault is None else cast("Fault", _choice(fault, FAULTS, f"{where} fault")),
    )


def _table(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: expected an object, got {_shown(value)}")
    return cast("dict[str, object]", value)


def _list(value: object, where: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise ConfigError(f"{where}: expected a list, got {_shown(value)}")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{where}: expected a text, got {_shown(value)}")
    return value


def _whole_number(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConfigError(f"{where}: expected a whole number, got {_shown(value)}")
    return value


def _choice(value: object, choices: Mapping[str, object] | frozenset[str], where: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ConfigError(f"{where}: {_shown(value)} is not one of {', '.join(sorted(choices))}")
    return value


def _ip_address(value: object, where: str) -> str:
    try:
        return str(ipaddress.ip_address(_text(value, where)))
    except ValueError as error:
        raise ConfigError(f"{where}: {_shown(value)} is not an IP address") from error


def _ipv4(value: object, where: str) -> str:
    try:
        return str(ipaddress.IPv4Address(_text(value, where)))
    except ValueError as error:
        raise ConfigError(f"{where}: {_shown(value)} is not an IPv4 address") from error


def _named(value: object, where: str) -> dict[str, object]:
    table = _table(value, where)
    named = {_host_name(name, where): entry for name, entry in table.items()}
    if len(named) != len(table):
        raise ConfigError(f"{where}: a name stands there twice")
    return named


def _host_name(value: object, where: str) -> str:
    name = _text(value, where).lower().removesuffix(".")
    if not _HOST_NAME.fullmatch(name):
        raise ConfigError(f"{where}: {_shown(value)} is not a host name")
    return name


def _refuse_unknown_keys(table: Mapping[str, object], known: frozenset[str], where: str) -> None:
    if unknown := sorted(table.keys() - known):
        raise ConfigError(f"{where}: unknown key {_shown(unknown[0])}")


def _shown(value: object) -> str:
    """A value on one short line of printable ASCII, whatever it is."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
