"""Lines of at most 80 columns: the only place where text becomes a page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from callcheck.report.printable import printable

COLUMNS = 80
# A number stays on one line with its unit, and a command in one piece, to be copied.
_IN_ONE_PIECE = re.compile(r"\d (?:ms|s|мс|с|%)(?!\w)|callcheck (?:lab run|run --depth) \S+")
_NO_BREAK = "\u00a0"


def paragraph(text: str, *, first: str = "", rest: str = "") -> list[str]:
    """The text wrapped, its first line after `first` and the others after `rest`."""
    joined = _IN_ONE_PIECE.sub(lambda piece: piece.group().replace(" ", _NO_BREAK), printable(text))
    lines = textwrap.wrap(joined, COLUMNS, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def bullets(texts: Iterable[str], mark: str) -> list[str]:
    """One paragraph a text, each behind its mark."""
    return [line for text in texts for line in paragraph(text, first=f"  {mark} ", rest="    ")]


def section(title: str, texts: Iterable[str], mark: str = "-") -> list[str]:
    """A title and its bullets with an empty line before; nothing where there are no texts."""
    lines = bullets(texts, mark)
    return ["", *paragraph(title), *lines] if lines else []


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell; a line that would be too long is wrapped under its last column."""
    safe = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*safe, strict=True)]
    lines: list[str] = []
    for row in safe:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        lead = "  ".join([*cells, ""])
        last = paragraph(row[-1], rest="")
        if len(lead) + len(row[-1]) <= COLUMNS:
            lines.append((lead + row[-1]).rstrip())
        else:
            lines += [*paragraph(lead), *(f"    {line}" for line in last)]
    return lines
