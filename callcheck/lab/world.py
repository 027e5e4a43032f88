"""Who lives in the lab's internet: every host of the shipped catalogue, at its own address where that is known."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callcheck.catalog import load as catalog
from callcheck.lab.lab import Process
from callcheck.lab.scenario import Dns, Scenario, ScenarioError
from callcheck.lab.servers.real import coturn_command, unbound_command, which
from callcheck.model import Target

RESOLVER = "198.51.100.53"
OVERLAY = Path(__file__).with_name("catalog.toml")

# Names whose addresses the facts do not give live in the benchmark range of RFC 2544, which is nobody's.
_ADDRESSES = {
    "stun.l.google.com": "74.125.250.129",
    "stun.cloudflare.com": "141.101.90.1",
    "stun.nextcloud.com": "198.18.1.1",
    "global.stun.twilio.com": "198.18.2.1",
    "stun.telnyx.com": "198.18.3.1",
    "stun.sipgate.net": "198.18.4.1",
    "stun.fitauto.ru": "198.18.100.1",
    "stun.1cbit.ru": "198.18.101.1",
    "g.whatsapp.net": "157.240.0.60",
    "e1.whatsapp.net": "157.240.0.61",
    "e2.whatsapp.net": "157.240.0.62",
}
# By protocol and role of the catalogue: the stand-in that plays it, and its name in scenarios.
_PLAYED = {
    ("mtproto", "subject"): ("telegram_dc", "telegram-dc"),
    ("reflector", "subject"): ("telegram_relay", "telegram-relay"),
    ("turn", "subject"): ("telegram_turn", "telegram-turn"),
    ("noise", "subject"): ("whatsapp_chat", "whatsapp-chat"),
    ("whatsapp_relay", "subject"): ("whatsapp_relay", "whatsapp-relay"),
    ("stun", "control"): ("stun", "control-stun"),
    ("stun", "domestic"): ("stun", "domestic-stun"),
    ("dns", "control"): ("dns", "public-resolver"),
    ("dns", "domestic"): ("dns", "domestic-resolver"),
    ("tcp", "control"): ("tcp_accept", "control-tcp"),
    ("tcp", "domestic"): ("tcp_accept", "domestic-tcp"),
}
_DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One listening socket of the lab's internet, with what is wrong with it (None: nothing)."""

    kind: str
    name: str
    address: str
    port: int
    transport: str
    fault: str | None

    def as_config(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "name": self.name,
            "address": self.address,
            "port": self.port,
            "transport": self.transport,
            "fault": self.fault,
        }


def zone() -> dict[str, list[str]]:
    """Every name that a resolver of the lab knows."""
    return {name: [address] for name, address in _ADDRESSES.items()}


def endpoints(scenario: Scenario) -> tuple[Endpoint, ...]:
    """Everything that listens in inet. Raises ScenarioError for a fault of a server that does not exist."""
    faults = {fault.name: fault.fault for fault in scenario.servers}
    played: dict[tuple[str, int, str], Endpoint] = {}
    for target in catalog.shipped():
        endpoint = _endpoint(target, faults)
        played.setdefault((endpoint.address, endpoint.port, endpoint.transport), endpoint)
    names = {endpoint.name for endpoint in played.values()}
    for name in faults:
        if name not in names:
            raise ScenarioError(
                f"{scenario.source}: no server is called {name!r} (there are: {', '.join(sorted(names))})"
            )
    return tuple(played.values())


def addresses() -> tuple[str, ...]:
    """Every public address that a server of the lab's internet binds."""
    return tuple(dict.fromkeys(_place(target) for target in catalog.shipped()))


