"""How often the comparison of matched arms raises a false alarm, and what it finds. Pure code; no packet is sent.

Run it from the repository's root: `python -m tests.bench.sim_false_alarms [RUNS]`, 10 000 runs unless told (about three
minutes on one core). One subject and four controls send 25 packets/s for 30 s in the same ticks through congestion that
is on for 4 s and off for 16 s in the mean; losing 15 % and 0.5 %, each arm by itself. "calm" is the same without
congestion. It is no test: nothing here passes or fails.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from callcheck.stats.excess import excess_loss
from callcheck.stats.intervals import exact_upper
from callcheck.stats.paired import Block, fold_blocks

PACKETS: Final = 750
_INTERVAL_US: Final = 40_000
_SENT_US: Final = range(0, PACKETS * _INTERVAL_US, _INTERVAL_US)
_BLOCKS: Final = 30
_ARMS: Final = 5
_ON_S: Final = 4.0
_OFF_S: Final = 16.0
_ON_RATIO: Final = 0.15
_OFF_RATIO: Final = 0.005
_EXTRAS: Final = (0.03, 0.05, 0.08, 0.10, 0.30)
_RUNS_PER_POWER_RUN: Final = 50


@dataclass(slots=True)
class Tally:
    """Runs in which each of the conditions held."""

    runs: int = 0
    sign_flip: int = 0
    outlier: int = 0
    floor: int = 0
    holds: int = 0


def tally(seed: int, runs: int, *, extra_ratio: float, mean_run: float, congested: bool = True) -> Tally:
    """`runs` comparisons of a subject that loses `extra_ratio` more; losses come in runs of `mean_run`, in the mean,
    where 1 stands for independent loss."""
    random, found = Random(seed), Tally()
    for _ in range(runs):
        states = list(_congestion(random)) if congested else [(PACKETS, _OFF_RATIO)]
        arms = [_arm(random, states, extra_ratio if arm == 0 else 0.0, mean_run) for arm in range(_ARMS)]
        excess = excess_loss(arms[0], arms[1:], random)
        assert excess is not None
        found.runs += 1
        found.sign_flip += excess.p < 0.01
        found.outlier += excess.is_outlier
        found.floor += excess.difference.low >= 0.03
        found.holds += excess.holds
    return found


def _congestion(random: Random) -> Iterator[tuple[int, float]]:
    """(packets, loss ratio) of each stretch, from a stationary start."""
    is_on = random.random() < _ON_S / (_ON_S + _OFF_S)
    at_s, at = 0.0, 0
    while at < PACKETS:
        at_s += random.expovariate(1 / (_ON_S if is_on else _OFF_S))
        end = min(PACKETS, math.ceil(at_s * 1e6 / _INTERVAL_US))
        if end > at:
            yield end - at, _ON_RATIO if is_on else _OFF_RATIO
        at, is_on = end, not is_on


def _arm(random: Random, states: list[tuple[int, float]], extra_ratio: float, mean_run: float) -> tuple[Block, ...]:
    lost = [flag for packets, ratio in states for flag in _losses(random, packets, ratio + extra_ratio, mean_run)]
    return fold_blocks([(_SENT_US, lost)], origin_us=0, blocks=_BLOCKS)


def _losses(random: Random, packets: int, ratio: float, mean_run: float) -> list[bool]:
    """A Gilbert chain with this loss ratio, made run by run; its runs are at least as long as independent loss has."""
    leave = min(1 / mean_run, 1 - ratio)
    enter = leave * ratio / (1 - ratio)
    is_lost, flags = random.random() < ratio, list[bool]()
    while len(flags) < packets:
        length = 1 + int(math.log(1 - random.random()) / math.log1p(-(leave if is_lost else enter)))
        flags += [is_lost] * min(length, packets)
        is_lost = not is_lost
    return flags[:packets]


def _line(world: str, extra_ratio: float, mean_run: float, found: Tally) -> str:
    cells = []
    for count in (found.sign_flip, found.outlier, found.floor, found.holds):
        bound = f" (<= {exact_upper(count, found.runs):.4f})" if not extra_ratio else ""
        cells.append(f"{count / found.runs:.4f}{bound}")
    return f"| {world} | +{extra_ratio * 100:.0f} | {mean_run:.0f} | {found.runs} | " + " | ".join(cells) + " |\n"


def main(runs: int) -> None:
    """Bounds are one-sided, 95 %."""
    sys.stdout.write("| world | points | mean run | runs | sign-flip p < .01 | outlier | low >= 3 points | holds |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|---|\n")
    for extra_ratio in (0.0, *_EXTRAS):
        for world in ("congested", "calm"):
            for mean_run in (1.0, 3.0):
                number = runs if not extra_ratio else max(1, runs // _RUNS_PER_POWER_RUN)
                found = tally(1, number, extra_ratio=extra_ratio, mean_run=mean_run, congested=world == "congested")
                sys.stdout.write(_line(world, extra_ratio, mean_run, found))
                sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
