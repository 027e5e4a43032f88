"""How a view is to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

from callcheck.locale import translator
from callcheck.ui.glyphs import Glyphs
from callcheck.ui.paint import Line, Piece, Tone
from callcheck.words import Outcome


@dataclass(frozen=True, slots=True)
class Look:
    """The language, the signs, and how many columns there are."""

    language: str
    glyphs: Glyphs
    columns: int

    def translate(self, text: str) -> str:
        return translator(self.language)(text)


def cut(text: str, columns: int, look: Look) -> str:
    """The text in at most so many columns, its end marked where it is left out."""
    if len(text) <= columns:
        return text
    return text[: max(0, columns - 1)] + look.glyphs.ellipsis if columns > 0 else ""


def fitting(pieces: Line, room: int, look: Look) -> Line:
    """The pieces in one line of so many columns; the end is marked where something is left out."""
    taken: list[Piece] = []
    for text, tone in pieces:
        if len(text.rstrip()) > room:
            taken.append((cut(text, room, look), tone))
            break
        taken.append((text[:room], tone))
        room -= len(taken[-1][0])
    return tuple(taken)


def outcome_sign(outcome: Outcome, look: Look) -> str:
    """The sign that stands for an outcome, beside its word."""
    return {
        "works": look.glyphs.done,
        "degraded": "!",
        "fails": look.glyphs.failed,
        "unknown": look.glyphs.doubt,
    }[outcome]


def wrapped(text: str, look: Look, *, first: str = "", rest: str = "", tone: Tone = "") -> list[Line]:
    """The text in as many lines as it takes; `first` and `rest` stand before them."""
    lines: list[Line] = []
    lead = first
    words = text.split()
    current = ""
    for word in words:
        room = max(8, look.columns - len(lead))
        joined = f"{current} {word}" if current else word
        if current and len(joined) > room:
            lines.append(((lead, ""), (current, tone)))
            lead, current = rest, word
        else:
            current = joined
    lines.append(((lead, ""), (current, tone)))
    return lines
