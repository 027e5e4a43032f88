"""Runs stand-in servers as the lab does, in a process of their own, and talks to them over loopback."""

from __future__ import annotations

import json
import random
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from callcheck.lab.servers.responder import Address, Setting

PATIENCE_S = 10.0
"""How long a test waits for what must come; nothing is judged by it but that it came."""

NOW_UNIX_S = 1_700_000_000
SERVER: Address = ("198.51.100.7", 3478)
CLIENT: Address = ("203.0.113.9", 40000)


@dataclass(frozen=True, slots=True)
class Running:
    """A server process and where its endpoints listen."""

    process: subprocess.Popen[str]
    bound: Mapping[str, Sequence[Address]]

    def place(self, name: str, index: int = 0) -> Address:
        return self.bound[name][index]


def endpoint(
    kind: str, *, transport: str = "udp", fault: str | None = None, name: str | None = None
) -> dict[str, object]:
    """A configuration entry on a free loopback port; its name is the kind unless said."""
    return {
        "kind": kind,
        "name": name or kind,
        "address": "127.0.0.1",
        "port": 0,
        "transport": transport,
        "fault": fault,
    }


@contextmanager
def serving(directory: Path, endpoints: Sequence[dict[str, object]], **settings: object) -> Iterator[Running]:
    """Run the endpoints; at the end they must obey SIGTERM and must have complained of nothing."""
    config = directory / "servers.json"
    config.write_text(json.dumps({"seed": 7, "endpoints": endpoints, **settings}))
    process = start_servers(config)
    assert process.stdout is not None
    try:
        readable, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
        assert readable, "the servers never became ready"
        word, _, places = process.stdout.readline().strip().partition(" ")
        assert word == "ready"
        bound = {name: [(host, port) for host, port in at] for name, at in json.loads(places).items()}
        yield Running(process, bound)
    finally:
        process.terminate()
        _, complaints = process.communicate(timeout=PATIENCE_S)
    assert complaints == ""
    assert process.returncode == 0


def start_servers(config: Path) -> subprocess.Popen[str]:
    """The command that the lab runs."""
    return subprocess.Popen(
        [sys.executable, "-m", "callcheck.lab.servers", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def udp_socket() -> Iterator[socket.socket]:
    """A bound loopback socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(PATIENCE_S)
        yield sock


def ask_udp(place: Address, *requests: bytes) -> bytes:
    """Send the requests in order from one socket and return the first answer."""
    with udp_socket() as sock:
        for request in requests:
            sock.sendto(request, place)
        answer, source = sock.recvfrom(65536)
        assert source == place
        return answer


@contextmanager
def connection(place: Address) -> Iterator[socket.socket]:
    """A TCP connection."""
    with socket.create_connection(place, timeout=PATIENCE_S) as sock:
        yield sock


def read_exactly(sock: socket.socket, size_bytes: int) -> bytes:
    """That many bytes; fewer only when the peer closed."""
    data = b""
    while len(data) < size_bytes and (piece := sock.recv(size_bytes - len(data))):
        data += piece
    return data


def setting(
    *,
    local: Address = SERVER,
    names: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    monotonic_s: Callable[[], float] = lambda: 0.0,
) -> Setting:
    """A place for a responder without sockets, in which every clock stands still unless one is given."""
    return Setting(
        local=local,
        random=random.Random(1),
        names=names,
        unix_time_s=lambda: float(NOW_UNIX_S),
        monotonic_s=monotonic_s,
    )


def stun_attributes(message: bytes) -> list[tuple[int, bytes]]:
    """Types and values of a STUN message's attributes, in order."""
    attributes = []
    offset = 20
    while offset < len(message):
        kind, size = int.from_bytes(message[offset : offset + 2]), int.from_bytes(message[offset + 2 : offset + 4])
        attributes.append((kind, message[offset + 4 : offset + 4 + size]))
        offset += 4 + size + -size % 4
    return attributes
