"""The way from an answer down to the packets that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Footer, Input, Tree
from textual.widgets.tree import TreeNode

from callcheck.locale import N_
from callcheck.model import Report
from callcheck.ui.keyboard import both
from callcheck.ui.page import Page
from callcheck.ui.paint import Line
from callcheck.ui.views.evidence import matching, roots
from callcheck.ui.views.fields import clipped
from callcheck.ui.views.look import wrapped
from callcheck.ui.views.nodes import Book, Node, book_of
from callcheck.ui.views.progress import run_lines
from callcheck.ui.widgets.drawing import Drawing
from callcheck.ui.widgets.walk import Walk

_WIDE_COLUMNS = 120


class EvidenceScreen(Page[None]):
    """A tree of what was found out, and all there is to tell about the line that is chosen."""

    explains = N_(
        "Open a line to see what it rests on: an answer, what speaks for and against it, the questions that were"
        " asked, and in a test call every packet. +++ speaks firmly for the answer, --- firmly against it; *** is"
        " firm, too, but did not decide; ? could not tell."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", N_("Back"), show=False),
        Binding(both("x"), "next_against", N_("Next against"), key_display="x"),
        Binding(f"{both('f')},slash", "find", N_("Find"), key_display="f"),
        Binding("tab", "app.focus_next", N_("Other side"), show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._shown: Report | None = None
        self._book: Book | None = None
        self._against = -1

    def compose(self) -> ComposeResult:
        yield Drawing(self._head, "head")
        yield Input(placeholder=self.translate(N_("words to look for")), id="words", classes="hidden")
        with Container(id="sides"):
            yield Walk(self.home.glyphs, "walk")
            with VerticalScroll(id="told", can_focus=True):
                yield Drawing(self._detail, "detail")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._walk.focus()
        self._take()

    def on_resize(self) -> None:
        self.set_class(self.size.width >= _WIDE_COLUMNS, "-wide")

    def moved(self) -> None:
        if self.is_mounted:
            self.query_one("#head", Drawing).redraw()
            self._take()

    def _take(self) -> None:
        """Take in the report, if there is one by now that is not shown yet."""
        report = self.home.run_shown.report
        if report is None or report is self._shown:
            return
        self._shown = report
        self._book = book_of(report, self.look(0), self.home.titles())
        self._fill(roots(self._book))

    @property
    def _walk(self) -> Walk:
        return self.query_one(Walk)

    def _fill(self, nodes: Sequence[Node]) -> None:
        """Show these, the first one opened, and below it what speaks for the answer."""
        walk = self._walk
        walk.fill(nodes)
        self._against = -1
        first = walk.root.children[0]
        if first.data is not None and first.data.kind == "verdict":
            for branch in walk.open(first):
                if branch.data is not None and branch.data.kind in {"for", "against"}:
                    walk.open(branch)
        walk.go_to(first)
        self._tell()

    def _head(self, columns: int) -> Sequence[Line]:
        return run_lines(self.home.run_shown, self.look(columns))

    def _detail(self, columns: int) -> Sequence[Line]:
        look = self.look(columns)
        if self._book is None:
            return wrapped(self.translate(N_("Reading what was measured.")), look, tone="dim")
        branch = self._walk.cursor_node
        if branch is None or branch.data is None:
            return []
        return [clipped(one, look) for one in branch.data.detail(look)]

    @on(Tree.NodeHighlighted)
    def _tell(self) -> None:
        self.query_one("#detail", Drawing).redraw()
        self.query_one("#told").scroll_home(animate=False)

    @on(Input.Changed, "#words")
    def _look_for(self, event: Input.Changed) -> None:
        if self._book is not None:
            words = event.value.strip()
            self._fill(matching(words, self._book) if words else roots(self._book))

    @on(Input.Submitted, "#words")
    def _found(self) -> None:
        self._walk.focus()

    def action_find(self) -> None:
        words = self.query_one("#words", Input)
        words.remove_class("hidden")
        words.focus()

    def action_back(self) -> None:
        """First end the looking for words, then leave."""
        words = self.query_one("#words", Input)
        if words.has_class("hidden"):
            super().action_back()
            return
        words.value = ""
        words.add_class("hidden")
        self._walk.focus()

    def action_next_against(self) -> None:
        found = self._all_against()
        if not found:
            self.notify(self.translate(N_("Nothing speaks against any of these answers.")), markup=False)
            return
        self._against = (self._against + 1) % len(found)
        self._walk.go_to(found[self._against])

    def _all_against(self) -> list[TreeNode[Node]]:
        """Every piece of evidence against an answer; opens the lines above them."""
        found: list[TreeNode[Node]] = []
        for answer in self._walk.root.children:
            node = answer.data
            if node is None or node.kind != "verdict" or not _has_against(node):
                continue
            sides = self._walk.open(answer)
            found += [
                item
                for side in sides
                if side.data is not None and side.data.kind == "against"
                for item in self._walk.open(side)
            ]
        return found


def _has_against(answer: Node) -> bool:
    sides = answer.children() if answer.children is not None else ()
    return any(side.kind == "against" and side.children is not None for side in sides)
