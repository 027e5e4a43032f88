"""What a scenario says beside its wires (DESIGN 5.6): the network's shape, its resolver, its servers, other traffic."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address
from typing import Final

from callcheck.lab.wire.spec import WIRES
from callcheck.lab.wire.spec_rule import DIRECTIONS
from callcheck.lab.wire.strict import Network, Table, shown

NATS: Final = ("cone", "full_cone", "restricted", "symmetric", "cgnat", "none")
ICMP_MANNERS: Final = ("answers", "limited", "withheld")
_HOST_OF_PREFIX: Final = 250  # counted from the prefix's first address
RESOLVERS: Final = ("honest", "forging", "dead", "missing")
_HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
FAULTS: Final = ("silent", "refusing", "slow", "garbage", "rate_limited")


@dataclass(frozen=True, slots=True)
class Topology:
    """The network between the client and the servers.

    `access` names a profile of `profiles.toml` whose entries are added to the wires. `nat_sessions` is how many UDP
    flows the provider's translator carries at a time, `nat_idle_s` after what silence a home router forgets a UDP flow,
    `rebind_s` how often the home gets another public address. `tunnel_prefixes` go through a tunnel of the home
    router's, unseen by the client. `inside` names servers, or hosts, that stand inside the provider. `icmp` is how the
    provider's routers report packets that they cannot forward. `busy` is how many programs on the client's computer do
    nothing but compute.
    """

    nat: str = "cone"
    access: str | None = None
    ipv6: bool = False
    tunnel: bool = False
    tunnel_prefixes: tuple[Network, ...] = ()
    domestic_only: bool = False
    portal: bool = False
    inside: tuple[str, ...] = ()
    icmp: str = "answers"
    nat_sessions: int | None = None
    nat_idle_s: int | None = None
    rebind_s: float | None = None
    busy: int = 0

    @property
    def has_tunnel(self) -> bool:
        """Whether some packets go through a tunnel, the client's or the router's."""
        return self.tunnel or bool(self.tunnel_prefixes)


@dataclass(frozen=True, slots=True)
class Dns:
    """What the client's own resolver does."""

    resolver: str = "honest"
    missing: tuple[str, ...] = ()
    forged: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServerFault:
    """A server, by its name in the lab's world, that is silent, refusing, slow, limits its rate or sends garbage.

    With `addresses` only these of its addresses do so.
    """

    name: str
    fault: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CrossTraffic:
    """Other people's packets on one wire: bulk TCP flows, or UDP at a rate; for ever, or on and off.

    With `prefixes` the far end has an address of the first of them, and lives beyond all wires.
    """

    wire: str
    direction: str
    tcp_flows: int | None = None
    rate_kbps: float | None = None
    on_s: float = 0.0
    off_s: float = 0.0
    prefixes: tuple[Network, ...] = ()

    @property
    def far_host(self) -> IPv4Address | None:
        """The far end's address where it is a host and no router, away from everybody else who lives there."""
        if not self.prefixes:
            return None
        network = self.prefixes[0]
        return IPv4Address(int(network.network_address) + min(_HOST_OF_PREFIX, network.num_addresses - 1))


def read_topology(table: Table | None, profiles: Mapping[str, object]) -> Topology:
    """Raises RefusedError; `profiles` are the access lines that are known by name."""
    if table is None:
        return Topology()
    topology = Topology(
        nat=table.word("nat", NATS) or "cone",
        access=table.word("access", profiles),
        ipv6=table.flag("ipv6"),
        tunnel=table.flag("tunnel"),
        tunnel_prefixes=table.networks("tunnel_prefixes"),
        domestic_only=table.flag("domestic_only"),
        portal=table.flag("portal"),
        inside=table.texts("inside"),
        icmp=table.word("icmp", ICMP_MANNERS) or "answers",
        nat_sessions=table.whole("nat_sessions", low=1, high=1_000_000),
        nat_idle_s=table.whole("nat_idle_s", low=1, high=86_400),
        rebind_s=table.number("rebind_s", low=1, high=86_400),
        busy=table.whole("busy", high=64) or 0,
    )
    table.close()
    _check_topology(table, topology)
    return topology


