"""What the lab itself adds: `python -m tests.bench.bench_lab`. Not a test; it prints figures, medians of several runs.

Delay: 300-byte datagrams at 500 a second through all four wires, which hold each for 20 ms in all; from the sender's
clock to the receiver's kernel, less 20 ms. Loss: 1200-byte datagrams at 15 000 a second through four wires and a rule.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from callcheck.lab import play
from callcheck.lab.lab import Lab
from callcheck.lab.scenario import parse

_HOST: Final = "203.0.114.10"
_TRUTH: Final = '[[truth]]\nservice = "telegram"\nfunction = "calls"\noutcome = ["works"]\ncause = ["none"]\n'
_DELAYS: Final = "".join(f"[[wire.{wire}.up]]\ndelay_ms = 5\n" for wire in ("lan", "access", "core", "far"))
_RULE: Final = '[[wire.core.rule]]\nmatch = {proto = "udp", ports = [9]}\naction = {drop = 1.0}\n'
_RECEIVER: Final = """
import json, socket, struct, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
    one.bind((sys.argv[1], 7000))
    print("ready", flush=True)
    one.settimeout(2)
    delays = []
    try:
        while True:
            data, extra, _, _ = one.recvmsg(2048, 64)
            seconds, rest = struct.unpack("qq", extra[0][2])
            delays.append((seconds * 10**9 + rest - struct.unpack("q", data[:8])[0]) / 1e6)
    except TimeoutError:
        print(json.dumps(delays))
"""
_SENDER: Final = """
import socket, struct, sys, time
rate, count, size = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.connect((sys.argv[1], 7000))
    padding = bytes(size - 36)
    start = time.monotonic()
    for n in range(count):
        due = start + n / rate
        while (left := due - time.monotonic()) > 0:
            time.sleep(left) if left > 0.0005 else None
        one.send(struct.pack("q", time.time_ns()) + padding)
"""
# Takes what comes and looks at none of it.
_SINK: Final = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.bind((sys.argv[1], 7000))
    print("ready", flush=True)
    sys.stdin.read()
"""


def main() -> None:
    start_up()
    runs = [extra_delay_ms() for _ in range(5)]
    for name in ("p50", "p99", "p99.9", "max"):
        say(f"extra delay at 500/s, {name}: {statistics.median(run[name] for run in runs):.3f} ms")
    losses = [loss_at(15_000) for _ in range(3)]
    say(f"lost at 15 000/s: {losses} of 45 000 each")
    many_at_once(8)


def start_up() -> None:
    for servers in (True, False):
        seconds = []
        for _ in range(7):
            network = play.lab_of(play.find("clean"), real_servers=servers)
            began_s = time.monotonic()
            network.start()
            seconds.append(time.monotonic() - began_s)
            network.stop()
        say(f"start, {'coturn and unbound' if servers else 'own servers'}: {statistics.median(seconds):.2f} s")


def extra_delay_ms() -> dict[str, float]:
    delays = sorted(delay - 20 for delay in sent_through(_DELAYS, 500, 4000, 300))
    return {"p50": at(delays, 0.5), "p99": at(delays, 0.99), "p99.9": at(delays, 0.999), "max": delays[-1]}


def loss_at(rate: int) -> int:
    """How many packets the wires lost between the client's device and the last one, by their own counters."""
    count = rate * 3
    with bare_lab(_RULE) as network:
        sink = network.argv([sys.executable, "-S", "-c", _SINK, _HOST], namespace="inet")
        with subprocess.Popen(sink, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            sender = [sys.executable, "-S", "-c", _SENDER, _HOST, str(rate), str(count), "1200"]
            subprocess.run(network.argv(sender), check=True)
            time.sleep(0.3)
            outcome = network.stop()
    for reason in outcome.void:
        say(f"  at {rate}/s: {reason}")
    return count - next(wire.packets for wire in outcome.wires if (wire.wire, wire.direction) == ("far", "up"))


def sent_through(wires: str, rate: int, count: int, size: int) -> list[float]:
    """The one-way delays in ms of what arrived."""
    with bare_lab(wires) as network:
        receiver = network.argv([sys.executable, "-S", "-c", _RECEIVER, _HOST], namespace="inet", unprivileged=False)
        with subprocess.Popen(receiver, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            sender = [sys.executable, "-S", "-c", _SENDER, _HOST, str(rate), str(count), str(size)]
            subprocess.run(network.argv(sender), check=True)
            delays: list[float] = json.loads(process.stdout.read())
    return delays


def many_at_once(count: int) -> None:
    def one(number: int) -> tuple[float, int]:
        began_s = time.monotonic()
        with bare_lab(_DELAYS) as network:
            started_s = time.monotonic() - began_s
            ask = "import socket\nfor n in range(50): socket.socket(2, 2).sendto(b'x', ('203.0.114.10', 9))"
            subprocess.run(network.argv([sys.executable, "-S", "-c", ask]), check=True)
            time.sleep(1)
            outcome = network.stop()
        return started_s, next(wire.packets for wire in outcome.wires if (wire.wire, wire.direction) == ("far", "up"))

    with ThreadPoolExecutor(max_workers=count) as pool:
        found = list(pool.map(one, range(count)))
    slowest_s, packets = max(seconds for seconds, _ in found), [passed for _, passed in found]
    say(f"{count} at once: slowest start {slowest_s:.2f} s, packets {packets}")


def bare_lab(wires: str) -> Lab:
    scenario = parse(f'id = "bench"\nsummary = "a bench"\nseed = 1\n{wires}{_TRUTH}')
    return Lab(scenario, processes=lambda _: [], hosts={"inet": [_HOST]}, resolver=_HOST)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def at(ordered: list[Any], share: float) -> float:
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))])


if __name__ == "__main__":
    main()
