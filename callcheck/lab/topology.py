"""The lab's network: namespaces, devices, addresses, routes, address translation and kernel settings.

    client --lan-- cpe --access-- isp --core-- transit --far-- inet

Every wire ends in the namespace `wire`, where the bridge joins its two devices. What is to be done is text made by
pure functions; `build` does it, and needs the rights of the namespaces' owner.
"""

import ctypes
import errno
import fcntl
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

NAMESPACES: Final = ("client", "cpe", "isp", "transit", "inet", "wire")
NETNS_DIRECTORY: Final = Path("/run/netns")
ISP_RESOLVER: Final = "198.51.100.53"
HOME_NETWORK: Final = "192.168.1.0/24"
INFRASTRUCTURE: Final = (HOME_NETWORK, "198.51.100.0/24", "203.0.113.0/29")  # where no host of inet may live
_ROUTERS: Final = ("cpe", "isp", "transit")
_CLONE_NEWNET: Final = 0x40000000  # linux/sched.h
_SIOCETHTOOL: Final = 0x8946  # linux/sockios.h
# linux/ethtool.h: receive and transmit checksums, scatter-gather, TSO, GSO, GRO. A bridge in user space would see
# packets larger than the wire carries and checksums that nobody finished.
_OFFLOADS_OFF: Final = (0x15, 0x17, 0x19, 0x1F, 0x24, 0x2C)


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
_ROUTES: Final = {
    "client": {"default": "192.168.1.1"},
    "cpe": {"default": "198.51.100.1"},
    "isp": {"default": "203.0.113.2"},
    "transit": {"default": "203.0.113.6", "198.51.100.0/24": "203.0.113.1"},
    "inet": {"198.51.100.0/24": "203.0.113.5", "203.0.113.0/30": "203.0.113.5"},
    "wire": {},
}
# Settings that a namespace of an older kernel, or a kernel without IPv6, does not have.
_MAY_LACK: Final = ("ipv6/conf/all/disable_ipv6", "ipv4/icmp_msgs_per_sec", "ipv4/icmp_msgs_burst")
_HOME_ROUTES: Final = {"isp": "198.51.100.2", "transit": "203.0.113.1", "inet": "203.0.113.5"}


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


def namespace_batch(namespace: str, *, nat: str, hosts: Iterable[str]) -> str:
    """`ip -batch` text for the inside of one namespace: devices up, addresses, routes.

    `hosts` are the public addresses that servers in inet may bind: any number, without a device for each (AnyIP).
    """
    lines = [f"addr add {address} dev {device}" for device, address in _ADDRESSES[namespace].items()]
    lines += [f"link set dev {device} up" for device in ("lo", *devices(namespace))]
    lines += [f"route add {prefix} via {gateway}" for prefix, gateway in _ROUTES[namespace].items()]
    if nat == "none" and namespace in _HOME_ROUTES:
        lines.append(f"route add {HOME_NETWORK} via {_HOME_ROUTES[namespace]}")
    if namespace == "inet":
        lines += [f"route add local {address}/32 dev lo" for address in hosts]
    return "\n".join(lines) + "\n"


def nat_table(nat: str) -> str:
    """The home router's nft rules; empty where it translates nothing. `cone`: facts/lab.md 1, first row."""
    if nat == "none":
        return ""
    # A newline must stand before each closing brace (facts/lab.md 5).
    chain = 'chain leave {\n  type nat hook postrouting priority 100\n  oifname "wan0" masquerade\n }'
    return f"table ip home {{\n {chain}\n}}\n"


