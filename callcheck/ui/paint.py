"""Styled text without a toolkit: a line is pieces of text, each with a word for what it means.

Views make lines and tests read them; `content` turns them into what Textual draws, in the colours of the theme.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from textual.content import Content

from callcheck.report.printable import printable

Tone = Literal["", "strong", "dim", "good", "bad", "doubt", "accent", "good strong", "bad strong", "doubt strong"]
Piece = tuple[str, Tone]
Line = tuple[Piece, ...]

_STYLES: Final[dict[Tone, str]] = {
    "": "",
    "strong": "bold",
    "dim": "$foreground-muted",
    "good": "$success",
    "bad": "$error",
    "doubt": "$warning",
    "accent": "$accent",
    "good strong": "bold $success",
    "bad strong": "bold $error",
    "doubt strong": "bold $warning",
}


def line(*pieces: Piece | str) -> Line:
    """A line of pieces; a bare text has no tone."""
    return tuple((piece, "") if isinstance(piece, str) else piece for piece in pieces)


def plain(lines: Iterable[Line]) -> str:
    """The text alone."""
    return "\n".join("".join(text for text, _tone in one) for one in lines)


def safe(text: str) -> str:
    """Text from a file or the network, made harmless."""
    return printable(text)


def content(lines: Sequence[Line]) -> Content:
    """What Textual draws. Nothing in the text is taken for markup."""
    drawn = [Content.assemble(*((text, _STYLES[tone]) for text, tone in one)) for one in lines]
    return Content("\n").join(drawn)


def width_of(one: Line) -> int:
    return sum(len(text) for text, _tone in one)
