"""The lab's network: namespaces, devices, addresses, routes, address translation and kernel settings.

    client --lan-- cpe --access-- isp --core-- transit --far-- inet

Every wire ends in the namespace `wire`, where the bridge joins its two devices. Servers stand in inet; domestic ones
stand in transit, behind the middlebox and before the border; those inside the provider stand in isp. What is to be done
is text made by pure functions; `build` does it, and needs the rights of the namespaces' owner.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from pathlib import Path
from typing import Final

from callcheck.lab import translation
from callcheck.lab.namespaces import NETNS_DIRECTORY, inside, run_with_input, set_to_first, switch_offloads_off

NAMESPACES: Final = ("client", "cpe", "isp", "transit", "inet", "wire")
ISP_RESOLVER: Final = "198.51.100.53"
HOME_NETWORK: Final = "192.168.1.0/24"
SHARED_NETWORK: Final = "100.64.7.0/30"  # between a home and a provider that translates (RFC 6598)
PORTAL_ADDRESS: Final = translation.PORTAL
VPN_SERVER: Final = "198.18.250.1"
VPN_NETWORK: Final = "192.0.2.0/24"  # what clients of the tunnel look like from outside
# Where no host may live.
INFRASTRUCTURE: Final = (HOME_NETWORK, SHARED_NETWORK, VPN_NETWORK, "198.51.100.0/24", "203.0.113.0/29")
SERVERS_IPV6: Final = "2001:db8:f::/96"  # every server's IPv4 address, as the last 32 bits
_ROUTERS: Final = ("cpe", "isp", "transit")


@dataclass(frozen=True, slots=True)
class Link:
    """One wire: the device on the client's side, the device on the other, each in its namespace."""

    wire: str
    near_namespace: str
    near_device: str
    far_namespace: str
    far_device: str

    @property
    def bridge_near(self) -> str:
        """The bridge's own device on the client's side."""
        return f"{self.wire}-near"

    @property
    def bridge_far(self) -> str:
        return f"{self.wire}-far"


@dataclass(frozen=True, slots=True)
class Shape:
    """What of the network differs from lab to lab; plain values, as they travel to the supervisor in JSON.

    `hosts` are the addresses that servers may bind, by namespace: any number, without a device for each (AnyIP).
    """

    nat: str = "cone"
    ipv6: bool = False
    tunnelled: Sequence[str] = ()  # prefixes that the home router sends through a tunnel
    tunnel: bool = False
    portal: bool = False
    domestic_only: bool = False
    icmp: str = "answers"
    icmp_ping: bool = True
    nat_sessions: int | None = None
    nat_idle_s: int | None = None
    rebinds: bool = False
    hosts: Mapping[str, Sequence[str]] = field(default_factory=dict)


# Names have three characters or more: iproute2 takes shorter ones for abbreviated keywords.
LINKS: Final = (
    Link("lan", "client", "eth0", "cpe", "lan0"),
    Link("access", "cpe", "wan0", "isp", "acc0"),
    Link("core", "isp", "core0", "transit", "core0"),
    Link("far", "transit", "far0", "inet", "far0"),
)
_ADDRESSES: Final = {
    "client": {"eth0": "192.168.1.10/24"},
    "cpe": {"lan0": "192.168.1.1/24", "wan0": "198.51.100.2/30"},
    "isp": {"acc0": "198.51.100.1/30", "core0": "203.0.113.1/30", "lo": f"{ISP_RESOLVER}/32"},
    "transit": {"core0": "203.0.113.2/30", "far0": "203.0.113.5/30"},
    "inet": {"far0": "203.0.113.6/30"},
    "wire": {},
}
_SHARED_ADDRESSES: Final = {("cpe", "wan0"): "100.64.7.2/30", ("isp", "acc0"): "100.64.7.1/30"}
_SHARED_GATEWAY: Final = "100.64.7.1"
_ROUTES: Final = {
    "client": {"default": "192.168.1.1"},
    "cpe": {"default": "198.51.100.1"},
    "isp": {"default": "203.0.113.2"},
    "transit": {"default": "203.0.113.6", "198.51.100.0/24": "203.0.113.1"},
    "inet": {"198.51.100.0/24": "203.0.113.5", "203.0.113.0/30": "203.0.113.5"},
    "wire": {},
}
_HOME_ROUTES: Final = {"isp": "198.51.100.2", "transit": "203.0.113.1", "inet": "203.0.113.5"}
_ADDRESSES_IPV6: Final = {
    "client": {"eth0": "2001:db8:1::10/64"},
    "cpe": {"lan0": "2001:db8:1::1/64", "wan0": "2001:db8:2::2/64"},
    "isp": {"acc0": "2001:db8:2::1/64", "core0": "2001:db8:3::1/64"},
    "transit": {"core0": "2001:db8:3::2/64", "far0": "2001:db8:4::1/64"},
    "inet": {"far0": "2001:db8:4::2/64"},
    "wire": {},
}
_ROUTES_IPV6: Final = {
    "client": {"::/0": "2001:db8:1::1"},
    "cpe": {"::/0": "2001:db8:2::1"},
    "isp": {"::/0": "2001:db8:3::2", "2001:db8:1::/64": "2001:db8:2::2"},
    "transit": {"::/0": "2001:db8:4::2", "2001:db8:1::/64": "2001:db8:3::1", "2001:db8:2::/64": "2001:db8:3::1"},
    "inet": {"2001:db8::/46": "2001:db8:4::1"},
    "wire": {},
}
# Settings that a namespace of an older kernel, or a kernel without IPv6, does not have.
_MAY_LACK: Final = (
    "ipv6/conf/all/disable_ipv6",
    "ipv6/ip_nonlocal_bind",
    "ipv6/icmp/ratelimit",
    "ipv4/icmp_msgs_per_sec",
    "ipv4/icmp_msgs_burst",
)


