"""What the loss of one series says about the loss of the path: how bursty it is, and between which bounds it lies."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import NormalDist
from typing import Final

_BLOCK_US: Final = 1_000_000
_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a ratio, each 0 to 1."""

    low: float
    high: float


def burst_ratio(gone: Sequence[bool]) -> float:
    """The mean run of losses over that of independent loss of the same ratio (McGowan 2005); 1 where nothing is lost.

    It equals mean run times (1 - loss), which is 1/(p + r) of a Gilbert chain. It is not the mean run itself.
    """
    runs = sum(1 for lost, _ in groupby(gone) if lost)
    losses = sum(gone)
    return losses / runs * (1 - losses / len(gone)) if runs else 1.0


def loss_bounds(sent_us: Sequence[int], gone: Sequence[bool]) -> Bounds:
    """95 % bounds of the loss ratio: Wilson's interval with as many packets as the series is worth.

    Losses come in bursts, so packets are worth less than their number. The design effect is the variance of the ratio
    between blocks of one second (ratio estimator) over that of independent packets, and at least 1.
    """
    total = len(gone)
    ratio = sum(gone) / total
    worth = total / max(1.0, _design_effect(sent_us, gone, ratio))
    z = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
    centre = (ratio + z * z / (2 * worth)) / (1 + z * z / worth)
    half = z / (1 + z * z / worth) * math.sqrt(ratio * (1 - ratio) / worth + z * z / (4 * worth * worth))
    # Rounding may put a bound a hair beyond the ratio where the two should meet.
    return Bounds(max(0.0, min(ratio, centre - half)), min(1.0, max(ratio, centre + half)))


def _design_effect(sent_us: Sequence[int], gone: Sequence[bool], ratio: float) -> float:
    blocks: dict[int, tuple[int, int]] = {}
    for sent, lost in zip(sent_us, gone, strict=True):
        block = (sent - sent_us[0]) // _BLOCK_US
        packets, losses = blocks.get(block, (0, 0))
        blocks[block] = packets + 1, losses + lost
    independent = ratio * (1 - ratio) * len(gone)
    if len(blocks) < 2 or independent == 0:
        return 1.0
    spread = sum((losses - ratio * packets) ** 2 for packets, losses in blocks.values())
    return spread * len(blocks) / (len(blocks) - 1) / independent
