"""Pieces of Markdown that tables of a score are made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from callcheck.report.printable import printable

NOTHING: Final = "–"


def listed(title: str, items: Iterable[str]) -> list[str]:
    rows = [f"- {item}" for item in items]
    return [title, "", *rows] if rows else []


def table(heads: tuple[str, ...], rows: Iterable[Iterable[object]]) -> list[str]:
    return [
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
    ]


def ratio(hits: int, of: int) -> str:
    return f"{hits} of {of} ({hits / of:.1%})".replace("%", " %") if of else NOTHING


def many(count: int, noun: str, nouns: str = "") -> str:
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"


def plain(text: str) -> str:
    """Text that may quote a file or a program: it ends no cell and makes no markup."""
    shown = printable(" ".join(text.split()))
    return "".join(f"\\{character}" if character in "\\|`*_[]<>#&!" else character for character in shown)
