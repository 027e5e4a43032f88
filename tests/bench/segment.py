"""One segment of the benchmark: a process that starts one sender, idle or beside a redrawing app, and what it saw.

callcheck's flow is a child of this process, as it is of callcheck's screen; irtt's clients are its children too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Literal

import msgspec

from callcheck.api import Arm, Target
from callcheck.flow.runner import run_flows
from tests.bench import irtt
from tests.bench.echo_stamps import PAYLOAD_BYTES, Labelled
from tests.bench.load_tui import beside_app

Tool = Literal["callcheck", "irtt"]
INTERVAL_MS = 20
_LOOK_EVERY_S = 0.5


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: so many flows of 50 packets/s to 127.0.0.1:`port`."""

    tool: Tool
    flows: int
    drawing: bool
    seconds: float
    port: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Times per flow, in packet order; `received_ns` is empty for irtt.

    callcheck's times are on the system's monotonic clock. `sender_cpu_s` is user and system time of all processes of
    the sender from start to end, `sender_peak_bytes` their largest resident sizes together (None: it ended too soon).
    `had_precedence`: it ran under SCHED_FIFO. `app_cores` is the processor time of this process itself, per second.
    """

    sent_ns: list[list[int]]
    received_ns: list[list[int | None]]
    sender_cpu_s: float
    sender_peak_bytes: int | None
    had_precedence: bool
    app_cores: float
    redraws_per_s: float


class _Children:
    """What /proc says of this process's children while they live; all of them belong to the sender."""

    def __init__(self) -> None:
        self._peaks_bytes: dict[int, int] = {}
        self.policies: set[int] = set()

    @property
    def peak_bytes(self) -> int | None:
        return sum(self._peaks_bytes.values()) or None

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            self._look()

    def _look(self) -> None:
        for listed in Path("/proc/self/task").glob("*/children"):
            with contextlib.suppress(OSError):  # a thread or a child ended meanwhile
                for child in map(int, listed.read_text().split()):
                    self._look_at(child)

    def _look_at(self, child: int) -> None:
        # VmHWM and not ru_maxrss, which counts the parent's pages from before the child's exec.
        for line in Path(f"/proc/{child}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                self._peaks_bytes[child] = int(line.split()[1]) * 1024
        self.policies.add(os.sched_getscheduler(child) & ~os.SCHED_RESET_ON_FORK)


async def _callcheck(order: Order) -> tuple[list[list[int]], list[list[int | None]]]:
    target = Target(address="127.0.0.1", port=order.port)
    arms = [
        Arm(name=str(arm), target=target, codec=Labelled(arm), rate_pps=1000 / INTERVAL_MS)
        for arm in range(order.flows)
    ]
    sent_ns: list[list[int]] = [[] for _ in arms]
    received_ns: list[list[int | None]] = [[] for _ in arms]
    origin_ns = time.monotonic_ns()
    async for second in run_flows(arms, seconds=order.seconds, origin_ns=origin_ns):
        arm = int(second.arm)
        sent_ns[arm] += [origin_ns + at_us * 1000 for at_us in second.sent_us]
        received_ns[arm] += [None if at_us is None else origin_ns + at_us * 1000 for at_us in second.received_us]
    return sent_ns, received_ns


async def _send(order: Order) -> tuple[list[list[int]], list[list[int | None]]]:
    if order.tool == "callcheck":
        return await _callcheck(order)
    sent_ns = await irtt.send_times_ns(
        order.port,
        flows=order.flows,
        seconds=order.seconds,
        interval_ms=INTERVAL_MS,
        payload_bytes=PAYLOAD_BYTES,
    )
    return sent_ns, []


def _cpu_s(whose: int) -> float:
    usage = resource.getrusage(whose)
    return usage.ru_utime + usage.ru_stime


async def _measured(order: Order) -> Outcome:
    children = _Children()
    watching = asyncio.create_task(children.watch())
    began_s, own_s, senders_s = time.monotonic(), _cpu_s(resource.RUSAGE_SELF), _cpu_s(resource.RUSAGE_CHILDREN)
    try:
        if order.drawing:
            (sent_ns, received_ns), redraws_per_s = await beside_app(lambda: _send(order))
        else:
            (sent_ns, received_ns), redraws_per_s = await _send(order), 0.0
    finally:
        watching.cancel()
    return Outcome(
        sent_ns=sent_ns,
        received_ns=received_ns,
        sender_cpu_s=_cpu_s(resource.RUSAGE_CHILDREN) - senders_s,
        sender_peak_bytes=children.peak_bytes,
        had_precedence=os.SCHED_FIFO in children.policies,
        app_cores=(_cpu_s(resource.RUSAGE_SELF) - own_s) / (time.monotonic() - began_s),
        redraws_per_s=redraws_per_s,
    )


async def _run(order: Order) -> Outcome:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await _measured(order)


def main() -> None:
    order = msgspec.json.decode(sys.argv[1], type=Order)
    try:
        outcome = asyncio.run(_run(order))
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
