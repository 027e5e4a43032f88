"""Where the two ends of other people's traffic stand in the lab's network. Pure."""

from dataclasses import dataclass
from typing import Final

from callcheck.lab import topology
from callcheck.lab.network_spec import CrossTraffic
from callcheck.lab.scenario import Scenario

_FIRST_PORT: Final = 5001


@dataclass(frozen=True, slots=True)
class TrafficEnds:
    """One stream of traffic: `is_up` sends from the near end. Exactly one of the rates is set."""

    near_namespace: str
    far_namespace: str
    far_address: str
    port: int
    is_up: bool
    tcp_flows: int | None
    rate_kbps: float | None
    on_s: float
    off_s: float


def traffic_ends(scenario: Scenario) -> tuple[TrafficEnds, ...]:
    """The streams of a scenario. Without prefixes both ends are the routers at the wire, so that no other wire sees
    the traffic; with them the far end is a host in inet."""
    is_shared = scenario.topology.nat == "cgnat"
    return tuple(
        _ends(traffic, _FIRST_PORT + number, is_shared=is_shared)
        for number, traffic in enumerate(scenario.cross_traffic)
    )


def _ends(traffic: CrossTraffic, port: int, *, is_shared: bool) -> TrafficEnds:
    (link,) = (link for link in topology.LINKS if link.wire == traffic.wire)
    far_namespace = link.far_namespace
    far_address = topology.address_of(link.far_namespace, link.far_device, is_shared=is_shared)
    if traffic.far_host is not None:
        far_namespace, far_address = "inet", str(traffic.far_host)
    return TrafficEnds(
        near_namespace=link.near_namespace,
        far_namespace=far_namespace,
        far_address=far_address,
        port=port,
        is_up=traffic.direction == "up",
        tcp_flows=traffic.tcp_flows,
        rate_kbps=traffic.rate_kbps,
        on_s=traffic.on_s,
        off_s=traffic.off_s,
    )
