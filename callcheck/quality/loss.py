"""What the loss of one series says about the loss of the path: how bursty it is, and between which bounds it lies."""

from collections.abc import Sequence
from typing import Final

from callcheck.stats.intervals import Interval, wilson
from callcheck.stats.loss import loss_runs

_BLOCK_US: Final = 1_000_000


def burst_ratio(gone: Sequence[bool]) -> float:
    """The mean run of losses over that of independent loss of the same ratio (McGowan 2005); 1 where nothing is lost.

    It equals mean run times (1 - loss), which is 1/(p + r) of a Gilbert chain. It is not the mean run itself.
    """
    runs, losses = len(loss_runs(gone)), sum(gone)
    return losses / runs * (1 - losses / len(gone)) if runs else 1.0


def loss_bounds(sent_us: Sequence[int], gone: Sequence[bool]) -> Interval:
    """95 % bounds of the loss ratio: Wilson's interval with as many packets as the series is worth.

    Losses come in bursts, so packets are worth less than their number. The design effect is the variance of the ratio
    between blocks of one second (ratio estimator) over that of independent packets, and at least 1.
    """
    total = len(gone)
    ratio = sum(gone) / total
    return wilson(sum(gone), total, design_effect=max(1.0, _design_effect(sent_us, gone, ratio)))


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