def processes(scenario: Scenario, directory: Path, *, real_servers: bool) -> Sequence[Process]:
    """The servers to run, their configuration written into `directory`. With `real_servers`, coturn and unbound take
    the places of stand-ins where they are installed and nothing is wrong with the server they play."""
    world = endpoints(scenario)
    started: list[Process] = []
    left = list(world)
    if real_servers and which("turnserver"):
        healthy_stun = [one for one in left if one.kind == "stun" and one.fault is None]
        left = [one for one in left if one not in healthy_stun]
        started += _coturns(directory, healthy_stun)
    if real_servers and which("unbound"):
        healthy_dns = [one for one in left if one.kind == "dns" and one.fault is None]
        left = [one for one in left if one not in healthy_dns]
        started.append(_unbound(directory / "inet", "inet", [one.address for one in healthy_dns], Dns()))
    started.append(_stand_ins(directory / "inet", "inet", left, Dns(), scenario.seed))
    started.append(_own_resolver(directory / "isp", scenario, real_servers=real_servers))
    return started


def _own_resolver(directory: Path, scenario: Scenario, *, real_servers: bool) -> Process:
    """The provider's resolver, which the client is configured to ask."""
    dead = scenario.dns.resolver == "dead"
    if real_servers and not dead and which("unbound"):
        return _unbound(directory, "isp", [RESOLVER], scenario.dns)
    fault = "silent" if dead else None
    sockets = [Endpoint("dns", "own-resolver", RESOLVER, _DNS_PORT, way, fault) for way in ("udp", "tcp")]
    return _stand_ins(directory, "isp", sockets, scenario.dns, scenario.seed)


def _stand_ins(directory: Path, namespace: str, played: Sequence[Endpoint], dns: Dns, seed: int) -> Process:
    directory.mkdir(exist_ok=True)
    config = directory / "servers.json"
    content = {
        "seed": seed,
        "endpoints": [endpoint.as_config() for endpoint in played],
        "zone": zone(),
        "missing": list(dns.missing),
        "forged": dict(dns.forged),
    }
    config.write_text(json.dumps(content), encoding="utf-8")
    bound = [endpoint for endpoint in played if endpoint.fault != "refusing"]
    return Process(
        name=f"stand-ins-{namespace}",
        namespace=namespace,
        argv=(sys.executable, "-m", "callcheck.lab.servers", str(config)),
        ready_udp=_sockets(bound, "udp"),
        ready_tcp=_sockets(bound, "tcp"),
    )


def _coturns(directory: Path, played: Sequence[Endpoint]) -> list[Process]:
    by_port: dict[int, list[Endpoint]] = {}
    for endpoint in played:
        by_port.setdefault(endpoint.port, []).append(endpoint)
    return [
        Process(
            name=f"coturn-{port}",
            namespace="inet",
            argv=tuple(
                coturn_command(directory, port=port, addresses=[one.address for one in group], transports=("udp",))
            ),
            ready_udp=_sockets(group, "udp"),
        )
        for port, group in by_port.items()
    ]


def _unbound(directory: Path, namespace: str, listening: Sequence[str], dns: Dns) -> Process:
    directory.mkdir(exist_ok=True)
    known: Mapping[str, Sequence[str]] = zone()
    unique = list(dict.fromkeys(listening))
    return Process(
        name=f"unbound-{namespace}",
        namespace=namespace,
        argv=tuple(unbound_command(directory, addresses=unique, zone=known, missing=dns.missing, forged=dns.forged)),
        ready_udp=tuple((address, _DNS_PORT) for address in unique),
        ready_tcp=tuple((address, _DNS_PORT) for address in unique),
    )


def _sockets(played: Sequence[Endpoint], transport: str) -> tuple[tuple[str, int], ...]:
    return tuple((one.address, one.port) for one in played if one.transport == transport)


def _endpoint(target: Target, faults: Mapping[str, str]) -> Endpoint:
    kind, name = _PLAYED[(target.protocol, target.role)]
    if kind == "tcp_accept" and target.port == _DNS_PORT:
        kind, name = _PLAYED[("dns", target.role)]
    return Endpoint(kind, name, _place(target), target.port, target.transport, faults.get(name))


def _place(target: Target) -> str:
    return target.address or _ADDRESSES[target.host]
