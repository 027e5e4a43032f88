"""What the lab's tests share: labs that are always stopped, and frames made by hand."""

import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from callcheck.lab.lab import Lab, Listening, Process
from callcheck.lab.scenario import parse

RELAY, CONTROL = "149.154.167.51", "8.8.8.8"
PORT = 7000
TRUTH = """
[[truth]]
service = "telegram"
function = "calls"
outcome = ["works"]
cause = ["none"]
"""
_ECHO = """
import select, socket, sys
sockets = []
for address in sys.argv[2:]:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind((address, int(sys.argv[1])))
    sockets.append(one)
while True:
    for one in select.select(sockets, [], [])[0]:
        data, sender = one.recvfrom(2048)
        one.sendto(str(sender).encode() if data == b"who" else data, sender)
"""
# Sends `count` datagrams to each address and counts the answers; the shortest round trip in ms, or null.
ASK = """
import json, socket, struct, sys, time
answers, shortest_ms = {}, {}
for address in sys.argv[3:]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect((address, int(sys.argv[2])))
        one.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS: the kernel notes when each answer came
        sent = {}
        for n in range(int(sys.argv[1])):
            sent[n] = time.time_ns()
            one.send(n.to_bytes(2, "big") * 50)
            time.sleep(0.002)
        one.settimeout(0.4)
        times = []
        try:
            while len(times) < len(sent):
                payload, [(_, _, stamp)], _, _ = one.recvmsg(2048, 64)
                seconds, rest_ns = struct.unpack("@qq", stamp)
                times.append((seconds * 10**9 + rest_ns - sent[int.from_bytes(payload[:2], "big")]) / 1e6)
        except TimeoutError:
            pass
        answers[address] = len(times)
        shortest_ms[address] = min(times, default=None)
print(json.dumps([answers, shortest_ms]))
"""
Frame = Callable[..., bytes]


@pytest.fixture(scope="session")
def lab_possible() -> None:
    """Skips where the lab cannot run; fails there if CALLCHECK_LAB=require."""
    reason = Lab.why_not()
    if reason and os.environ.get("CALLCHECK_LAB") == "require":
        pytest.fail(f"CALLCHECK_LAB=require, but {reason}")
    if reason:
        pytest.skip(f"no lab here: {reason}")


def echo_process(
    python: str = sys.executable, *, namespace: str = "inet", addresses: Sequence[str] = (RELAY, CONTROL)
) -> Process:
    """A UDP echo at the relay's and the control's address; to `who` it answers with the sender's address."""
    ready = tuple(Listening("udp", address, PORT) for address in addresses)
    return Process(f"echo-{namespace}", namespace, (python, "-c", _ECHO, str(PORT), *addresses), ready)


@pytest.fixture
def make_lab(lab_possible: None) -> Iterator[Callable[..., Lab]]:
    """Makes running labs from the wires part of a scenario; all are stopped at the end."""
    with ExitStack() as stack:

        def make(wires: str = "", *, scenario: str = "", **options: Any) -> Lab:
            text = f'id = "test"\nsummary = "a test"\nseed = 1\n{scenario}\n{wires}\n{TRUTH}'
            options.setdefault("processes", lambda _directory: [echo_process()])
            options.setdefault("hosts", {"inet": [RELAY, CONTROL]})
            return stack.enter_context(Lab(parse(text), resolver=CONTROL, **options))

        yield make


@pytest.fixture
def in_client() -> Callable[..., Any]:
    """Runs a Python script in a lab and reads the JSON that it prints."""

    def run(lab: Lab, script: str, *arguments: object, namespace: str = "client", unprivileged: bool = True) -> Any:
        words = [sys.executable, "-S", "-c", script, *map(str, arguments)]
        command = lab.argv(words, namespace=namespace, unprivileged=unprivileged)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def frame() -> Frame:
    """Makes an Ethernet frame that carries UDP or TCP over IPv4; `near` is the client's side."""

    def make(
        payload: bytes = b"",
        *,
        is_up: bool = True,
        proto: int = 17,
        near: tuple[str, int] = ("192.168.1.10", 40000),
        remote: tuple[str, int] = (RELAY, 597),
        options: bytes = b"",
    ) -> bytes:
        source, destination = (near, remote) if is_up else (remote, near)
        ports = struct.pack("!HH", source[1], destination[1])
        transport = {
            17: ports + struct.pack("!HH", 8 + len(payload), 0),
            6: ports + struct.pack("!IIBBHHH", 1, 2, 0x50, 0x18, 1000, 0, 0),
        }.get(proto, b"")
        segment = transport + payload
        first = 0x45 + len(options) // 4
        total = 20 + len(options) + len(segment)
        ends = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
        header = struct.pack("!BBHHHBBH", first, 0, total, 0, 0, 64, proto, 0) + ends + options
        return b"\x02" * 12 + b"\x08\x00" + header + segment

    return make
