"""Opens the sockets that stand-ins listen on, also in other network namespaces."""

from __future__ import annotations

import importlib
import ipaddress
import socket
from functools import partial
from typing import Final

_BACKLOG: Final = 100


def open_socket(address: str, port: int, transport: str, namespace: str | None = None) -> socket.socket:
    """A bound non-blocking socket, which listens where the transport is not `udp`; OSError when the system refuses.

    `namespace` is the name of a network namespace below /run/netns; it is entered by a thread of its own.
    """
    open_here = partial(_open, address, port, is_stream=transport != "udp")
    if namespace is None:
        return open_here()
    # Only a lab has namespaces, and the module that knows them takes time to load.
    namespaces = importlib.import_module("callcheck.lab.namespaces")
    opened: socket.socket = namespaces.inside(namespace, open_here)
    return opened


def _open(address: str, port: int, *, is_stream: bool) -> socket.socket:
    family = socket.AF_INET if ipaddress.ip_address(address).version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM if is_stream else socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if is_stream:
            # Connections that are still being closed keep nobody from listening again.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        if is_stream:
            sock.listen(_BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock
