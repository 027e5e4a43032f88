"""Runs the programs that stand-ins stand in for, on loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from callcheck.lab.servers.real import coturn_command
from callcheck.lab.servers.responder import Address
from tests.lab_servers.harness import PATIENCE_S

BINDING = bytes.fromhex("000100002112a442") + bytes(range(12))


@contextmanager
def running(command: list[str], ready: bytes, place: Address, log: Path) -> Iterator[None]:
    """A real server that answers `ready` on UDP when it is up."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        give_up_s = time.monotonic() + PATIENCE_S
        while _first_answer(place, ready, patience_s=0.1) is None:
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < give_up_s, log.read_text(errors="replace")
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _first_answer(place: Address, request: bytes, *, patience_s: float) -> bytes | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(patience_s)
        sock.connect(place)
        if sock.getsockname() == place:  # the system may give this very port to us, and we would answer ourselves
            return None
        try:
            sock.send(request)
            return sock.recv(2048)
        except (TimeoutError, ConnectionRefusedError):
            return None


def free_port() -> int:
    """A port that UDP and TCP both have free on loopback."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp, suppress(OSError):
            udp.bind(("127.0.0.1", 0))
            port: int = udp.getsockname()[1]
            tcp.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@contextmanager
def coturn(directory: Path, *, other_port: int | None = None) -> Iterator[Address]:
    """coturn on 127.0.0.1 and 127.0.0.2, with peers on loopback allowed, and NAT discovery where a port is given."""
    place = ("127.0.0.1", free_port())
    command = coturn_command(
        directory,
        port=place[1],
        addresses=[place[0], "127.0.0.2"],
        transports=["udp", "tcp"],
        other_port=other_port,
        allow_loopback_peers=True,
    )
    with running(command, BINDING, place, directory / "coturn.log"):
        yield place
