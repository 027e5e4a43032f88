"""Names and values one below the other, and numbers as a reader wants them. Whatever comes from a file is made safe."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from callcheck.model import Json
from callcheck.ui.paint import Line, Piece, Tone, line, safe
from callcheck.ui.views.look import Look, cut, wrapped

_MOST_CHARACTERS: Final = 4000
_MOST_ITEMS: Final = 40
_GAP: Final = 2


def field_lines(fields: Sequence[tuple[str, str]], look: Look) -> list[Line]:
    """A table of two columns; long values go on in lines of their own column, empty ones are left out."""
    shown = [(name, value) for name, value in fields if value]
    widest = min(max((len(name) for name, _ in shown), default=0), max(8, look.columns // 2 - _GAP))
    return [one for name, value in shown for one in _field(name, value, widest, look)]


def _field(name: str, value: str, widest: int, look: Look) -> list[Line]:
    room = max(8, look.columns - widest - _GAP)
    names = _pieces(name, max(1, widest))
    values = ["".join(text for text, _tone in one) for one in broken(value, look_of(look, room))]
    rows = max(len(names), len(values))
    names += [""] * (rows - len(names))
    values += [""] * (rows - len(values))
    return [line((left.ljust(widest + _GAP), "dim"), right) for left, right in zip(names, values, strict=True)]


def look_of(look: Look, columns: int) -> Look:
    """The same for so many columns."""
    return Look(look.language, look.glyphs, columns)


def broken(text: str, look: Look, *, tone: Tone = "") -> list[Line]:
    """`wrapped`, and words that are wider than the room are broken, too; what is far too long is cut."""
    room = max(8, look.columns)
    whole = text if len(text) <= _MOST_CHARACTERS else _shortened(text, look)
    return wrapped(" ".join(piece for word in whole.split() for piece in _pieces(word, room)), look, tone=tone)


def clipped(one: Line, look: Look) -> Line:
    """The line in the room that there is, its end marked where it is left out."""
    room = look.columns
    kept: list[Piece] = []
    for text, tone in one:
        if len(text) > room:
            return (*kept, (cut(text, room, look), tone))
        kept.append((text, tone))
        room -= len(text)
    return tuple(kept)


def _shortened(text: str, look: Look) -> str:
    more = look.translate("and {count} more characters").format(count=len(text) - _MOST_CHARACTERS)
    return f"{text[:_MOST_CHARACTERS]} {look.glyphs.ellipsis} {more}"


def _pieces(word: str, room: int) -> list[str]:
    return [word[at : at + room] for at in range(0, len(word), room)] or [""]


def data_fields(data: Mapping[str, Json], look: Look, without: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Facts of a check, each under the name that the report gives it: its unit is the name's end."""
    left_out = frozenset(without)
    return [(safe(name), value_text(value, look)) for name, value in data.items() if name not in left_out]


def value_text(value: Json, look: Look) -> str:
    """A number, a word or a list of them."""
    if isinstance(value, bool):
        return look.translate("yes") if value else look.translate("no")
    if value is None:
        return look.glyphs.dash
    if isinstance(value, list | tuple):
        shown = ", ".join(_scalar_text(one) for one in value[:_MOST_ITEMS])
        more = len(value) - _MOST_ITEMS
        return shown if more <= 0 else f"{shown}, {look.translate('and {count} more').format(count=more)}"
    return _scalar_text(value)


def _scalar_text(value: Json) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return safe(value) if isinstance(value, str) else json_text(value)


def json_text(value: object) -> str:
    """As it stands in the report, made safe."""
    return safe(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))


def seconds_text(at_us: int, language: str) -> str:
    """Microseconds as seconds with three decimals; in whole numbers: a file may hold one that no float can."""
    thousandths = at_us // 1000
    sign = "-" if thousandths < 0 else ""
    whole, rest = divmod(abs(thousandths), 1000)
    return f"{sign}{whole}{',' if language == 'ru' else '.'}{rest:03d}"


def number_text(value: float, form: str, language: str) -> str:
    """A number in the form of `format`, with the decimal mark of the language."""
    text = format(value, form)
    return text.replace(".", ",") if language == "ru" else text


def heading(text: str) -> list[Line]:
    """A title with a line above it."""
    return [(), line((text, "accent"))]
