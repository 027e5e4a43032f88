"""Foreign values as short, harmless text: a file may hold numbers of any size and text of any length."""

from __future__ import annotations

import math
from typing import Final

from callcheck.model import Json
from callcheck.report.printable import printable
from callcheck.verdict.figures import decimal

_LONGEST: Final = 80
_MOST: Final = 8
_DEEPEST: Final = 2
_ELLIPSIS: Final = "…"
# More than any count or stamp of a run; the decimal digits of a longer number may be too many to write.
_MOST_BITS: Final = 63
# Below this, one decimal would round to nothing.
_LEAST_PERCENT: Final = 0.05


def cut(text: str, most: int = _LONGEST) -> str:
    """At most `most` characters, every one of which may be shown."""
    safe = printable(text[:most])
    return safe if len(text) <= most else safe + _ELLIPSIS


def value_text(value: Json, depth: int = 0) -> str:
    """A JSON value in the words of JSON, cut short where it is long."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, str):
        return cut(value)
    if depth >= _DEEPEST:
        return _ELLIPSIS
    if isinstance(value, dict):
        inner = [f"{cut(str(key), 40)}: {value_text(one, depth + 1)}" for key, one in list(value.items())[:_MOST]]
        return f"{{{', '.join(inner)}{_rest(value)}}}"
    inner = [value_text(one, depth + 1) for one in list(value)[:_MOST]]
    return f"[{', '.join(inner)}{_rest(value)}]"


def _rest(value: Json) -> str:
    return f", {_ELLIPSIS}" if len(value) > _MOST else ""


def number_text(value: float) -> str:
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _MOST_BITS else _ELLIPSIS
    if not math.isfinite(value):
        return _ELLIPSIS
    return f"{value:.6g}"


def facts_text(facts: dict[str, Json]) -> str:
    """`name value` pairs, parted by semicolons."""
    shown = [f"{cut(name, 40)} {value_text(value)}" for name, value in list(facts.items())[: 2 * _MOST]]
    return "; ".join(shown) + ("; …" if len(facts) > 2 * _MOST else "")


def seconds_text(time_us: int) -> str:
    """Seconds of run time with two decimals."""
    return f"{time_us / 1e6:.2f}" if time_us.bit_length() <= _MOST_BITS else _ELLIPSIS


def coordinate(value: float) -> str:
    """A place in a drawing, to a tenth."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def percent_text(ratio: float, language: str) -> str:
    """A share in percent, without the sign; a little is never called nothing."""
    percent = 100 * ratio
    return f"<{decimal(0.1, language)}" if 0 < percent < _LEAST_PERCENT else decimal(percent, language)
