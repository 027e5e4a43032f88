"""What a standard run of one service costs: bytes on the home wire, processor time and memory of the flow process.

`python -m tests.bench.measure_cost [SERVICE]...` plays the scenario "clean" for each (Telegram by default). It is no
test. Bytes are those of the home wire, IP headers included, of the whole run and of the stream's own seconds.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from callcheck.lab import play

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_LOOK_EVERY_S: Final = 0.5


@dataclass(slots=True)
class _Usage:
    """Of the flow process as it was last seen: seconds of processor, and its largest memory."""

    cpu_s: float = 0.0
    peak_kb: int = 0


class _Watch:
    """Looks at the flow process of the client twice a second until told to end."""

    def __init__(self) -> None:
        self.usage = _Usage()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if b"callcheck.flow" in (process / "cmdline").read_bytes():
                        self._take(process)
                except OSError:  # it ended meanwhile
                    continue

    def _take(self, process: Path) -> None:
        fields = (process / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
        status = (process / "status").read_text(encoding="ascii").splitlines()
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
        self.usage = _Usage(max(cpu_s, self.usage.cpu_s), max(peak, self.usage.peak_kb))


def _stream(output: bytes) -> tuple[float, int]:
    """How long the flows lasted in seconds, and the bytes that they sent, from the journal."""
    sent_us: list[int] = []
    sent_bytes = 0
    for line in output.splitlines():
        event: dict[str, Any] = json.loads(line)
        data = event["data"].get("data", {}) if event["kind"] == "observed" else {}
        if event["kind"] == "observed" and event["data"].get("op") == "flow.second":
            sent_us += data["sent_us"]
            sent_bytes += len(data["sent_us"]) * data["ip_bytes"]
    return (max(sent_us) - min(sent_us)) / 1e6, sent_bytes


def main(services: list[str]) -> None:
    for service in services:
        command = play.run_arguments("--service", service, "--depth", "standard", "--format", "events")
        began_s = time.monotonic()
        with _Watch() as watch:
            done = play.play(play.lab_of(play.find("clean")), command, capture=True)
        seconds, sent_bytes = _stream(done.output)
        moved = sum(wire.bytes for wire in done.lab.wires if wire.wire == "lan")
        usage = watch.usage
        sys.stdout.write(
            f"{service}: whole run {time.monotonic() - began_s:.0f} s, {moved / 1e6:.2f} MB on the home wire both ways;"
            f" flows {seconds:.1f} s, {sent_bytes / 1e6:.2f} MB sent;"
            f" flow process {usage.cpu_s:.2f} s of a core ({100 * usage.cpu_s / seconds:.1f} % while flowing),"
            f" at most {usage.peak_kb / 1000:.1f} MB of memory\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:] or ["telegram"])
