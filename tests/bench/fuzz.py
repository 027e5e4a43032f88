"""Every check against the lab's stand-ins, whose answers are bent on their way back: nothing may escape from a check.

`python -m tests.bench.fuzz [--answers N] [--seed S] [--only CHECK]` goes on until N answers were bent (default 100 000)
and prints, for each check, how many; what escaped, with the seed to find it again; and how the memory grew after the
first tenth.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
import time
import traceback
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, get_args

import msgspec

from callcheck.api import BudgetExceededError, Check
from callcheck.engine import plugins
from callcheck.testing import FakeContext, run_check
from callcheck.words import Depth
from tests.checks.stand_ins import populate, targets_of_the_lab


class Bender:
    """Bends answers in one of several ways, and counts them; the longer a run, the more it lets through untouched."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._share = self._chance.choice((0.1, 0.5, 0.9))
        self._past: list[bytes] = [b""]
        self.bent = 0

    def __call__(self, data: bytes) -> bytes:
        if len(self._past) < 50:
            self._past.append(data)
        if self._chance.random() > self._share or not data:
            return data
        self.bent += 1
        return self._chance.choice((self._flip, self._cut, self._grow, self._length, self._another))(data)

    def _flip(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self._chance.randint(1, 8)):
            changed[self._chance.randrange(len(changed))] ^= 1 << self._chance.randrange(8)
        return bytes(changed)

    def _cut(self, data: bytes) -> bytes:
        return data[: self._chance.randrange(len(data))]

    def _grow(self, data: bytes) -> bytes:
        return data + self._chance.randbytes(self._chance.choice((1, 3, 4, 200, 1400)))

    def _length(self, data: bytes) -> bytes:
        """A two-byte field anywhere made extreme: lengths and counts stand in such."""
        place = self._chance.randrange(len(data))
        return data[:place] + self._chance.choice((b"\xff\xff", b"\0\0", b"\x7f\xff", b"\0\1")) + data[place + 2 :]

    def _another(self, data: bytes) -> bytes:
        del data
        return self._chance.choice(self._past)


def play(check: Check[Any], depth: Depth, seed: int) -> tuple[int, str]:
    """How many answers were bent in one run, and what escaped ("" for nothing). What was observed must be readable."""
    bend = Bender(seed)
    ctx = FakeContext(targets_of_the_lab(), depth=depth, seed=seed, info=check.info)
    populate(ctx, bend)
    try:
        run_check(check, ctx)
        for item in check.read(ctx.observations):
            msgspec.json.encode(item)
    except BudgetExceededError:
        return bend.bent, ""
    except Exception:
        return bend.bent, traceback.format_exc(limit=-4)
    return bend.bent, "" if not ctx.open_sockets else f"sockets left open: {ctx.open_sockets}"


def rounds(checks: Sequence[Check[Any]], first_seed: int) -> Iterator[tuple[Check[Any], Depth, int]]:
    seed = first_seed
    while True:
        for depth in get_args(Depth):
            for check in checks:
                yield check, depth, seed
                seed += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()
    checks = [one for name, one in plugins.load_checks()[0].items() if not options.only or name in options.only]
    bent: Counter[str] = Counter()
    escaped: list[str] = []
    started_s, early_bytes = time.monotonic(), 0
    tracemalloc.start()
    for check, depth, seed in rounds(checks, options.seed):
        count, problem = play(check, depth, seed)
        bent[check.info.name] += count
        if problem:
            escaped.append(f"{check.info.name} {depth} seed {seed}: {problem}")
        if not early_bytes and bent.total() >= options.answers / 10:
            early_bytes = _in_use_bytes()
        if bent.total() >= options.answers:
            break
    grown_kb = (_in_use_bytes() - early_bytes) / 1000
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    lines = [f"{name}: {count} answers bent" for name, count in sorted(bent.items())]
    lines.append(f"{bent.total()} in {time.monotonic() - started_s:.0f} s; {len(escaped)} escaped")
    lines.append(f"memory in use grew by {grown_kb:.0f} kB over the last nine tenths; {peak_mb:.0f} MB at most")
    sys.stdout.write("\n".join([*escaped[:20], *lines]) + "\n")
    return 1 if escaped else 0


def _in_use_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


if __name__ == "__main__":
    sys.exit(main())