def creation_batch() -> str:
    """`ip -batch` text that makes all namespaces and the devices of all wires."""
    lines = [f"netns add {name}" for name in NAMESPACES]
    for link in LINKS:
        for namespace, device, peer in (
            (link.near_namespace, link.near_device, link.bridge_near),
            (link.far_namespace, link.far_device, link.bridge_far),
        ):
            lines.append(f"link add name {device} netns {namespace} type veth peer name {peer} netns wire")
    return "\n".join(lines) + "\n"


def namespace_batch(namespace: str, shape: Shape) -> str:
    """`ip -batch` text for the inside of one namespace: devices up, addresses, routes."""
    shared = _SHARED_ADDRESSES if shape.nat == "cgnat" else {}
    lines = [
        f"addr add {shared.get((namespace, device), address)} dev {device}"
        for device, address in _ADDRESSES[namespace].items()
    ]
    lines += [f"link set dev {device} up" for device in ("lo", *devices(namespace))]
    lines += [f"route add {prefix} via {gateway}" for prefix, gateway in _routes(namespace, shape).items()]
    hosts = shape.hosts.get(namespace, ())
    lines += [f"route add local {address}/32 dev lo" for address in hosts]
    if shape.ipv6:
        lines += _ipv6_lines(namespace, hosts)
    return "\n".join(lines) + "\n"


def _routes(namespace: str, shape: Shape) -> dict[str, str]:
    routes = dict(_ROUTES[namespace])
    if shape.nat == "cgnat" and namespace == "cpe":
        routes["default"] = _SHARED_GATEWAY
    if shape.nat == "none" and namespace in _HOME_ROUTES:
        routes[HOME_NETWORK] = _HOME_ROUTES[namespace]
    if shape.rebinds and namespace == "isp":
        routes[f"{translation.SECOND_PUBLIC_ADDRESS}/32"] = "198.51.100.2"
    if namespace == "inet":  # what stands in the provider is reached from abroad, too
        for near in ("transit", "isp"):
            routes |= {f"{address}/32": "203.0.113.5" for address in shape.hosts.get(near, ())}
    if namespace == "transit":
        routes |= {f"{address}/32": "203.0.113.1" for address in shape.hosts.get("isp", ())}
    return routes


def _ipv6_lines(namespace: str, hosts: Iterable[str]) -> list[str]:
    lines = [f"addr add {address} dev {device} nodad" for device, address in _ADDRESSES_IPV6[namespace].items()]
    lines += [f"route add {prefix} via {gateway}" for prefix, gateway in _ROUTES_IPV6[namespace].items()]
    lines += [f"route add local {ipv6_of(host)}/128 dev lo" for host in hosts]
    return lines


def ipv6_of(host: str) -> str:
    """The IPv6 address of the server that has this IPv4 address."""
    network = IPv6Address(SERVERS_IPV6.partition("/")[0])
    return str(IPv6Address(int(network) + int(IPv4Address(host))))


def tables(namespace: str, shape: Shape) -> str:
    """The nft rules of one namespace; empty where it has none."""
    if namespace == "cpe":
        ipv6 = translation.home_table_ipv6(portal=shape.portal) if shape.ipv6 else ""
        return translation.home_table(shape.nat, portal=shape.portal) + ipv6
    if namespace == "isp":
        provider = translation.provider_table(shape.nat, sessions=shape.nat_sessions)
        return provider + translation.icmp_table(shape.icmp)
    if namespace == "transit":
        return translation.border_table(domestic_only=shape.domestic_only) + translation.icmp_table(shape.icmp)
    return ""


