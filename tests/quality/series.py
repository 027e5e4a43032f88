"""Series of packets as a measured stream gives them."""

import random
from collections.abc import Callable

from hypothesis import strategies as st

from callcheck.quality.playout import Packet

STEP_US = 20_000
PATH_US = 40_000


def series(packets: int, extra_us: Callable[[int], int] = lambda _: 0, step_us: int = STEP_US) -> list[Packet]:
    """Packets each `step_us`, on the way for 40 ms and `extra_us(sent)` more."""
    return [(sent, sent + PATH_US + extra_us(sent)) for sent in range(0, packets * step_us, step_us)]


def stalls(length_us: int, period_us: int) -> Callable[[int], int]:
    """The path holds everything for `length_us` at the beginning of each period, then lets it all go at once."""
    return lambda sent_us: max(0, length_us - sent_us % period_us)


def lossy(packets: list[Packet], lost: list[bool]) -> list[Packet]:
    return [(sent, None if gone else came) for (sent, came), gone in zip(packets, lost, strict=True)]


def gilbert(chance: random.Random, packets: int, loss_ratio: float, mean_run: float) -> list[bool]:
    """Losses of a Gilbert chain with this ratio and mean run, from its steady state."""
    ends = 1 / mean_run
    begins = ends * loss_ratio / (1 - loss_ratio)
    lost = [chance.random() < loss_ratio]
    while len(lost) < packets:
        lost.append(chance.random() < (1 - ends if lost[-1] else begins))
    return lost


@st.composite
def any_series(draw: st.DrawFn, least: int = 0, most: int = 150) -> list[Packet]:
    """Any series: uneven sending, any delay up to seconds, reordering, loss."""
    count = draw(st.integers(least, most))
    chance = random.Random(draw(st.integers(0, 2**32)))
    loss_ratio, spread_us = draw(st.sampled_from([0.0, 0.05, 0.5, 1.0])), draw(st.sampled_from([0, 30_000, 2_000_000]))
    packets: list[Packet] = []
    sent_us = draw(st.integers(-(10**9), 10**12))
    for _ in range(count):
        sent_us += chance.randrange(0, 60_000)
        came_us = sent_us + 10_000 + chance.randint(0, spread_us)
        packets.append((sent_us, None if chance.random() < loss_ratio else came_us))
    return packets
