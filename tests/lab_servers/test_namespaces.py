"""Endpoints that live in other network namespaces than their process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from callcheck.lab import supervisor
from callcheck.lab.lab import Lab
from tests.lab_servers.harness import PATIENCE_S

# Two servers on one address and port in two namespaces, of which the process itself lives in neither: whoever asks is
# answered by the one of his own namespace, which says so by the name it knows.
_PROGRAM = """
import asyncio, socket
from callcheck.lab.namespaces import inside
from callcheck.lab.servers.config import parse_config
from callcheck.lab.servers.serve import start_servers

def entry(kind, transport, namespace, **more):
    return {"kind": kind, "name": kind, "address": "::1", "port": 443, "transport": transport,
            "namespace": namespace, **more}

def ask():
    with socket.create_connection(("::1", 443), timeout=10) as tcp:
        tcp.sendall(b"GET /getReflectorList HTTP/1.0\\r\\n\\r\\n")
        page = b""
        while piece := tcp.recv(4096):
            page += piece
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
        udp.settimeout(10)
        udp.sendto(b"x", ("::1", 443))
        return page.split()[-1], udp.recv(10)

async def main():
    endpoints = [entry("http", "tcp", name, options={"reflectors": [f"192.0.2.{number}:1"]})
                 for number, name in enumerate(("first", "second"))]
    endpoints += [entry("echo", "udp", name) for name in ("first", "second")]
    servers = await start_servers(parse_config({"seed": 1, "endpoints": endpoints}))
    for name in ("first", "second"):
        print(await asyncio.to_thread(inside, name, ask))
    try:
        await asyncio.to_thread(ask)
    except OSError as error:
        print(type(error).__name__)
    servers.close()
    await asyncio.sleep(0)

asyncio.run(main())
"""
_SHELL = """set -e
mount -t tmpfs none /run
mkdir /run/netns
for name in first second; do ip netns add $name; ip -n $name link set dev lo up; done
exec "$@"
"""


@pytest.mark.lab
def test_each_namespace_has_a_server_of_its_own_on_one_address_and_port(tmp_path: Path) -> None:
    reason = Lab.why_not()
    if reason and os.environ.get("CALLCHECK_LAB") == "require":
        pytest.fail(f"CALLCHECK_LAB=require, but {reason}")
    if reason:
        pytest.skip(f"no lab here: {reason}")
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    enter = [supervisor.tool("unshare"), *supervisor.way_in().unshare, "--kill-child"]
    done = subprocess.run(
        [*enter, "sh", "-c", _SHELL, "sh", sys.executable, "-W", "error", str(program)],
        capture_output=True,
        text=True,
        timeout=6 * PATIENCE_S,
        check=False,
        env=supervisor.environment(),
    )
    assert done.stderr == ""
    first, second, here = done.stdout.splitlines()
    assert first == "(b'192.0.2.0:1', b'x')"
    assert second == "(b'192.0.2.1:1', b'x')"
    assert here in {"ConnectionRefusedError", "OSError"}