def settings(namespace: str, shape: Shape) -> dict[str, tuple[str, ...]]:
    """Kernel settings of one namespace below /proc/sys/net: for each, the values to try in turn."""
    limited = shape.icmp == "limited" and namespace in ("isp", "transit")
    pins: dict[str, tuple[str, ...]] = {
        "ipv4/conf/all/rp_filter": ("0",),
        "ipv4/conf/default/rp_filter": ("0",),
        "ipv4/tcp_congestion_control": ("reno",),  # BBR, a common default, empties the queues we want to see
        "ipv6/conf/all/disable_ipv6": ("0" if shape.ipv6 and namespace != "wire" else "1",),
        "ipv4/icmp_ratelimit": ("1000" if limited else "0",),  # Linux's own default, one a second to each address
        "ipv4/icmp_msgs_per_sec": ("1000000",),
        "ipv4/icmp_msgs_burst": ("100000",),
    }
    if shape.ipv6:
        # Its own first address would be checked for a second, and the first packets would wait for it.
        pins |= {f"ipv6/conf/{device}/accept_dad": ("0",) for device in devices(namespace)}
        pins |= {
            "ipv6/ip_nonlocal_bind": ("1",),
            "ipv6/icmp/ratelimit": ("1000" if limited else "0",),
        }
    if namespace in _ROUTERS:
        pins["ipv4/ip_forward"] = ("1",)
        if shape.ipv6:
            pins["ipv6/conf/all/forwarding"] = ("1",)
    if namespace == "inet" and (shape.tunnel or shape.tunnelled):
        pins["ipv4/ip_forward"] = ("1",)
    if namespace == "client" and shape.icmp_ping:
        # Inside a user namespace only the one group that is mapped may be named.
        pins["ipv4/ping_group_range"] = ("0 2147483647", "0 0")
    return pins


def late_settings(namespace: str, shape: Shape) -> dict[str, tuple[str, ...]]:
    """Settings that exist only once nft's translation is there."""
    if shape.nat_idle_s is None or namespace != "cpe":
        return {}
    seconds = (str(shape.nat_idle_s),)
    return {"netfilter/nf_conntrack_udp_timeout": seconds, "netfilter/nf_conntrack_udp_timeout_stream": seconds}


def devices(namespace: str) -> tuple[str, ...]:
    if namespace == "wire":
        return tuple(device for link in LINKS for device in (link.bridge_near, link.bridge_far))
    near = [link.near_device for link in LINKS if link.near_namespace == namespace]
    far = [link.far_device for link in LINKS if link.far_namespace == namespace]
    return (*far, *near)


def address_of(namespace: str, device: str, *, is_shared: bool) -> str:
    """The IPv4 address of a device; `is_shared` where the home has an address of the provider's own network."""
    written = _ADDRESSES[namespace][device]
    if is_shared:
        written = _SHARED_ADDRESSES.get((namespace, device), written)
    return written.partition("/")[0]


def gateway_of(namespace: str, *, is_shared: bool) -> str:
    """The next router of the client or the home."""
    return _SHARED_GATEWAY if is_shared and namespace == "cpe" else _ROUTES[namespace]["default"]


def can_be_host(address: IPv4Address) -> bool:
    """Whether a server may have the address: it is no router's, and no group, net or loopback."""
    odd = address.is_multicast or address.is_unspecified or address.is_loopback or address.is_reserved
    return not odd and not any(address in IPv4Network(network) for network in INFRASTRUCTURE)


def checked_hosts(hosts: Iterable[str]) -> tuple[str, ...]:
    """The addresses, each once. Raises ValueError for one that is not IPv4 or belongs to the lab's own routers."""
    checked = dict.fromkeys(IPv4Address(host) for host in hosts)
    for address in checked:
        for network in INFRASTRUCTURE:
            if address in IPv4Network(network):
                raise ValueError(f"{address} lies in {network}, which the lab's own routers use")
    return tuple(str(address) for address in checked)


def build(shape: Shape) -> None:
    """Make the whole network in the namespaces of this process. Raises OSError or subprocess.CalledProcessError."""
    NETNS_DIRECTORY.mkdir(parents=True, exist_ok=True)
    run_with_input(["ip", "-batch", "-"], creation_batch())
    for namespace in NAMESPACES:
        inside(namespace, partial(_furnish, namespace, shape))


def _furnish(namespace: str, shape: Shape) -> None:
    _set_all(settings(namespace, shape))
    switch_offloads_off(devices(namespace))
    run_with_input(["ip", "-batch", "-"], namespace_batch(namespace, shape))
    if rules := tables(namespace, shape):
        run_with_input(["nft", "-f", "-"], rules)
    _set_all(late_settings(namespace, shape))


def _set_all(pins: Mapping[str, Sequence[str]]) -> None:
    for name, values in pins.items():
        path = Path("/proc/sys/net", name)
        if name not in _MAY_LACK or path.exists():
            set_to_first(path, values)
