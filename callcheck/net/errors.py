"""ICMP errors read from a socket's error queue, without privileges (Linux `IP_RECVERR`, see ip(7)).

Layout of `sock_extended_err`, as tried in the lab: errno u32, origin u8, type u8, code u8, pad, info u32, data u32,
then the sockaddr of the hop that sent the error.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
import sys

from callcheck.api import IcmpError
from callcheck.net.clock import Clock
from callcheck.words import Failure

IP_RECVERR = 11
IPV6_RECVERR = 25
_MSG_ERRQUEUE = 0x2000
_ORIGIN_ICMP, _ORIGIN_ICMP6 = 2, 3
_EXTENDED_ERROR = struct.Struct("=IBBBxII")
_TIME_EXCEEDED = {(_ORIGIN_ICMP, 11), (_ORIGIN_ICMP6, 3)}
_PORT_UNREACHABLE = {(_ORIGIN_ICMP, 3, 3), (_ORIGIN_ICMP6, 1, 4)}

supported = sys.platform == "linux"


def ask_for_errors(sock: socket.socket) -> None:
    """Have the kernel queue ICMP errors for this socket, where it can."""
    if not supported:
        return
    with contextlib.suppress(OSError):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


def set_ttl(sock: socket.socket, ttl: int) -> None:
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)


def next_error(sock: socket.socket, clock: Clock) -> IcmpError | None:
    """The oldest queued ICMP error; None when the queue is empty or this system has none."""
    if not supported:
        return None
    try:
        _, ancillary, _, _ = sock.recvmsg(512, 512, _MSG_ERRQUEUE)
    except OSError:
        return None
    for level, kind, data in ancillary:
        if (level, kind) in {(socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)}:
            return parse_extended_error(data, clock.now_us())
    return IcmpError(Failure.other, "", -1, -1, clock.now_us())


def parse_extended_error(data: bytes, received_us: int) -> IcmpError:
    """Reads `sock_extended_err` and the hop behind it; what is cut short becomes `Failure.other`."""
    if len(data) < _EXTENDED_ERROR.size:
        return IcmpError(Failure.other, "", -1, -1, received_us)
    _, origin, icmp_type, icmp_code, _, _ = _EXTENDED_ERROR.unpack_from(data)
    if origin not in {_ORIGIN_ICMP, _ORIGIN_ICMP6}:
        return IcmpError(Failure.other, "", -1, -1, received_us)
    if (origin, icmp_type, icmp_code) in _PORT_UNREACHABLE:
        failure = Failure.refused
    elif (origin, icmp_type) in _TIME_EXCEEDED:
        failure = Failure.expired
    else:
        failure = Failure.host_unreachable
    return IcmpError(failure, _hop(data[_EXTENDED_ERROR.size :]), icmp_type, icmp_code, received_us)


def _hop(sockaddr: bytes) -> str:
    if len(sockaddr) < 8:
        return ""
    family = struct.unpack_from("=H", sockaddr)[0]
    if family == socket.AF_INET:
        return str(ipaddress.IPv4Address(sockaddr[4:8]))
    if family == socket.AF_INET6 and len(sockaddr) >= 24:
        return str(ipaddress.IPv6Address(sockaddr[8:24]))
    return ""
