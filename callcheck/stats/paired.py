"""Arms in the same blocks of time: folding flows into blocks, the sign-flip test of paired differences, and what tests
of a subject against its controls say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import add
from random import Random
from typing import Final

import msgspec

FEWEST_PAIRS: Final = 20
FEWEST_CONTROLS: Final = 4
_SIGNS_PER_BYTE: Final = 8
# Sums of the same differences in another order may differ by rounding, and still tie.
_TIE: Final = 1e-9


class Block(msgspec.Struct, frozen=True):
    """Packets that one arm sent within one block of time, and how many of them were lost."""

    sent: int
    lost: int

    @property
    def ratio(self) -> float:
        return self.lost / self.sent if self.sent else 0.0


class AgainstControls(msgspec.Struct, frozen=True, kw_only=True):
    """The subject against its controls, as the tests have it. `p` is the sign-flip test's over `pairs` blocks;
    `outlier_p` says how likely one more control would lie so far from the others (None with fewer than four).
    `design_effect` blocks are worth one independent block, or packets one packet."""

    design_effect: float
    p: float
    pairs: int
    outlier_p: float | None
    alpha: float
    outlier_alpha: float

    @property
    def is_outlier(self) -> bool:
        return self.outlier_p is not None and self.outlier_p <= self.outlier_alpha

    @property
    def is_shown(self) -> bool:
        """Whether chance does not explain it, nor how the controls differ by themselves; floors on its size come on
        top (DESIGN 7)."""
        return self.pairs >= FEWEST_PAIRS and self.p <= self.alpha and self.is_outlier


def fold_blocks(
    flows: Iterable[tuple[Sequence[int], Sequence[bool]]], *, origin_us: int, blocks: int, block_us: int = 1_000_000
) -> tuple[Block, ...]:
    """All flows of one arm, each as (sent_us, lost), in `blocks` blocks from `origin_us` on.

    Every arm that is to be compared takes the same origin and number. Packets outside of them do not count.
    """
    sent, lost = Counter[int](), Counter[int]()
    for times_us, losses in flows:
        within = [(sent_us - origin_us) // block_us for sent_us in times_us]
        sent.update(within)
        lost.update([block for block, is_lost in zip(within, losses, strict=True) if is_lost])
    return tuple(Block(sent[block], lost[block]) for block in range(blocks))


def sign_flip_p(differences: Sequence[float], random: Random, flips: int = 10_000) -> float:
    """One-sided p of "the differences lie above 0", by giving each a random sign (facts/inference.md 3.6).

    Exact over all signs where those are at most `flips`; otherwise (count + 1) / (flips + 1), which never is 0. Pairs
    without a difference say nothing and are left out; 1 where none is left.
    """
    told = [difference for difference in differences if difference]
    if not told:
        return 1.0
    least = sum(told) - _TIE * sum(map(abs, told))
    if 2 ** len(told) <= flips:
        sums = _signed_sums(told)
        return sum(map(least.__le__, sums)) / len(sums)
    as_high = sum(map(least.__le__, _random_sums(told, random, flips)))
    return (as_high + 1) / (flips + 1)


def _signed_sums(differences: Sequence[float]) -> list[float]:
    """The sums under all 2**n signs."""
    sums = [0.0]
    for difference in differences:
        sums = [total + difference for total in sums] + [total - difference for total in sums]
    return sums


def _random_sums(differences: Sequence[float], random: Random, flips: int) -> Iterator[float]:
    """Each random byte picks one of the 256 signed sums of eight differences, which leaves the loop to C."""
    padded = [*differences, *[0.0] * (-len(differences) % _SIGNS_PER_BYTE)]
    columns: list[Iterator[float]] = []
    for begin in range(0, len(padded), _SIGNS_PER_BYTE):
        sums = _signed_sums(padded[begin : begin + _SIGNS_PER_BYTE])
        columns.append(map(sums.__getitem__, random.randbytes(flips)))
    return reduce(lambda totals, column: map(add, totals, column), columns)