def settings(namespace: str, *, icmp_ping: bool) -> dict[str, tuple[str, ...]]:
    """Kernel settings of one namespace below /proc/sys/net: for each, the values to try in turn."""
    pins: dict[str, tuple[str, ...]] = {
        "ipv4/conf/all/rp_filter": ("0",),
        "ipv4/conf/default/rp_filter": ("0",),
        "ipv4/tcp_congestion_control": ("reno",),  # BBR, a common default, empties the queues we want to see
        "ipv6/conf/all/disable_ipv6": ("1",),
        "ipv4/icmp_ratelimit": ("0",),
        "ipv4/icmp_msgs_per_sec": ("1000000",),
        "ipv4/icmp_msgs_burst": ("100000",),
    }
    if namespace in _ROUTERS:
        pins["ipv4/ip_forward"] = ("1",)
    if namespace == "client" and icmp_ping:
        # Inside a user namespace only the one group that is mapped may be named.
        pins["ipv4/ping_group_range"] = ("0 2147483647", "0 0")
    return pins


def devices(namespace: str) -> tuple[str, ...]:
    if namespace == "wire":
        return tuple(device for link in LINKS for device in (link.bridge_near, link.bridge_far))
    near = [link.near_device for link in LINKS if link.near_namespace == namespace]
    far = [link.far_device for link in LINKS if link.far_namespace == namespace]
    return (*far, *near)


def checked_hosts(hosts: Sequence[str]) -> tuple[str, ...]:
    """The addresses, each once. Raises ValueError for one that is not IPv4 or belongs to the lab's own routers."""
    checked = dict.fromkeys(IPv4Address(host) for host in hosts)
    for address in checked:
        for network in INFRASTRUCTURE:
            if address in IPv4Network(network):
                raise ValueError(f"{address} lies in {network}, which the lab's own routers use")
    return tuple(str(address) for address in checked)


def build(*, nat: str, hosts: Sequence[str], icmp_ping: bool) -> None:
    """Make the whole network in the namespaces of this process. Raises OSError or subprocess.CalledProcessError."""
    NETNS_DIRECTORY.mkdir(parents=True, exist_ok=True)
    run_with_input(["ip", "-batch", "-"], creation_batch())
    for namespace in NAMESPACES:
        batch = namespace_batch(namespace, nat=nat, hosts=hosts)
        inside(namespace, partial(_furnish, namespace, batch, icmp_ping))
    if rules := nat_table(nat):
        inside("cpe", lambda: run_with_input(["nft", "-f", "-"], rules))


def inside(namespace: str, action: Callable[[], T]) -> T:
    """Call something in a network namespace: in a thread of its own, so that this thread stays where it is.

    A process that the action starts lives in that namespace.
    """
    results: list[T] = []
    problems: list[BaseException] = []

    def enter() -> None:
        try:
            _set_namespace(NETNS_DIRECTORY / namespace)
            results.append(action())
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=enter, name=f"in {namespace}")
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
    return results[0]


def run_with_input(command: Sequence[str], text: str) -> None:
    """Run a program that must succeed; raises subprocess.CalledProcessError with its stderr."""
    subprocess.run(command, input=text, text=True, capture_output=True, check=True)


def _set_namespace(path: Path) -> None:
    # os.setns came with Python 3.12.
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns", str(path))
    finally:
        os.close(descriptor)


def _furnish(namespace: str, batch: str, icmp_ping: bool) -> None:
    for name, values in settings(namespace, icmp_ping=icmp_ping).items():
        path = Path("/proc/sys/net", name)
        if name not in _MAY_LACK or path.exists():
            _set_to_first(path, values)
    _switch_offloads_off(devices(namespace))
    run_with_input(["ip", "-batch", "-"], batch)


def _set_to_first(path: Path, values: Sequence[str]) -> None:
    """Write the first value that the kernel takes; raises the last refusal."""
    for value in values[:-1]:
        try:
            path.write_text(value, encoding="ascii")
        except OSError:
            continue
        return
    path.write_text(values[-1], encoding="ascii")


def _switch_offloads_off(names: Iterable[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for name in names:
            for command in _OFFLOADS_OFF:
                value = ctypes.create_string_buffer(struct.pack("II", command, 0))
                request = struct.pack("16sP", name.encode(), ctypes.addressof(value))
                try:
                    fcntl.ioctl(any_socket, _SIOCETHTOOL, request)
                except OSError as problem:
                    if problem.errno != errno.EOPNOTSUPP:
                        raise
