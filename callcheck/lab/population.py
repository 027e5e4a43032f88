"""The programs that play a scenario's servers: our own stand-ins, and coturn and unbound where they are installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from callcheck.lab import topology, world
from callcheck.lab.network_spec import Dns
from callcheck.lab.process import AUTHORITY, Listening, Process
from callcheck.lab.scenario import Scenario
from callcheck.lab.servers.real import coturn_command, unbound_command, which
from callcheck.lab.topology import ISP_RESOLVER, VPN_SERVER
from callcheck.lab.traffic_ends import traffic_ends
from callcheck.lab.tunnel import VPN_PORT
from callcheck.lab.world import Endpoint

_DNS_PORT: Final = 53
# Their libraries take longest to load: such servers have a process of their own, so that the others do not wait.
_SLOW: Final = "stand-ins-tls"
_SLOW_KINDS: Final = ("quic", "dtls", "http")


def processes(scenario: Scenario, directory: Path, *, real_servers: bool) -> Sequence[Process]:
    """What to run, its configuration written into `directory`.

    With `real_servers`, coturn and unbound take the places of stand-ins in inet where they are installed and nothing
    is wrong with the server they play.
    """
    started: list[Process] = []
    left = list(world.endpoints(scenario))
    if real_servers and which("turnserver"):
        played = [one for one in left if _is_plain(one) and one.kind in ("stun", "turn") and one.transport == "udp"]
        left = [one for one in left if one not in played]
        started += _coturns(directory, played)
    if real_servers and which("unbound"):
        played = [one for one in left if _is_plain(one) and one.kind == "dns" and one.transport != "tls"]
        left = [one for one in left if one not in played]
        started.append(_unbound(directory / "inet", "inet", [one.address for one in played], scenario, Dns()))
    slow = [one for one in left if one.transport == "tls" or one.kind in _SLOW_KINDS]
    quick = [one for one in left if one not in slow]
    started.append(_stand_ins(directory, "stand-ins", quick, scenario, Dns()))
    started.append(_stand_ins(directory, _SLOW, slow, scenario, Dns()))
    started.append(_own_resolver(directory, scenario, real_servers=real_servers))
    return [*started, *_movers(scenario, directory)]


def _is_plain(endpoint: Endpoint) -> bool:
    return endpoint.fault is None and endpoint.namespace == "inet" and ":" not in endpoint.address


def _own_resolver(directory: Path, scenario: Scenario, *, real_servers: bool) -> Process:
    """The provider's resolver, which the client is configured to ask."""
    dead = scenario.dns.resolver == "dead"
    if real_servers and not dead and which("unbound"):
        return _unbound(directory / "isp", "isp", [ISP_RESOLVER], scenario, scenario.dns)
    sockets = [
        Endpoint("dns", "own-resolver", ISP_RESOLVER, _DNS_PORT, way, "silent" if dead else None, "isp")
        for way in ("udp", "tcp")
    ]
    return _stand_ins(directory, "own-resolver", sockets, scenario, scenario.dns)


def _stand_ins(directory: Path, name: str, played: Sequence[Endpoint], scenario: Scenario, dns: Dns) -> Process:
    config = directory / f"{name}.json"
    content: dict[str, object] = {
        "seed": scenario.seed,
        "endpoints": [endpoint.as_config() for endpoint in played],
        "zone": world.zone(ipv6=scenario.topology.ipv6),
        "missing": list(dns.missing),
        "forged": dict(dns.forged),
    }
    is_slow = name == _SLOW
    if is_slow:  # one process alone vouches for the lab's servers: each would make an authority of its own
        content["certificates"] = str(directory)
    config.write_text(json.dumps(content), encoding="utf-8")
    # What loads quickly does so while the network is being made; what does not lets its first questions wait.
    argv = (sys.executable, "-P", "-m", "callcheck.lab.servers", "--open-first" if is_slow else "--wait", str(config))
    ready = _listening(one for one in played if one.fault != "refusing")
    writes = str(directory / AUTHORITY) if is_slow else None
    return Process(name, "inet", argv, ready, waits=not is_slow, writes=writes)


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
            ready=_listening(group),
        )
        for port, group in by_port.items()
    ]


def _unbound(directory: Path, namespace: str, listening: Sequence[str], scenario: Scenario, dns: Dns) -> Process:
    directory.mkdir(exist_ok=True)
    known: Mapping[str, Sequence[str]] = world.zone(ipv6=scenario.topology.ipv6)
    unique = list(dict.fromkeys(listening))
    return Process(
        name=f"unbound-{namespace}",
        namespace=namespace,
        argv=tuple(unbound_command(directory, addresses=unique, zone=known, missing=dns.missing, forged=dns.forged)),
        ready=tuple(Listening(way, address, _DNS_PORT) for address in unique for way in ("udp", "tcp")),
    )


def _listening(played: Iterable[Endpoint]) -> tuple[Listening, ...]:
    return tuple(
        Listening("udp" if one.transport == "udp" else "tcp", one.address, one.port, one.namespace) for one in played
    )


def _movers(scenario: Scenario, directory: Path) -> list[Process]:
    """What moves packets or changes the network during a run: other people's traffic, tunnels, new addresses."""
    movers: list[Process] = []
    if scenario.cross_traffic:
        config = directory / "traffic.json"
        config.write_text(json.dumps([asdict(end) for end in traffic_ends(scenario)]), encoding="utf-8")
        movers.append(_mover("traffic", "inet", str(config)))
    shape = scenario.topology
    if shape.has_tunnel:
        near = "client" if shape.tunnel else "cpe"
        routes = ["default"] if shape.tunnel else [str(prefix) for prefix in shape.tunnel_prefixes]
        ready = (Listening("udp", VPN_SERVER, VPN_PORT, "inet"),)
        gateway = topology.gateway_of(near, is_shared=shape.nat == "cgnat")
        movers.append(_mover("tunnel", near, near, gateway, *routes, ready=ready))
    spinning = (sys.executable, "-S", "-P", "-c", "while True: pass")
    movers += [Process(f"busy-{number}", "client", spinning) for number in range(shape.busy)]
    if shape.rebind_s is not None:
        movers.append(_mover("rebind", "cpe", str(shape.rebind_s), shape.nat, *(["portal"] if shape.portal else [])))
    return movers


def _mover(module: str, namespace: str, *arguments: str, ready: tuple[Listening, ...] = ()) -> Process:
    argv = (sys.executable, "-S", "-P", "-m", f"callcheck.lab.{module}", *arguments)
    return Process(module, namespace, argv, ready)
