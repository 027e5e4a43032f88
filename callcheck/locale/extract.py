"""Finds the sentences to translate in source code, by its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("callcheck", "checks", "reports")
# How many texts a call of that name marks; `translator(language)("...")` and `tr()("...")` mark one as well.
_MARKERS = {"_": 1, "N_": 1, "n_": 2, "translate": 1}
_MAKERS = {"tr", "translator"}
# What a check says of itself is written as plain English literals; the commands translate it when they show it.
_DESCRIPTION, _DESCRIBED = "CheckInfo", ("title", "discloses")


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence in the source: one text, or singular and plural; `place` is its file, relative to the checkout."""

    texts: tuple[str, ...]
    place: str


def marked_in_checkout(root: Path) -> list[Marked]:
    """Every marked sentence under `root`, in order of file and line."""
    files = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))
    return [
        Marked(texts, path.relative_to(root).as_posix())
        for path in files
        for texts in marked_in_source(path.read_text(encoding="utf-8"))
    ]


def marked_in_source(source: str) -> Iterator[tuple[str, ...]]:
    """The marked sentences of one file. Raises SyntaxError where it is no Python."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from _marked_in_call(node)


def _marked_in_call(call: ast.Call) -> Iterator[tuple[str, ...]]:
    count = _count_of_texts(call.func)
    texts = tuple(_literals(call.args[:count]))
    if count and len(texts) == count:
        yield texts
    if _name(call.func) == _DESCRIPTION:
        for text in _literals(word.value for word in call.keywords if word.arg in _DESCRIBED):
            yield (text,)


def _count_of_texts(function: ast.expr) -> int:
    if isinstance(function, ast.Call):
        return 1 if _name(function.func) in _MAKERS else 0
    return _MARKERS.get(_name(function), 0)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _literals(expressions: Iterable[ast.expr]) -> Iterator[str]:
    for expression in expressions:
        if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
            yield expression.value
