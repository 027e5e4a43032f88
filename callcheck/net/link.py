"""The way out, as the system describes it: default route, interface, tunnel, resolvers (Linux; None elsewhere)."""

from __future__ import annotations

import ipaddress
import struct
from pathlib import Path

from callcheck.api import LinkState

# ARPHRD_* of interfaces that carry packets inside packets: tun and WireGuard, PPP, IPIP, SIT, GRE (if_arp.h).
_TUNNEL_TYPES = {65534, 512, 768, 776, 778}
_ROUTE_UP, _ROUTE_REJECT = 0x1, 0x200


def link_state(root: Path = Path("/")) -> LinkState:
    """Read what /proc and /sys tell; `root` is another tree in tests."""
    table = _read(root / "proc/net/route")
    resolvers = parse_resolvers(_read(root / "etc/resolv.conf") or "")
    if table is None:
        return LinkState(None, "", "", None, None, resolvers)
    found = parse_default_route(table)
    by_ipv6 = parse_default_interface_v6(_read(root / "proc/net/ipv6_route") or "")
    if found is None:
        if not by_ipv6:
            return LinkState(False, "", "", False, None, resolvers, ipv6=False)
        found = (by_ipv6, "")
    interface, gateway = found
    device = root / "sys/class/net" / interface
    return LinkState(
        default_route=True,
        gateway=gateway,
        interface=interface,
        tunnel=is_tunnel(interface, root),
        wireless=(device / "wireless").exists() if device.exists() else None,
        resolvers=resolvers,
        ipv6=bool(by_ipv6),
    )


def parse_default_route(table: str) -> tuple[str, str] | None:
    """Interface and gateway ("" on a link without one) of the best default route in /proc/net/route."""
    best: tuple[int, str, str] | None = None
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or fields[1] != "00000000" or fields[7] != "00000000":
            continue
        try:
            flags, metric = int(fields[3], 16), int(fields[6])
            gateway = str(ipaddress.IPv4Address(struct.pack("<I", int(fields[2], 16))))
        except (ValueError, struct.error):
            continue
        if flags & _ROUTE_UP and not flags & _ROUTE_REJECT and (best is None or metric < best[0]):
            best = (metric, fields[0], "" if gateway == "0.0.0.0" else gateway)  # noqa: S104 - "no gateway", not a bind
    return None if best is None else best[1:]


def parse_default_interface_v6(table: str) -> str:
    """The interface of an IPv6 default route in /proc/net/ipv6_route, "" for none."""
    for line in table.splitlines():
        fields = line.split()
        if len(fields) < 10 or fields[0] != "0" * 32 or fields[1] != "00":
            continue
        try:
            flags = int(fields[8], 16)
        except ValueError:
            continue
        if flags & _ROUTE_UP and not flags & _ROUTE_REJECT:
            return fields[9]
    return ""


def parse_resolvers(text: str) -> tuple[str, ...]:
    """The `nameserver` addresses of a resolv.conf, in order; anything that is no address is left out."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            try:
                found.append(str(ipaddress.ip_address(words[1].split("%")[0])))
            except ValueError:
                continue
    return tuple(found)


def is_tunnel(interface: str, root: Path = Path("/")) -> bool | None:
    """Whether an interface carries packets inside packets; None where the system does not tell."""
    device = root / "sys/class/net" / interface
    kind = _read(device / "type")
    if kind is None or not kind.strip().isdigit():
        return None
    return int(kind) in _TUNNEL_TYPES or (device / "tun_flags").exists()


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
