"""Which way the system would send packets to an address, asked without sending any."""

from __future__ import annotations

import ipaddress
import socket
import struct
from pathlib import Path

from callcheck.api import Route
from callcheck.net.failures import failure_of
from callcheck.net.link import is_tunnel
from callcheck.words import Failure

_SIOCGIFADDR = 0x8915  # netdevice(7)
_IFREQ = struct.Struct("16s24x")
_ANY_PORT = 9


def route_to(address: str, root: Path = Path("/")) -> Route | Failure:
    """The interface whose address a packet to `address` would leave from, or why none would.

    A connected UDP socket sends nothing: the kernel only looks the route up and chooses the source address.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.connect((address, _ANY_PORT))
            local = str(one.getsockname()[0])
    except OSError as error:
        return failure_of(error)
    interface = _interface_v6(local, root) if family == socket.AF_INET6 else _interface_v4(local)
    return Route(interface, is_tunnel(interface, root) if interface else None)


def _interface_v4(local: str) -> str:
    """The interface that has this address, "" where the system does not tell."""
    try:
        import fcntl  # noqa: PLC0415 - not on every platform
    except ImportError:
        return ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(one.fileno(), _SIOCGIFADDR, _IFREQ.pack(name.encode()))
            except OSError:  # an interface without an address
                continue
            if socket.inet_ntoa(answer[20:24]) == local:
                return name
    return ""


def _interface_v6(local: str, root: Path) -> str:
    """The same from /proc/net/if_inet6: the address in 32 hex digits first, the interface last."""
    try:
        lines = (root / "proc/net/if_inet6").read_text(encoding="ascii").splitlines()
    except OSError:
        return ""
    wanted = f"{int(ipaddress.IPv6Address(local.partition('%')[0])):032x}"
    return next((fields[-1] for line in lines if (fields := line.split()) and fields[0] == wanted), "")
