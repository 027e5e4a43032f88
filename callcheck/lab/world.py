"""Who lives in the lab's internet: every host of the shipped catalogue, at its own address where that is known."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from callcheck.catalog import load as catalog
from callcheck.lab.network_spec import ServerFault
from callcheck.lab.scenario import Scenario, ScenarioError
from callcheck.lab.topology import ISP_RESOLVER, PORTAL_ADDRESS, VPN_SERVER, ipv6_of
from callcheck.lab.traffic_ends import traffic_ends
from callcheck.model import Target

OVERLAY = Path(__file__).with_name("catalog.toml")
_WORLD: Final = Path(__file__).with_name("world.toml")
_DNS_PORT: Final = 53
_TELEGRAM_SITE: Final = "telegram-web"
_DOMESTIC: Final = "domestic-"  # names of servers that stand in the domestic part begin so
Place = tuple[str, int, bool]  # address, port, whether it is UDP


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One listening socket of the lab's internet, with what is wrong with it (None: nothing).

    Transport is udp, tcp or tls, which is TLS over TCP.
    """

    kind: str
    name: str
    address: str
    port: int
    transport: str
    fault: str | None = None
    namespace: str = "inet"
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return self.address, self.port, self.transport == "udp"

    def as_config(self) -> dict[str, object]:
        """As `servers.config` reads it."""
        return asdict(self)


def zone(*, ipv6: bool = False) -> dict[str, list[str]]:
    """Every name that a resolver of the lab knows, with its addresses."""
    return {name: [address, *([ipv6_of(address)] if ipv6 else [])] for name, address in _world()["address"].items()}


def endpoints(scenario: Scenario) -> tuple[Endpoint, ...]:
    """Everything that listens. Raises ScenarioError for a fault of a server that does not exist."""
    everybody = population()
    _check_names(scenario, everybody)
    faults = {fault.name: fault for fault in scenario.servers}
    inside = _addresses_of(scenario.topology.inside, everybody)
    placed = [_placed(endpoint, faults.get(endpoint.name), inside) for endpoint in everybody]
    if scenario.topology.ipv6:
        # A pair of addresses speaks of both of them in its answers, and stays with IPv4.
        placed += [replace(one, address=ipv6_of(one.address)) for one in placed if one.kind != "nat_discovery"]
    if scenario.topology.portal:
        placed.append(Endpoint("portal", "portal", PORTAL_ADDRESS, 80, "tcp", namespace="cpe"))
    return tuple(placed)


def hosts(scenario: Scenario) -> dict[str, tuple[str, ...]]:
    """The public IPv4 addresses that servers bind, by namespace."""
    found: dict[str, dict[str, None]] = {}
    for endpoint in endpoints(scenario):
        if ":" not in endpoint.address and endpoint.namespace != "cpe":
            found.setdefault(endpoint.namespace, {})[endpoint.address] = None
            if other := endpoint.options.get("other_address"):
                found[endpoint.namespace][str(other)] = None
    inet = found.setdefault("inet", {})
    inet |= dict.fromkeys(end.far_address for end in traffic_ends(scenario) if end.far_namespace == "inet")
    if scenario.topology.has_tunnel:
        inet[VPN_SERVER] = None
    return {namespace: tuple(addresses) for namespace, addresses in found.items()}


def watched(scenario: Scenario) -> dict[str, list[str]]:
    """The addresses of everything that has a fault: a run in which nothing is sent there shows nothing."""
    if scenario.topology.has_tunnel:
        return {}  # the wires see the tunnel's addresses alone
    faulty: dict[str, list[str]] = {}
    for endpoint in endpoints(scenario):
        if endpoint.fault is not None:
            faulty.setdefault(endpoint.name, []).append(endpoint.address)
    if scenario.dns.resolver != "honest":
        faulty["own-resolver"] = [ISP_RESOLVER]
    return faulty


@cache
def _targets() -> tuple[Target, ...]:
    return catalog.shipped()


@cache
def _world() -> dict[str, Any]:
    return tomllib.loads(_WORLD.read_text(encoding="utf-8"))


