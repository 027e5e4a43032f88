"""Finds the sentences to translate in source code, by its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("callcheck", "checks", "reports")
_SINGLE = {"_": 1, "N_": 1, "n_": 2}
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
    name = _name(call.func)
    if name in _SINGLE:
        texts = tuple(_literals(call.args[: _SINGLE[name]]))
        if len(texts) == _SINGLE[name]:
            yield texts
    elif name == _DESCRIPTION:
        for text in _literals(word.value for word in call.keywords if word.arg in _DESCRIBED):
            yield (text,)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _literals(expressions: Iterable[ast.expr]) -> Iterator[str]:
    for expression in expressions:
        if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
            yield expression.value
