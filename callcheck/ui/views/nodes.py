"""A tree to walk down, as plain data: what a line of it says, what there is to tell about it, and what is below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from callcheck.model import Evidence, Report, SavedObservation
from callcheck.ui.paint import Line, line, safe
from callcheck.ui.views.look import Look

Kind = Literal[
    "verdict", "for", "against", "others", "evidence", "group", "flow", "second", "packet", "observation", "note"
]
Detail = Callable[[Look], Sequence[Line]]
# So many lines below one another can be looked through, and are made in no time.
_MOST: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """`label` is one line, `detail` tells all for the columns of a Look. `children` are made when they are asked for;
    None where there are none. `evidence` and `observation` are what a node of such a kind stands for."""

    kind: Kind
    label: Line
    detail: Detail
    children: Callable[[], Sequence[Node]] | None = None
    evidence: Evidence | None = None
    observation: SavedObservation | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """A report to walk through. `look` gives labels their language and signs, `titles` checks their names."""

    report: Report
    look: Look
    titles: Mapping[str, str]
    by_seq: Mapping[int, SavedObservation]

    def check_name(self, check: str) -> str:
        """The check's name for people; its own where that is not known."""
        return self.look.translate(self.titles[check]) if check in self.titles else safe(check)


def book_of(report: Report, look: Look, titles: Mapping[str, str]) -> Book:
    return Book(report, look, titles, {one.seq: one for one in report.observations})


def note(text: str, detail: Detail) -> Node:
    """A line that only says something."""
    return Node("note", line((text, "dim")), detail)


def chunked(nodes: Sequence[Node], look: Look, first: int = 1) -> Sequence[Node]:
    """The nodes, or nodes that hold them in portions where they are too many to look through. `first` is the number
    of the first one."""
    if len(nodes) <= _MOST:
        return nodes
    step = _MOST
    while len(nodes) > step * _MOST:
        step *= _MOST
    return [_portion(nodes[at : at + step], first + at, look) for at in range(0, len(nodes), step)]


def _portion(nodes: Sequence[Node], first: int, look: Look) -> Node:
    label = look.translate("{first} to {last}").format(first=first, last=first + len(nodes) - 1)
    shown = line(label)
    return Node("group", shown, lambda _look: [shown], lambda: chunked(nodes, look, first))