@cache
def targets_in_the_lab() -> tuple[Target, ...]:
    """The catalogue as callcheck has it in the lab: what the stand-ins answer is known."""
    return catalog.with_overlay(OVERLAY)


@cache
def population() -> tuple[Endpoint, ...]:
    """Every endpoint in good health, those of the catalogue first."""
    by_place: dict[Place, Endpoint] = {}
    for target in _targets():
        endpoint = _of_target(target)
        by_place.setdefault(endpoint.place, endpoint)
    for endpoint in _beside_the_catalogue():
        played = by_place.get(endpoint.place)
        by_place[endpoint.place] = replace(endpoint, name=played.name) if played else endpoint
    return tuple(by_place.values())


def _of_target(target: Target) -> Endpoint:
    protocol = "dns" if target.protocol == "tcp" and target.port == _DNS_PORT else target.protocol
    wanted = (protocol, target.role, target.service)
    (play,) = (
        one for one in _world()["play"] if (one["protocol"], one["role"], one.get("service", target.service)) == wanted
    )
    address = target.address or _world()["address"][target.host]
    return Endpoint(play["kind"], play["name"], address, target.port, target.transport)


def _beside_the_catalogue() -> Iterable[Endpoint]:
    for server in _world()["server"]:
        for host in server["hosts"]:
            for listens in server["listens"]:
                port, transport = listens.split("/")
                address = _world()["address"][host]
                yield Endpoint(server["kind"], server["name"], address, int(port), transport, options=_options(server))


def _options(server: Mapping[str, Any]) -> dict[str, Any]:
    """What the server is told beside its place; Telegram's own site lists the relays that are there."""
    options = dict(server.get("options", {}))
    if server["name"] == _TELEGRAM_SITE:
        relays = (target for target in _targets() if target.protocol == "reflector")
        options["reflectors"] = [f"{relay.address}:{relay.port}" for relay in relays]
    return options


def _placed(endpoint: Endpoint, fault: ServerFault | None, inside: frozenset[str]) -> Endpoint:
    """The endpoint where it stands in this scenario, with what is wrong with it."""
    namespace = "transit" if endpoint.name.startswith(_DOMESTIC) else "inet"
    if endpoint.address in inside:
        namespace = "isp"
    is_faulty = fault is not None and (not fault.addresses or endpoint.address in fault.addresses)
    return replace(endpoint, namespace=namespace, fault=fault.fault if fault and is_faulty else None)


def _addresses_of(wanted: Sequence[str], everybody: Iterable[Endpoint]) -> frozenset[str]:
    """The addresses of servers that are named by server name, host name or address."""
    hosts_by_name: Mapping[str, str] = _world()["address"]
    named = {hosts_by_name.get(one, one) for one in wanted}
    return frozenset(one.address for one in everybody if one.address in named or one.name in wanted)


def _check_names(scenario: Scenario, everybody: Sequence[Endpoint]) -> None:
    names = {endpoint.name for endpoint in everybody}
    addresses = {endpoint.address for endpoint in everybody}
    services = {target.service for target in _targets() if target.service}
    for number, truth in enumerate(scenario.truths):
        if truth.service not in services:
            known = ", ".join(sorted(services))
            _refuse(scenario, f"truth[{number}].service: no service is called {truth.service!r} (there are: {known})")
    for number, fault in enumerate(scenario.servers):
        if fault.name not in names:
            known = ", ".join(sorted(names))
            _refuse(scenario, f"server[{number}].name: no server is called {fault.name!r} (there are: {known})")
        own = {endpoint.address for endpoint in everybody if endpoint.name == fault.name}
        for address in fault.addresses:
            if address not in own:
                _refuse(scenario, f"server[{number}].addresses: {fault.name!r} has no address {address!r}")
    for place in scenario.topology.inside:
        if place not in names | addresses | _world()["address"].keys():
            _refuse(scenario, f"topology.inside: no server, host or address is called {place!r}")


def _refuse(scenario: Scenario, reason: str) -> None:
    raise ScenarioError(f"{scenario.source}: {reason}")
