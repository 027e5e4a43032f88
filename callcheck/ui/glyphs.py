"""The signs that pictures are drawn with, and plain ones for a terminal that has no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Glyphs:
    """`levels` are bars of rising height, the first for nothing. A sign is one column wide."""

    done: str
    failed: str
    doubt: str
    running: str
    waiting: str
    left_out: str
    bullet: str
    full: str
    empty: str
    levels: str
    gap: str
    death: str
    line: str
    dotted: str
    broken: str
    node: str
    ruler: str
    tick: str
    ellipsis: str
    dash: str


UNICODE: Final = Glyphs(
    done="✓",
    failed="✗",
    doubt="?",
    running="●",
    waiting="○",
    left_out="–",
    bullet="•",
    full="█",
    empty="░",
    levels="▁▂▃▄▅▆▇█",
    gap="·",
    death="✗",
    line="─",
    dotted="┄",
    broken="╳",
    node="◉",
    ruler="─",
    tick="┬",
    ellipsis="…",
    dash="–",
)
ASCII: Final = Glyphs(
    done="+",
    failed="x",
    doubt="?",
    running="*",
    waiting="o",
    left_out="-",
    bullet="-",
    full="#",
    empty=".",
    levels="_.:-=+*#",
    gap=" ",
    death="X",
    line="-",
    dotted=".",
    broken="X",
    node="@",
    ruler="-",
    tick="+",
    ellipsis="~",
    dash="-",
)


def glyphs_for(encoding: str | None) -> Glyphs:
    """The signs that a terminal of this encoding can show."""
    try:
        "✓█╳…".encode(encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return UNICODE
