"""Charts made of characters. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from callcheck.ui.glyphs import Glyphs


def column_seconds(seconds: int, columns: int) -> tuple[int, int]:
    """How a time axis fits: how many columns a second takes, or how many seconds a column; the other is 1."""
    if seconds <= 0 or columns <= 0:
        return 1, 1
    if seconds <= columns:
        return max(1, min(4, columns // seconds)), 1
    return 1, -(-seconds // columns)


def axis_columns(seconds: int, columns: int) -> int:
    """How wide the axis is of so many seconds, in the room that there is."""
    per_second, per_column = column_seconds(seconds, columns)
    return -(-seconds // per_column) * per_second


def spread(values: Sequence[float | None], seconds: int, columns: int) -> list[float | None]:
    """The values of the first seconds of an axis, one for each column; of seconds that share a column the largest."""
    per_second, per_column = column_seconds(seconds, columns)
    grouped = [_largest(values[at : at + per_column]) for at in range(0, len(values), per_column)]
    return [value for value in grouped for _ in range(per_second)]


def _largest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def chart(values: Sequence[float | None], low: float, high: float, glyphs: Glyphs, *, rows: int = 1) -> list[str]:
    """Bars from `low` to `high`, top row first. No value is a gap; the least value still shows a foot."""
    steps = len(glyphs.levels)
    heights = [None if value is None else _height(value, low, high, rows * steps) for value in values]
    return ["".join(_cell(height, row, glyphs) for height in heights) for row in range(rows - 1, -1, -1)]


def _height(value: float, low: float, high: float, most: int) -> int:
    share = (value - low) / (high - low) if high > low else 0.0
    return max(1, min(most, round(min(max(share, 0.0), 1.0) * most)))


def _cell(height: int | None, row: int, glyphs: Glyphs) -> str:
    steps = len(glyphs.levels)
    if height is None:
        return glyphs.gap if row == 0 else " "
    above = height - row * steps
    return " " if above <= 0 else glyphs.levels[min(above, steps) - 1]


def axis(seconds: int, columns: int) -> str:
    """Numbers of seconds above the columns where they begin: every fifth or tenth, as they fit."""
    per_second, per_column = column_seconds(seconds, columns)
    step = next((one for one in (5, 10, 20, 30, 60) if one * per_second // per_column >= 6), 60)
    line = ""
    for at in range(0, seconds + 1, step):
        column = at * per_second // per_column
        if not line or column > len(line):
            line = line.ljust(column) + str(at)
    return line


def bar(share: float, columns: int, glyphs: Glyphs) -> tuple[str, str]:
    """The filled and the empty part of a bar; anything above nothing shows at least one filled column."""
    filled = round(min(max(share, 0.0), 1.0) * columns)
    filled = max(filled, 1) if share >= 0.005 else filled
    return glyphs.full * filled, glyphs.empty * (columns - filled)
