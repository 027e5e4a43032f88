"""The plain controls, and start-up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.lab_servers.harness import Running, ask_udp, connection


@pytest.mark.parametrize("data", [b"x", bytes(range(256)) * 4])
def test_echo_gives_every_datagram_back(servers: Running, data: bytes) -> None:
    assert ask_udp(servers.place("echo"), data) == data


def test_tcp_accept_reads_and_closes_when_the_peer_does(servers: Running) -> None:
    with connection(servers.place("tcp_accept")) as sock:
        sock.sendall(b"x" * 100_000)
        sock.shutdown(1)
        assert sock.recv(100) == b""


HEAVY_KINDS = {"dtls", "quic", "telegram_dc"}
SLOW_LIBRARIES = {"OpenSSL", "aioquic", "cryptography", "h2", "httpx2"}


def test_slow_libraries_are_imported_only_by_the_kinds_that_need_them() -> None:
    program = (
        "import importlib, sys, callcheck.lab.servers.__main__\n"
        "from callcheck.lab.servers.config import KINDS\n"
        f"for kind in KINDS.keys() - {HEAVY_KINDS}:\n"
        "    importlib.import_module('callcheck.lab.servers.' + kind)\n"
        f"print(sorted({SLOW_LIBRARIES} & sys.modules.keys()))\n"
        "print(any(name.startswith(('callcheck.codec', 'callcheck.lab.namespaces')) for name in sys.modules))\n"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output == "[]\nFalse\n"
