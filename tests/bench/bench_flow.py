"""callcheck's sender against irtt, interleaved in one run over loopback: how evenly they send, what a round trip reads.

Run it from the repository's root: `python -m tests.bench.bench_flow [ROUNDS] [--no-precedence]`. It is no test: nothing
passes or fails, it prints figures and ratios. A flow is 50 packets/s of 160 bytes of UDP payload, in segments of 6 s.
A round has every condition once, in random order, with both senders one right after the other, in random order too, so
that other load on the machine hits both alike. A round takes about a minute.

Interval error: |(send_i - send_(i-1)) - 20 ms|, by each sender's own stamps just before its send call. A tick that irtt
leaves out shows as an interval of 40 ms. callcheck's flows of one segment leave in the same tick in random order, so
with 16 of them the place in the order is part of the error. RTT error: see tests/bench/echo_stamps.py.

Processor time is that of a segment less that of a run of 0.2 s, medians of both. irtt runs one process a flow, as it
knows no other way. As root callcheck's flow goes before ordinary processes (SCHED_FIFO), which irtt does not ask for;
`--no-precedence` takes that right from the whole run, which gives what an ordinary user gets.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import resource
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final, get_args

import msgspec

from tests.bench import irtt
from tests.bench.echo_stamps import FarStamps, echo
from tests.bench.segment import INTERVAL_MS, Order, Outcome, Tool

_SEGMENT_S: Final = 6.0
_START_UP_S: Final = 0.2
_STOP_WITHIN_S: Final = 5
_LARGEST_CLOCK_STEP_NS: Final = 20_000
_NS_PER_MS: Final = 1_000_000
_TOOLS: Final = get_args(Tool)


@dataclass(frozen=True, slots=True)
class Condition:
    flows: int
    drawing: bool

    @property
    def name(self) -> str:
        return f"{self.flows} {'flow' if self.flows == 1 else 'flows'}, {'app redraws' if self.drawing else 'idle'}"


_CONDITIONS: Final = [Condition(1, False), Condition(1, True), Condition(4, False), Condition(16, False)]


@dataclass(slots=True)
class Found:
    """All segments of one sender in one condition; errors in ms, one list a segment."""

    interval_errors_ms: list[list[float]] = field(default_factory=list)
    sender_errors_ms: list[float] = field(default_factory=list)
    receiver_errors_ms: list[float] = field(default_factory=list)
    rtt_errors_ms: list[float] = field(default_factory=list)
    packets: int = 0
    unanswered: int = 0
    cpu_s: list[float] = field(default_factory=list)
    start_up_cpu_s: list[float] = field(default_factory=list)
    peak_bytes: list[int] = field(default_factory=list)
    app_cores: list[float] = field(default_factory=list)
    redraws_per_s: list[float] = field(default_factory=list)
    had_precedence: list[bool] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.interval_errors_ms.append(
            [
                abs(after_ns - before_ns - INTERVAL_MS * _NS_PER_MS) / _NS_PER_MS
                for sent_ns in outcome.sent_ns
                for before_ns, after_ns in pairwise(sent_ns)
            ]
        )
        self.packets += sum(map(len, outcome.sent_ns))
        self.cpu_s.append(outcome.sender_cpu_s)
        self.app_cores.append(outcome.app_cores)
        self.redraws_per_s.append(outcome.redraws_per_s)
        self.had_precedence.append(outcome.had_precedence)
        if outcome.sender_peak_bytes is not None:
            self.peak_bytes.append(outcome.sender_peak_bytes)

    def add_round_trips(self, outcome: Outcome, far: FarStamps) -> None:
        """The errors of every answered packet; none where a clock was set during the segment."""
        if abs(far.clock_step_ns) > _LARGEST_CLOCK_STEP_NS:
            say_aside(f"a clock was set by {far.clock_step_ns} ns: this segment's round trips do not count")
            return
        for arm, (sent_ns, received_ns) in enumerate(zip(outcome.sent_ns, outcome.received_ns, strict=True)):
            for number, (sent_at_ns, received_at_ns) in enumerate(zip(sent_ns, received_ns, strict=True)):
                both_ns = far.both_ns.get((arm, number))
                if received_at_ns is None or both_ns is None:
                    self.unanswered += 1
                    continue
                by_sender_ms = (both_ns[0] - sent_at_ns) / _NS_PER_MS
                by_receiver_ms = (received_at_ns - both_ns[1]) / _NS_PER_MS
                self.sender_errors_ms.append(by_sender_ms)
                self.receiver_errors_ms.append(by_receiver_ms)
                self.rtt_errors_ms.append(by_sender_ms + by_receiver_ms)

    @property
    def pooled_ms(self) -> list[float]:
        return [error_ms for segment in self.interval_errors_ms for error_ms in segment]

    @property
    def segment_p99_ms(self) -> float:
        """The median over segments of each one's p99."""
        return statistics.median(quantile(segment, 0.99) for segment in self.interval_errors_ms)

    def cpu_share(self, flows: int) -> float:
        """Processor seconds per flow and second of flow, without the start."""
        spent_s = statistics.median(self.cpu_s) - statistics.median(self.start_up_cpu_s)
        return spent_s / (_SEGMENT_S - _START_UP_S) / flows


