"""Tells the frames by which neighbours on a link find each other from those that go further. Total: it never raises."""

from typing import Final

from callcheck.lab.wire.frames import is_ip

_ICMPV6: Final = 58
_NEIGHBOUR_TYPES: Final = range(133, 138)  # RFC 4861 section 4: solicitations, advertisements, redirect
_LISTENER_REPORT: Final = 0  # RFC 3810: a hop-by-hop header stands before it, which nothing else here has


def is_link_local_talk(frame: bytes) -> bool:
    """ARP and everything else that is not IP, IPv6 neighbour discovery, and IPv6 multicast listener reports."""
    if not is_ip(frame):
        return True
    if frame[12] != 0x86 or len(frame) < 55:
        return False
    return frame[20] == _LISTENER_REPORT or (frame[20] == _ICMPV6 and frame[54] in _NEIGHBOUR_TYPES)