def _check_topology(table: Table, topology: Topology) -> None:
    if topology.nat_sessions is not None and topology.nat != "cgnat":
        raise table.refuse("nat_sessions", 'the sessions of nat = "cgnat" are counted')
    for key in ("nat_idle_s", "rebind_s", "portal"):
        if getattr(topology, key) and topology.nat == "none":
            raise table.refuse(key, 'nat = "none" translates nothing')
    if topology.rebind_s and topology.nat == "cgnat":
        raise table.refuse("rebind_s", 'behind nat = "cgnat" the address is the provider\'s')
    if topology.tunnel_prefixes and topology.nat == "none":
        raise table.refuse(
            "tunnel_prefixes", 'the router\'s tunnel has one address, and nat = "none" translates nothing'
        )
    if topology.tunnel and topology.tunnel_prefixes:
        raise table.refuse("tunnel_prefixes", "tunnel = true takes everything already")
    if any(network.version == 6 for network in topology.tunnel_prefixes):
        raise table.refuse("tunnel_prefixes", "the tunnel carries IPv4 alone")


def read_dns(table: Table | None) -> Dns:
    """Raises RefusedError."""
    if table is None:
        return Dns()
    resolver = table.word("resolver", RESOLVERS) or "honest"
    missing = tuple(_host_name(table, "missing", name) for name in table.texts("missing"))
    forged = _read_forged(table.table("forged"))
    table.close()
    for key, names, kind in (("missing", missing, "missing"), ("forged", forged, "forging")):
        if bool(names) != (resolver == kind):
            raise table.refuse(key, f"{key} and resolver = {shown(kind)} belong together")
    return Dns(resolver, missing, forged)


def _read_forged(table: Table | None) -> dict[str, str]:
    forged: dict[str, str] = {}
    for key in table.left() if table else ():
        assert table is not None
        address = table.needed(key, table.text(key))
        name = _host_name(table, key, key)
        try:
            forged[name] = str(ip_address(address))
        except ValueError:
            raise table.refuse(key, f"an address is wanted, not {shown(address)}") from None
    return forged


def read_servers(table: Table) -> tuple[ServerFault, ...]:
    """Raises RefusedError."""
    faults: dict[str, ServerFault] = {}
    for server in table.tables("server"):
        fault = ServerFault(
            name=server.needed("name", server.text("name")),
            fault=server.needed("fault", server.word("fault", FAULTS)),
            addresses=server.texts("addresses"),
        )
        server.close()
        if fault.name in faults:
            raise server.refuse("name", f"{shown(fault.name)} has a fault already")
        faults[fault.name] = fault
    return tuple(faults.values())


def read_cross_traffic(table: Table) -> tuple[CrossTraffic, ...]:
    """Raises RefusedError."""
    return tuple(_read_traffic(entry) for entry in table.tables("cross_traffic"))


def _read_traffic(table: Table) -> CrossTraffic:
    traffic = CrossTraffic(
        wire=table.needed("wire", table.word("wire", WIRES)),
        direction=table.needed("direction", table.word("direction", DIRECTIONS)),
        tcp_flows=table.whole("tcp_flows", low=1, high=64),
        rate_kbps=table.number("rate_kbps", low=1, high=100_000),
        on_s=table.number("on_s", low=0.01, high=86_400) or 0.0,
        off_s=table.number("off_s", low=0.01, high=86_400) or 0.0,
        prefixes=table.networks("prefixes"),
    )
    table.close()
    if (traffic.tcp_flows is None) == (traffic.rate_kbps is None):
        raise table.refuse("tcp_flows", "exactly one of tcp_flows and rate_kbps is wanted")
    if bool(traffic.on_s) != bool(traffic.off_s):
        raise table.refuse("on_s", "on_s and off_s belong together")
    if traffic.prefixes and traffic.prefixes[0].version == 6:
        raise table.refuse("prefixes", "other traffic goes over IPv4")
    return traffic


def _host_name(table: Table, key: str, name: str) -> str:
    """A host name in lower case and without a final dot. It goes into other programs' configuration."""
    plain = name.lower().rstrip(".")
    if not _HOST_NAME.fullmatch(plain):
        raise table.refuse(key, f"a host name is wanted, not {shown(name)}")
    return plain
