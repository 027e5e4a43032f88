"""How late the flow process sends, and what round trip it reads over loopback: idle and beside a busy loop.

Run it from the repository's root: `python -m tests.bench.bench_flow [ROUNDS]`. The two conditions alternate within one
run, so that other load on the machine hits both alike. It is no test: nothing here passes or fails.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from callcheck.api import Arm, FlowSecond, Target
from callcheck.flow.runner import run_flows
from tests.flow.codecs import Numbers

_SEGMENT_S = 4.0
_RATE_PPS = 25.0
_ARMS = 4
_ECHO = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.bind(("127.0.0.1", 0))
    print(sock.getsockname()[1], flush=True)
    while True:
        sock.sendto(*sock.recvfrom(2048))
"""
_HOG = "while True: pass"


@contextmanager
def _child(source: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as child:
        try:
            yield child
        finally:
            child.kill()


async def _segment(port: int) -> tuple[float, list[FlowSecond]]:
    """Milliseconds from spawn to the first packet, and the seconds of one flow of four arms."""
    target = Target(address="127.0.0.1", port=port)
    arms = [Arm(name=f"arm-{i}", target=target, codec=Numbers(), rate_pps=_RATE_PPS) for i in range(_ARMS)]
    seconds = [s async for s in run_flows(arms, seconds=_SEGMENT_S, origin_ns=time.monotonic_ns())]
    return min(second.sent_us[0] for second in seconds) / 1000, seconds


def _line(name: str, values_us: list[int]) -> str:
    cuts = statistics.quantiles(values_us, n=1000, method="inclusive")
    p50, p95, p99, most = (at_us / 1000 for at_us in (cuts[499], cuts[949], cuts[989], max(values_us)))
    return f"{name:26} n {len(values_us):6}  p50 {p50:7.3f}  p95 {p95:7.3f}  p99 {p99:7.3f}  max {most:7.3f} ms"


def main(rounds: int) -> None:
    found: dict[str, list[FlowSecond]] = {"idle": [], "one busy loop": []}
    first_ms: dict[str, list[float]] = {name: [] for name in found}
    with _child(_ECHO) as echo:
        assert echo.stdout is not None
        port = int(echo.stdout.readline())
        for _ in range(rounds):
            for name, hog in (("idle", "import time; time.sleep(600)"), ("one busy loop", _HOG)):
                with _child(hog):
                    spawn_ms, seconds = asyncio.run(_segment(port))
                found[name] += seconds
                first_ms[name].append(spawn_ms)
    for name, seconds in found.items():
        late_us = [sent - due for s in seconds for due, sent in zip(s.scheduled_us, s.sent_us, strict=True)]
        stamps = [pair for s in seconds for pair in zip(s.sent_us, s.received_us, strict=True)]
        sys.stdout.write(_line(f"{name}: lateness", late_us) + "\n")
        sys.stdout.write(_line(f"{name}: round trip", [got - sent for sent, got in stamps if got is not None]) + "\n")
        lost = sum(got is None for _, got in stamps)
        sys.stdout.write(f"{name}: lost {lost}, spawn to first packet at most {max(first_ms[name]):.0f} ms\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
