"""Series of packets made for the tests: losses by chance, and what a token bucket would do."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random


def gilbert(random: Random, packets: int, loss_ratio: float, mean_run: float | None = None) -> list[bool]:
    """A stationary chain; independent losses without `mean_run`."""
    if mean_run is None:
        return [random.random() < loss_ratio for _ in range(packets)]
    leave = 1 / mean_run
    enter = leave * loss_ratio / (1 - loss_ratio)
    is_lost = random.random() < loss_ratio
    flags = []
    for _ in range(packets):
        flags.append(is_lost)
        is_lost = random.random() >= leave if is_lost else random.random() < enter
    return flags


def ticks_us(packets: int, rate_pps: float) -> list[int]:
    return [round(index * 1e6 / rate_pps) for index in range(packets)]


def bucket(
    sent_us: Sequence[int],
    packet_bytes: int,
    *,
    rate_bps: float,
    depth_bytes: float,
    random: Random | None = None,
    jitter_ms: float = 0.0,
    other_loss_ratio: float = 0.0,
) -> list[bool]:
    """Losses of a policer which starts full; packets reach it late by a normal jitter, and may be lost behind it."""
    random = random if random is not None else Random(0)
    arriving = sorted((at_us + abs(random.gauss(0, 1000 * jitter_ms)), index) for index, at_us in enumerate(sent_us))
    lost = [False] * len(sent_us)
    tokens, before_us = depth_bytes, 0.0
    for at_us, index in arriving:
        tokens = min(depth_bytes, tokens + (at_us - before_us) * rate_bps / 8e6)
        before_us = at_us
        if tokens < packet_bytes:
            lost[index] = True
            continue
        tokens -= packet_bytes
        lost[index] = random.random() < other_loss_ratio
    return lost