Results = dict[tuple[Condition, Tool], Found]


def main() -> int:
    parser = argparse.ArgumentParser(description="callcheck's sender against irtt, over loopback")
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--no-precedence", action="store_true", help="measure what an ordinary user gets")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("at least one round")
    if arguments.no_precedence:
        give_up_precedence()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    results: Results = {(condition, tool): Found() for condition in _CONDITIONS for tool in _TOOLS}
    load_before, ticks_before = os.getloadavg()[0], processor_ticks()
    try:
        for number in range(arguments.rounds):
            say_aside(f"round {number + 1} of {arguments.rounds}")
            play_round(results)
    except KeyboardInterrupt:
        return 130
    total_ticks, stolen_ticks = (after - before for after, before in zip(processor_ticks(), ticks_before, strict=True))
    had = {had for (_, tool), found in results.items() if tool == "callcheck" for had in found.had_precedence}
    say(
        f"{arguments.rounds} rounds on {os.cpu_count()} cores, Linux {platform.release()}, Python "
        f"{platform.python_version()}, callcheck's flow "
        f"{'with' if had == {True} else 'without' if had == {False} else 'partly with'} SCHED_FIFO; load "
        f"{load_before:.2f} before and {os.getloadavg()[0]:.2f} after, {stolen_ticks / total_ticks:.1%} of the "
        "processors' time stolen by the host"
    )
    print_intervals(results)
    print_round_trips(results)
    print_cost(results)
    return 0


