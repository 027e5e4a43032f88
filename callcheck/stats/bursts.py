"""Burst and gap metrics of a voice stream as RFC 3611 section 4.7.2 has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

RFC_3611_GMIN: Final = 16


@dataclass(frozen=True, slots=True)
class BurstMetrics:
    """Densities are shares of lost packets within bursts and within gaps (RFC 3611 sends them as 1/256). Durations are
    means over the periods; 0 where there is none."""

    bursts: int
    burst_density_ratio: float
    gap_density_ratio: float
    burst_duration_ms: float
    gap_duration_ms: float


def burst_metrics(lost: Sequence[bool], packet_interval_ms: float, gmin: int = RFC_3611_GMIN) -> BurstMetrics:
    """A burst begins and ends with a loss and has fewer than `gmin` packets received in a row within it. A loss with
    that many received on either side, or the edge of the series, is isolated and belongs to the gap."""
    periods = list(_bursts(lost, gmin))
    packets = sum(end - begin for begin, end in periods)
    losses = sum(sum(lost[begin:end]) for begin, end in periods)
    edges = [0, *(edge for period in periods for edge in period), len(lost)]
    gaps = [end - begin for begin, end in zip(edges[::2], edges[1::2], strict=True) if end > begin]
    return BurstMetrics(
        bursts=len(periods),
        burst_density_ratio=losses / packets if packets else 0.0,
        gap_density_ratio=(sum(lost) - losses) / sum(gaps) if gaps else 0.0,
        burst_duration_ms=packets * packet_interval_ms / len(periods) if periods else 0.0,
        gap_duration_ms=sum(gaps) * packet_interval_ms / len(gaps) if gaps else 0.0,
    )


def _bursts(lost: Sequence[bool], gmin: int) -> Iterator[tuple[int, int]]:
    """Begin and end (exclusive) of each burst."""
    at = [index for index, is_lost in enumerate(lost) if is_lost]
    splits = [place for place, (before, after) in enumerate(pairwise(at), start=1) if after - before > gmin]
    for first, behind in pairwise([0, *splits, len(at)]):
        if behind - first > 1:
            yield at[first], at[behind - 1] + 1
