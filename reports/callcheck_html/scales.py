"""Axes: where a value lies in a drawing, and which round numbers stand beside it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from callcheck.verdict.figures import decimal

WIDTH: Final = 340.0
_LEFT, _RIGHT = 6.0, 10.0
_SHARES: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_IN_QUARTERS: Final = (0.02, 0.2, 1.0)
_SECOND_STEPS: Final = (1, 2, 5, 10, 20, 30, 60, 120)
_MOST_TICKS: Final = 7
# A delay beyond this is a broken file's.
LONGEST_MS: Final = 1e7


@dataclass(frozen=True, slots=True)
class Tick:
    """A number below an axis: `x` in the drawing, its text, and on which side of `x` it stands."""

    x: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Axis:
    """From `left` to `right` in the drawing, 0 to `top` in its unit."""

    top: float
    left: float = _LEFT
    right: float = WIDTH - _RIGHT

    def x(self, value: float) -> float:
        return self.left + (self.right - self.left) * min(max(value / self.top, 0.0), 1.0)


def share_top(values: Sequence[float]) -> float:
    """The least round share that all values fit under."""
    most = max(values, default=0.0)
    return next((top for top in _SHARES if most <= top), 1.0)


def delay_top(values: Sequence[float]) -> float:
    """The least of 50, 100, 200, 500, 1000, ... milliseconds that all values fit under."""
    most = min(max(values, default=0.0), LONGEST_MS)
    return next(top for top in _rounded() if most <= top)


def _rounded() -> Iterator[float]:
    for power in count(1):
        yield from (factor * 10.0**power for factor in (5, 10, 15, 20, 30))


def second_ticks(axis: Axis, span_s: int) -> list[Tick]:
    """0 and the round seconds of a round that lasts `span_s`."""
    step = next((step for step in _SECOND_STEPS if span_s / step <= _MOST_TICKS), _SECOND_STEPS[-1])
    return [Tick(axis.x(at), str(at)) for at in range(0, span_s + 1, step)]


def share_ticks(axis: Axis, language: str) -> list[Tick]:
    """Percent, in steps that are round numbers for each of the tops that `share_top` gives."""
    return value_ticks(axis, 100, language, parts=4 if axis.top in _IN_QUARTERS else 5)


def value_ticks(axis: Axis, factor: float, language: str, parts: int) -> list[Tick]:
    """0, the ends of equal parts, and the top, as numbers of `factor` times the axis's unit."""
    ends = {0: "start", parts: "end"}
    values = [(part, axis.top * part / parts) for part in range(parts + 1)]
    return [Tick(axis.x(at), decimal(factor * at, language), ends.get(part, "middle")) for part, at in values]
