"""The mark of a token bucket on one flow: what it lets through keeps to a straight line, which chance does not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

import msgspec

from callcheck.stats.change import best_split
from callcheck.stats.distributions import kuiper_at_most
from callcheck.stats.intervals import Interval
from callcheck.stats.loss import fit_gilbert, gap_variation

_FEWEST_LOSSES: Final = 20
_FEWEST_PASSED: Final = 15  # as PD (facts/inference.md 3.2)
_MOST_CHANCE: Final = 1e-4
# An ideal bucket stays within two packets of its line; the rest is room for jitter and for a little other loss.
_MOST_EXCURSION_PACKETS: Final = 5.0
# Losses in runs that are even over seconds are stalls that come regularly (a Wi-Fi scan), or a counter with a window.
_MOST_BURST_RATIO: Final = 1.05


class PolicerSignature(msgspec.Struct, frozen=True):
    """A flow behind a possible policer, measured from the first loss after its onset to the last loss.

    `rate_bps` is what came through, at the layer of the given packet sizes; its interval allows for one packet and the
    excursion. `excursion_packets` is the span of what came through around its straight line, `chance` the probability
    that independent loss keeps so close to one. `burst_ratio` is 1 for independent loss, `gap_variation` the
    coefficient of variation of the distances between losses. `onset_s` counts from the first packet; what came through
    until then beyond the rate is the depth of the bucket.
    """

    rate_bps: Interval
    offered_bps: float
    loss_ratio: float
    burst_ratio: float
    gap_variation: float
    excursion_packets: float
    chance: float
    onset_s: float

    @property
    def is_policed(self) -> bool:
        """Whether a bucket made these losses. A server's own rate limit and a full queue that nobody else uses leave
        the same mark: `where`, several rates and the delay tell them apart."""
        return (
            self.chance <= _MOST_CHANCE
            and self.excursion_packets <= _MOST_EXCURSION_PACKETS
            and self.burst_ratio <= _MOST_BURST_RATIO
        )


def policer_signature(
    sent_us: Sequence[int], packet_bytes: Sequence[int], lost: Sequence[bool]
) -> PolicerSignature | None:
    """The mark on a flow, or on the flows of one policer merged in order of sending; None with fewer than 20 losses or
    15 packets that came through after the onset. Sizes are above 0.

    The rule "burst ratio < 0.95 and gap variation < 0.5" (facts/inference.md 3.3 a) also holds for independent loss of
    75 % and more, whose gaps vary by sqrt(1 - loss), and misses a bucket's loss below 5 %. Keeping to a straight line
    tells a bucket from chance at any loss: under independent loss the excursion, in units of
    sqrt(n * loss * (1 - loss)), is the span of a Brownian bridge (Kuiper), and losses in runs only widen it.
    """
    marks = (_mark(sent_us, packet_bytes, lost, begin) for begin in _onsets(lost))
    return min((mark for mark in marks if mark is not None), key=lambda mark: mark.chance, default=None)


def _onsets(lost: Sequence[bool]) -> Iterator[int]:
    """The first loss; and the first one behind the likeliest change, as some other loss may come before the onset."""
    for begin in dict.fromkeys((0, best_split(lost)[1])):
        yield next((index for index in range(begin, len(lost)) if lost[index]), len(lost))


def _mark(
    sent_us: Sequence[int], packet_bytes: Sequence[int], lost: Sequence[bool], begin: int
) -> PolicerSignature | None:
    """From the loss at `begin` to the last one. The first is not counted: it only says that the bucket is empty."""
    end = max((index for index, is_lost in enumerate(lost) if is_lost), default=-1) + 1
    times_us, flags, sizes = sent_us[begin:end], lost[begin + 1 : end], packet_bytes[begin + 1 : end]
    losses = sum(flags)
    if losses + 1 < _FEWEST_LOSSES or len(flags) - losses < _FEWEST_PASSED or times_us[-1] <= times_us[0]:
        return None
    variation, fit = gap_variation(flags), fit_gilbert(flags)
    assert variation is not None
    assert fit is not None
    seconds = (times_us[-1] - times_us[0]) / 1e6
    passed_bytes = sum(size for size, is_lost in zip(sizes, flags, strict=True) if not is_lost)
    mean_bytes = sum(sizes) / len(sizes)
    excursion = _excursion_bytes(times_us, sizes, flags) / mean_bytes
    loss_ratio = losses / len(flags)
    doubt_bytes = mean_bytes * (1 + excursion)
    return PolicerSignature(
        rate_bps=Interval(
            max(0.0, passed_bytes - doubt_bytes) * 8 / seconds, (passed_bytes + doubt_bytes) * 8 / seconds
        ),
        offered_bps=sum(sizes) * 8 / seconds,
        loss_ratio=loss_ratio,
        burst_ratio=fit.burst_ratio,
        gap_variation=variation,
        excursion_packets=excursion,
        chance=kuiper_at_most(excursion / math.sqrt(len(flags) * loss_ratio * (1 - loss_ratio))),
        onset_s=(times_us[0] - sent_us[0]) / 1e6,
    )


def _excursion_bytes(sent_us: Sequence[int], sizes: Sequence[int], flags: Sequence[bool]) -> float:
    """Span of the bytes that came through around the line from the first packet to the last. `sent_us` has one time
    more than there are flags, that of the loss at which the line begins."""
    passed = list(accumulate((0 if is_lost else size for size, is_lost in zip(sizes, flags, strict=True)), initial=0))
    slope = passed[-1] / (sent_us[-1] - sent_us[0])
    off = [count - slope * (at_us - sent_us[0]) for at_us, count in zip(sent_us, passed, strict=True)]
    return max(off) - min(off)
