"""Confidence intervals, and what theory says of chains of losses and of queues: for the tests of the wires' models."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import Final

from callcheck.lab.wire.spec_entry import Gilbert

NORMAL: Final = NormalDist()
Step = Callable[[int, int], float]  # what it is worth that a packet is lost or not behind one that was lost or not


def binomial_parts(count: int, share: float) -> Iterator[float]:
    for k in range(count + 1):
        ways = math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
        yield math.exp(ways + k * math.log(share) + (count - k) * math.log1p(-share))


def share_holds(hits: int, count: int, share: float, alpha: float) -> bool:
    """Whether the exact interval for `hits` out of `count` holds a share: neither tail is below alpha / 2."""
    parts = list(binomial_parts(count, share))
    return min(math.fsum(parts[: hits + 1]), math.fsum(parts[hits:])) > alpha / 2


def normal_holds(total: float, total_variance: float, alpha: float) -> bool:
    """Whether a sum whose expectation is nought is within the normal interval for its variance."""
    return abs(total) <= NORMAL.inv_cdf(1 - alpha / 2) * math.sqrt(total_variance)


def distribution_holds(values: Iterable[float], theory: Callable[[float], float], alpha: float) -> bool:
    """Whether the band around the distribution of independent values holds all of the theory's (Massart 1990)."""
    ordered = sorted(values)
    count = len(ordered)
    distance = max(max((n + 1) / count - theory(value), theory(value) - n / count) for n, value in enumerate(ordered))
    return distance <= math.sqrt(math.log(2 / alpha) / (2 * count))


class Chain:
    """What theory says of sums over a stationary Gilbert-Elliott chain.

    A vector holds the chances of being in the good and in the bad state.
    """

    def __init__(self, gilbert: Gilbert) -> None:
        p, q = gilbert.p, gilbert.q
        self._start = (q / (p + q), p / (p + q))
        self._moves = ((1 - p, p), (q, 1 - q))
        self._kept = 1 - p - q
        self._losing = (gilbert.k, gilbert.h)

    def _after(self, vector: Sequence[float], lost: int) -> tuple[float, float]:
        """Behind a packet that was lost or not, before the next."""
        seen = [part * (losing if lost else 1 - losing) for part, losing in zip(vector, self._losing, strict=True)]
        first, second = ([part * move for move in row] for part, row in zip(seen, self._moves, strict=True))
        return first[0] + second[0], first[1] + second[1]

    def _valued(self, vector: Sequence[float], step: Step) -> tuple[float, float]:
        """The vector behind two packets, weighted with what their step is worth."""
        ends = [
            [step(before, now) * part for part in self._after(self._after(vector, before), now)]
            for before in (0, 1)
            for now in (0, 1)
        ]
        good, bad = zip(*ends, strict=True)
        return sum(good), sum(bad)

    def expect(self, step: Step) -> float:
        return sum(self._valued(self._start, step))

    def variance(self, step: Step) -> float:
        """The variance per packet of a long sum of steps that expects nought, with all its autocovariances."""
        square = self.expect(lambda before, now: step(before, now) ** 2)
        next_one = sum(
            step(before, now)
            * step(now, then)
            * sum(self._after(self._after(self._after(self._start, before), now), then))
            for before in (0, 1)
            for now in (0, 1)
            for then in (0, 1)
        )
        # From two steps on the covariance shrinks by `_kept` a packet: the weighted vector sums to nought, and such a
        # vector is an eigenvector of a chain of two states.
        behind = self._valued(self._start, step)
        assert abs(sum(behind)) < 1e-12
        return square + 2 * (next_one + sum(self._valued(behind, step)) / (1 - self._kept))

    def sum_holds(self, is_lost: Sequence[bool], step: Step, alpha: float) -> bool:
        worth = [step(before, now) for before, now in pairwise(is_lost)]
        return normal_holds(math.fsum(worth), len(worth) * self.variance(step), alpha)


# Losses


def wait_theory(rate: float, service: Sequence[float]) -> tuple[float, float, float]:
    """For M/G/1 the mean wait, its variance per packet of a long sum, and by how much a sum that begins idle is short.

    `service` has the moments of a service time from the nought-th to the fourth. The moments of the wait are Takacs's.
    What a wait w means for those behind it is (w^2 + 2 w / rate) / (2 idle), by Poisson's equation for the chain of
    waits; that gives the variance with all autocovariances.
    """
    idle = 1 / rate - service[1]
    moments = [1.0]
    for k in range(1, 4):
        parts = (math.comb(k, i) * service[i + 1] / (i + 1) * moments[k - i] for i in range(1, k + 1))
        moments.append(sum(parts) / idle)
    _, first, second, third = moments
    spread = second - first**2
    total = (third - first * second + 2 / rate * spread) / idle - spread
    return first, total, (second + 2 / rate * first) / (2 * idle)
