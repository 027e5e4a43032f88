"""What the stand-in servers are told to be: the configuration file, read strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

from callcheck.lab.servers import config_checks as check
from callcheck.lab.servers.config_checks import ConfigError, Option
from callcheck.lab.servers.faults import FAULTS, Fault

__all__ = ["KINDS", "ConfigError", "EndpointConfig", "Option", "ServersConfig", "parse_config", "read_config"]

KINDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "dns": frozenset({"udp", "tcp", "tls"}),
        "dtls": frozenset({"udp"}),
        "echo": frozenset({"udp"}),
        "http": frozenset({"tcp", "tls"}),
        "nat_discovery": frozenset({"udp"}),
        "portal": frozenset({"tcp"}),
        "quic": frozenset({"udp"}),
        "stun": frozenset({"udp", "tcp", "tls"}),
        "tcp_accept": frozenset({"tcp", "tls"}),
        "telegram_dc": frozenset({"tcp"}),
        "telegram_relay": frozenset({"udp"}),
        "telegram_turn": frozenset({"udp"}),
        "turn": frozenset({"udp", "tcp", "tls"}),
        "whatsapp_chat": frozenset({"tcp"}),
        "whatsapp_relay": frozenset({"udp"}),
        "whatsapp_web": frozenset({"tls"}),
    }
)
"""Every kind of stand-in, which is also the name of its module, with the transports it speaks."""

_KINDS_WITH_CERTIFICATES: Final = frozenset({"quic"})
_ENDPOINT_KEYS: Final = frozenset({"kind", "name", "address", "port", "transport", "fault", "namespace", "options"})
_DOCUMENT_KEYS: Final = frozenset({"seed", "endpoints", "zone", "missing", "forged", "certificates"})


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """One listening socket: what it plays, where, and what is wrong with it. Port 0 means any free port.

    Transport `tls` is TLS over TCP. `namespace` names a network namespace below /run/netns in which the socket is
    opened; None is the one that the process lives in.
    """

    kind: str
    name: str
    address: str
    port: int
    transport: str
    fault: Fault | None
    namespace: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def needs_certificates(self) -> bool:
        """Whether it proves its identity to whoever connects."""
        return self.transport == "tls" or self.kind in _KINDS_WITH_CERTIFICATES


@dataclass(frozen=True, slots=True)
class ServersConfig:
    """All endpoints of one process, and what its resolvers say. Names are in lower case without a final dot."""

    seed: int
    endpoints: tuple[EndpointConfig, ...]
    zone: Mapping[str, tuple[str, ...]]
    missing: frozenset[str]
    forged: Mapping[str, str]
    certificates: Path | None = None

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
    table = check.table(document, "the configuration")
    check.refuse_unknown_keys(table, _DOCUMENT_KEYS, "the configuration")
    endpoints = tuple(
        _endpoint(entry, number) for number, entry in enumerate(check.items(table.get("endpoints"), "endpoints"))
    )
    zone, missing, forged = _names(table)
    certificates = table.get("certificates")
    if certificates is None and (without := [one.name for one in endpoints if one.needs_certificates]):
        raise ConfigError(f"endpoint {without[0]} needs a directory for certificates")
    return ServersConfig(
        seed=check.whole_number(table.get("seed"), "seed"),
        endpoints=endpoints,
        zone=zone,
        missing=missing,
        forged=forged,
        certificates=None if certificates is None else Path(check.text(certificates, "certificates")),
    )


def _names(table: Mapping[str, object]) -> tuple[dict[str, tuple[str, ...]], frozenset[str], dict[str, str]]:
    """What the document says about names: the zone, those that are missing, those that are forged."""
    zone = {
        name: tuple(check.ip_address(address, f"zone {name}") for address in check.items(addresses, f"zone {name}"))
        for name, addresses in check.named(table.get("zone", {}), "zone").items()
    }
    missing = frozenset(check.host_name(name, "missing") for name in check.items(table.get("missing", []), "missing"))
    forged = {
        name: check.ip_address(address, f"forged {name}")
        for name, address in check.named(table.get("forged", {}), "forged").items()
    }
    if contradiction := missing & forged.keys():
        raise ConfigError(f"{min(contradiction)} is both missing and forged")
    return zone, missing, forged


def _endpoint(entry: object, number: int) -> EndpointConfig:
    where = f"endpoint {number}"
    table = check.table(entry, where)
    check.refuse_unknown_keys(table, _ENDPOINT_KEYS, where)
    name = check.text(table.get("name"), f"{where} name")
    where = f"endpoint {name}"
    kind = check.choice(table.get("kind"), KINDS.keys(), f"{where} kind")
    fault = table.get("fault")
    namespace = table.get("namespace")
    port = check.whole_number(table.get("port"), f"{where} port")
    if not 0 <= port <= 65535:
        raise ConfigError(f"{where} port: {port} is not between 0 and 65535")
    return EndpointConfig(
        kind=kind,
        name=name,
        address=check.ip_address(table.get("address"), f"{where} address"),
        port=port,
        transport=check.choice(table.get("transport"), KINDS[kind], f"{where} transport"),
        fault=None if fault is None else cast("Fault", check.choice(fault, FAULTS, f"{where} fault")),
        namespace=None if namespace is None else check.namespace(namespace, f"{where} namespace"),
        options=check.options(table.get("options", {}), f"{where} options"),
    )