def processor_ticks() -> tuple[int, int]:
    """All ticks of all processors since the start of the system, and those that the host gave to others (steal)."""
    counts = [int(count) for count in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(counts), counts[7]


def give_up_precedence() -> None:
    """Go on without the right to real-time precedence, by limit or by capability."""
    resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
    asks = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    if subprocess.run([sys.executable, "-c", asks], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        # The capability leaves with the bounding set at the next exec, and the limit stays at 0.
        drop = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"]
        os.execvp(drop[0], [*drop, sys.executable, "-m", "tests.bench.bench_flow", *sys.argv[1:]])


def play_round(results: Results) -> None:
    """Every condition with both senders once."""
    for condition in random.sample(_CONDITIONS, len(_CONDITIONS)):
        for tool in random.sample(_TOOLS, len(_TOOLS)):
            say_aside(f"  {condition.name}: {tool}")
            found = results[condition, tool]
            outcome, far = play(condition, tool, _SEGMENT_S)
            found.add(outcome)
            if far is not None:
                found.add_round_trips(outcome, far)
            if not condition.drawing:
                found.start_up_cpu_s.append(play(condition, tool, _START_UP_S)[0].sender_cpu_s)


def play(condition: Condition, tool: Tool, seconds: float) -> tuple[Outcome, FarStamps | None]:
    """One segment against a far end of its own; stamps of the far end only for callcheck's."""
    if tool == "irtt":
        with irtt.server() as port:
            return outcome_of(condition, tool, seconds, port), None
    with echo() as far:
        outcome = outcome_of(condition, tool, seconds, far.port)
        return outcome, far.finish()


def outcome_of(condition: Condition, tool: Tool, seconds: float, port: int) -> Outcome:
    order = Order(tool=tool, flows=condition.flows, drawing=condition.drawing, seconds=seconds, port=port)
    argv = [sys.executable, "-m", "tests.bench.segment", msgspec.json.encode(order).decode()]
    # A group of its own: on Ctrl-C it is told to stop once, by us, and ends its own children first.
    with subprocess.Popen(argv, stdout=subprocess.PIPE, process_group=0) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            process.terminate()
            try:
                process.wait(_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    if process.returncode != 0:
        raise SystemExit(f"the segment of {tool} ended with code {process.returncode}")
    return msgspec.json.decode(output, type=Outcome)


def print_intervals(results: Results) -> None:
    say("\n| interval error, ms | sender | packets | p50 | p95 | p99 | max | median of segments' p99 |")
    say("|---|---|---|---|---|---|---|---|")
    for condition in _CONDITIONS:
        rows = []
        for tool in _TOOLS:
            found = results[condition, tool]
            due = round(_SEGMENT_S * 1000 / INTERVAL_MS) * condition.flows * len(found.interval_errors_ms)
            rows.append([*quantiles(found.pooled_ms), found.segment_p99_ms])
            say(f"| {condition.name} | {tool} | {found.packets} of {due} | {in_columns(rows[-1])} |")
        ratios = " | ".join(f"{our_ms / their_ms:.2f}" for our_ms, their_ms in zip(*rows, strict=True))
        say(f"| {condition.name} | ratio | | {ratios} |")


def print_round_trips(results: Results) -> None:
    say("\n| RTT error of callcheck, ms | packets | unanswered | p50 | p95 | p99 | max | sender p99 | receiver p99 |")
    say("|---|---|---|---|---|---|---|---|---|")
    for condition in _CONDITIONS:
        found = results[condition, "callcheck"]
        parts = [quantile(magnitudes(part), 0.99) for part in (found.sender_errors_ms, found.receiver_errors_ms)]
        row = [*quantiles(magnitudes(found.rtt_errors_ms)), *parts]
        say(f"| {condition.name} | {len(found.rtt_errors_ms)} | {found.unanswered} | {in_columns(row)} |")


def print_cost(results: Results) -> None:
    say("\n| cost | sender | core per flow | start-up, s of core | peak memory, MB | interval error p99, ms |")
    say("|---|---|---|---|---|---|")
    for (condition, tool), found in results.items():
        if condition.drawing:
            continue
        peak_mb = f"{max(found.peak_bytes) / 1e6:.1f}" if found.peak_bytes else "unknown"
        say(
            f"| {condition.name} | {tool} | {found.cpu_share(condition.flows):.2%} "
            f"| {statistics.median(found.start_up_cpu_s):.2f} | {peak_mb} | {quantile(found.pooled_ms, 0.99):.3f} |"
        )
    beside = [found for (condition, _), found in results.items() if condition.drawing]
    redraws_per_s = statistics.median(per_s for found in beside for per_s in found.redraws_per_s)
    cores = statistics.median(share for found in beside for share in found.app_cores)
    say(f"\nThe app redrew {redraws_per_s:.1f} times/s; it and its process took {cores:.2f} of a core.")


def magnitudes(values: Iterable[float]) -> list[float]:
    return [abs(value) for value in values]


def quantiles(values: Sequence[float]) -> list[float]:
    """p50, p95, p99 and the largest."""
    return [*(quantile(values, share) for share in (0.5, 0.95, 0.99)), max(values)]


def quantile(values: Sequence[float], share: float) -> float:
    return statistics.quantiles(values, n=1000, method="inclusive")[round(share * 1000) - 1]


def in_columns(values_ms: Iterable[float]) -> str:
    return " | ".join(f"{value_ms:.3f}" for value_ms in values_ms)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def say_aside(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
