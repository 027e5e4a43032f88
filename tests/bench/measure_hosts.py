"""Makes `callcheck/catalog/cost.json`: what a run on a healthy line moves to and from each host, by depth.

`python -m tests.bench.measure_hosts [--runs N]` plays `clean` in the lab, N times (default 3) at each depth, and writes
the medians. Run it again whenever a check asks more or less than before.
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import msgspec

from callcheck.catalog import cost
from callcheck.catalog import load as catalog
from callcheck.engine.events import decode_lines
from callcheck.lab import world
from callcheck.words import Depth

_TARGET = Path(cost.__file__).with_name("cost.json")


def moved_in(journal: Path) -> dict[str, cost.Moved]:
    """Packets and bytes by place, of all checks of one run."""
    hosts: dict[str, cost.Moved] = {}
    for event in decode_lines(journal.read_bytes()):
        for endpoint, (packets, count_bytes) in event.data.get("hosts", {}).items():
            known = hosts.get(endpoint, (0, 0))
            hosts[endpoint] = (known[0] + packets, known[1] + count_bytes)
    names = {name: addresses[0] for name, addresses in world.zone().items()}
    return cost.by_place(hosts, catalog.shipped(), names)


def play(depth: Depth) -> dict[str, cost.Moved]:
    with tempfile.TemporaryDirectory(prefix="measure-") as kept:
        command = [sys.executable, "-m", "callcheck", "lab", "run", "clean", "--depth", depth, "--format", "json"]
        subprocess.run([*command, "--keep", kept], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        journal = Path(kept) / "journal.ndjson"
        last_us = max(event.t_us for event in decode_lines(journal.read_bytes()))
        sys.stdout.write(f"{depth}: {last_us / 1e6:.1f} s\n")
        sys.stdout.flush()
        return moved_in(journal)


def medians(runs: Sequence[Mapping[str, cost.Moved]]) -> dict[str, cost.Moved]:
    places = sorted({place for run in runs for place in run})
    return {
        place: (
            round(statistics.median(run.get(place, (0, 0))[0] for run in runs)),
            round(statistics.median(run.get(place, (0, 0))[1] for run in runs)),
        )
        for place in places
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    depths: tuple[Depth, ...] = get_args(Depth)
    moved = {depth: medians([play(depth) for _ in range(runs)]) for depth in depths}
    today = dt.datetime.now(dt.UTC).date().isoformat()
    table = cost.Cost(as_of=today, runs=runs, moved=moved)
    _TARGET.write_bytes(msgspec.json.format(msgspec.json.encode(table), indent=1) + b"\n")
    for depth, places in moved.items():
        packets, count_bytes = (sum(one[part] for one in places.values()) for part in (0, 1))
        sys.stdout.write(f"{depth}: {len(places)} hosts, {packets} packets, {count_bytes / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main()
