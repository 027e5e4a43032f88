"""Finds the stretches in which the router's answers stood still: a pure function of a train of echoes.

A radio that sleeps, or scans other channels, holds what comes meanwhile and lets it go at once: the echo that waited
longest comes with the ones behind it, and their round-trip times fall in a ramp (facts/inference.md 5, first row).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import msgspec

# A radio that only saves power wakes with each beacon, every 102.4 ms: what is shorter is no stall.
STALL_MS = 120.0
_LEAST_ECHOES = 4
_LEAST_LOST = 5
# An echo that left later than this tells of this machine, not of the network.
ON_TIME_MS = 12.0
# What is let go together comes within this part of the time over which it was sent, and these milliseconds.
_TOGETHER_RATIO = 0.35
_TOGETHER_MS = 12.0
# So much of what would have been sent meanwhile must have been: else this machine itself stood still.
_SENT_MEANWHILE = 0.6


class Echo(msgspec.Struct, frozen=True):
    """One echo: its number in the schedule, when it left and came back (ms of run time; None: never), how late it
    left, and whether the kernel stamped the answer."""

    number: int
    sent_ms: float
    late_ms: float
    heard_ms: float | None
    kernel_stamped: bool = True

    @property
    def on_time(self) -> bool:
        return self.late_ms <= ON_TIME_MS


class Stall(msgspec.Struct, frozen=True):
    """A stretch in which several echoes were held, and then answered together, or were lost together (`lost`)."""

    began_ms: float
    lasted_ms: float
    lost: bool


def find_stalls(echoes: Sequence[Echo]) -> list[Stall]:
    """Stalls in order. `echoes` may be in any order, with gaps."""
    train = sorted(echoes, key=lambda echo: echo.number)
    interval_ms = _interval_ms(train)
    rtts = [echo.heard_ms - echo.sent_ms for echo in train if echo.heard_ms is not None]
    if not rtts or interval_ms is None:
        return []
    quickest_ms = min(rtts)
    stalls: list[Stall] = []
    at = 0
    while at < len(train):
        members = _held_from(train, at, quickest_ms, interval_ms) or _lost_from(train, at)
        if members:
            stalls.append(_stall(train[at : at + members], quickest_ms, interval_ms))
        at += max(members, 1)
    return stalls


def _interval_ms(train: Sequence[Echo]) -> float | None:
    gaps = [later.sent_ms - earlier.sent_ms for earlier, later in pairwise(train) if later.number - earlier.number == 1]
    return median(gaps) if gaps and median(gaps) > 0 else None


def _held_from(train: Sequence[Echo], at: int, quickest_ms: float, interval_ms: float) -> int:
    """How many echoes from `at` on were held and answered together with it; 0 where that is no stall."""
    first = train[at]
    if first.heard_ms is None or first.heard_ms - first.sent_ms - quickest_ms < STALL_MS:
        return 0
    held = [first]
    for echo in train[at + 1 :]:
        if echo.number != held[-1].number + 1 or echo.sent_ms + quickest_ms >= first.heard_ms:
            break
        if not _came_with(first, echo):
            break
        held.append(echo)
    held_ms = first.heard_ms - first.sent_ms - quickest_ms
    enough = len(held) >= max(_LEAST_ECHOES, _SENT_MEANWHILE * held_ms / interval_ms)
    return len(held) if enough and _is_the_networks(held, train[-1]) else 0


def _came_with(first: Echo, echo: Echo) -> bool:
    """A queue that is merely long lets packets go as slowly as they came: only what comes in a heap was held. What
    comes much later belongs to the next stall."""
    if first.heard_ms is None or echo.heard_ms is None:
        return False
    patience_ms = _TOGETHER_RATIO * (echo.sent_ms - first.sent_ms) + _TOGETHER_MS
    return first.heard_ms - _TOGETHER_MS <= echo.heard_ms <= first.heard_ms + patience_ms


def _is_the_networks(held: Sequence[Echo], last: Echo) -> bool:
    """All left on time; and where we, not the kernel, took the time, we were awake: we still sent when they came."""
    awake = all(echo.kernel_stamped or (echo.heard_ms or 0.0) <= last.sent_ms for echo in held)
    return awake and all(echo.on_time for echo in held)


def _lost_from(train: Sequence[Echo], at: int) -> int:
    """How many echoes from `at` on were lost together, between two that were answered; 0 where that is no stall."""
    end = at
    while end < len(train) and train[end].heard_ms is None and train[end].number - train[at].number == end - at:
        end += 1
    lost = train[at:end]
    between = at > 0 and end < len(train) and train[at - 1].heard_ms is not None
    long = len(lost) >= _LEAST_LOST and lost[-1].sent_ms - lost[0].sent_ms >= STALL_MS
    return len(lost) if between and long and all(echo.on_time for echo in lost) else 0


def _stall(members: Sequence[Echo], quickest_ms: float, interval_ms: float) -> Stall:
    first = members[0]
    if first.heard_ms is None:
        return Stall(first.sent_ms, members[-1].sent_ms - first.sent_ms + interval_ms, lost=True)
    return Stall(first.sent_ms, first.heard_ms - first.sent_ms - quickest_ms, lost=False)
