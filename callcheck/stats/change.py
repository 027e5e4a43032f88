"""Where in a series the loss changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Final

import msgspec

from callcheck.stats.loss import fit_gilbert

# With so many permutations as good as the series the p is known well enough (Besag and Clifford, Biometrika 78, 1991).
_ENOUGH_AS_HIGH: Final = 20


class ChangePoint(msgspec.Struct, frozen=True):
    """Loss changes before the packet `index`; `p` is the chance of so large a change somewhere in an even series."""

    index: int
    loss_before_ratio: float
    loss_after_ratio: float
    log_likelihood_ratio: float
    p: float


def change_point(lost: Sequence[bool], random: Random, permutations: int = 499) -> ChangePoint | None:
    """The split with the largest likelihood ratio, two loss ratios against one (facts/inference.md 3.3 e).

    p comes from permuting the packets. The series' own log likelihood ratio is first divided by the larger design
    effect of the Gilbert chains on its two sides, so that losses in runs do not look like a change. None without both
    losses and successes.
    """
    total, losses = len(lost), sum(lost)
    if losses in {0, total}:
        return None
    entropy = _entropies(total)
    ratio, index = _best_split(_places(lost), total, entropy)
    before, after = lost[:index], lost[index:]
    scaled = ratio / max(_design_effect(before), _design_effect(after))
    # A series and the one with losses and successes exchanged have the same ratio; the rarer kind is quicker to place.
    rarer = min(losses, total - losses)
    as_high = tries = 0
    while tries < permutations and as_high < _ENOUGH_AS_HIGH:
        tries += 1
        as_high += _best_split(sorted(random.sample(range(total), rarer)), total, entropy)[0] >= scaled
    return ChangePoint(
        index=index,
        loss_before_ratio=sum(before) / len(before),
        loss_after_ratio=sum(after) / len(after),
        log_likelihood_ratio=ratio,
        p=as_high / tries if as_high == _ENOUGH_AS_HIGH else (as_high + 1) / (tries + 1),
    )


def best_split(lost: Sequence[bool]) -> tuple[float, int]:
    """Log likelihood ratio of the likeliest change, and index of the first packet behind it; (0, 0) in a series of one
    kind. Says nothing of whether it is a change."""
    return _best_split(_places(lost), len(lost), _entropies(len(lost)))


def _places(lost: Sequence[bool]) -> list[int]:
    return [index for index, is_lost in enumerate(lost) if is_lost]


def _design_effect(lost: Sequence[bool]) -> float:
    fit = fit_gilbert(lost)
    return fit.design_effect if fit is not None else 1.0


def _entropies(most: int) -> list[float]:
    """x log x for each whole number up to `most`."""
    return [0.0, *(count * math.log(count) for count in range(1, most + 1))]


def _best_split(places: Sequence[int], total: int, entropy: Sequence[float]) -> tuple[float, int]:
    """The largest log likelihood ratio and its index, from the places of the losses in order.

    Between two ends of runs the ratio is a convex function of the index, so that its maximum lies beside a loss. Each
    list holds the heights of the splits right before, or right behind, every loss, in one pass each for speed.
    """
    losses = len(places)
    even = entropy[losses] + entropy[total - losses] - entropy[total]
    best, best_index = even, 0
    for behind in (0, 1):
        heights = [
            entropy[before]
            + entropy[index - before]
            - entropy[index]
            + entropy[losses - before]
            + entropy[total - index - losses + before]
            - entropy[total - index]
            for before, index in enumerate([place + behind for place in places], start=behind)
        ]
        highest = max(heights, default=even)
        if highest > best:
            best, best_index = highest, places[heights.index(highest)] + behind
    # A split at either end is none, and has the height of the even series.
    return (best - even, best_index) if 0 < best_index < total else (0.0, 0)
