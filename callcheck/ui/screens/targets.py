"""Whom a run contacts, what they learn from it, and what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Footer, Input, Label

from callcheck.api import CheckInfo
from callcheck.locale import N_
from callcheck.model import Target
from callcheck.ui.keyboard import both
from callcheck.ui.page import Page
from callcheck.ui.paint import Line, line
from callcheck.ui.views import targets as views
from callcheck.ui.views.look import wrapped
from callcheck.ui.widgets.drawing import Drawing
from callcheck.words import Depth

if TYPE_CHECKING:
    from callcheck.catalog.cost import Cost

_NEXT: dict[Depth, Depth] = {"quick": "standard", "standard": "deep", "deep": "quick"}


class TargetsScreen(Page[None]):
    """The catalogue of this release; nothing is contacted to show it."""

    explains = N_(
        "Every place that a run contacts, with its door there (TCP or UDP, the two ways to send, and a port number),"
        " what it is to callcheck, and how much goes to and from it in a usual run. The neutral hosts are asked in the"
        " same moments as the services: what both lose is nobody's doing. Besides these, your own router and your own"
        " name server are asked."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", N_("Back")),
        Binding(both("d"), "depth", N_("Depth")),
        Binding("slash,full_stop", "search", N_("Search"), key_display="/"),
        Binding("down", "down", show=False),
    ]
    AUTO_FOCUS = "#all"

    def __init__(self) -> None:
        super().__init__()
        self._targets: tuple[Target, ...] | None = None
        self._cost: Cost | None = None
        self._infos: tuple[CheckInfo, ...] = ()

    def compose(self) -> ComposeResult:
        self._depth: Depth = self.home.settings.depth
        yield Label(self.translate(N_("Whom a run contacts")), classes="title", markup=False)
        yield Drawing(self._totals, "totals")
        yield Input(placeholder=self.translate(N_("Search: a name, a port, a word")), id="filter")
        with VerticalScroll(classes="page", id="all"):
            yield Drawing(self._places, "places")
            yield Label(self.translate(N_("What they learn")), classes="title", markup=False)
            yield Drawing(self._learn, "learn")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.run_worker(self._load(), group="loading", exclusive=True)

    async def _load(self) -> None:
        self._targets, self._cost = await asyncio.to_thread(_catalogue)
        self._redraw()
        checks = await asyncio.to_thread(self.home.checks)
        self._infos = tuple(check.info for check in checks.values())
        self._redraw()

    def _redraw(self) -> None:
        for drawing in self.query(Drawing):
            drawing.redraw()

    def _totals(self, columns: int) -> Sequence[Line]:
        if self._cost is None:
            return [line("")]
        return [views.totals_line(self._cost.moved, self._depth, self.look(columns))]

    def _places(self, columns: int) -> Sequence[Line]:
        look = self.look(columns)
        if self._targets is None or self._cost is None:
            return wrapped(self.translate(N_("Reading the list.")), look, tone="dim")
        listed = views.places(self._targets, self._cost.moved.get(self._depth, {}), look)
        return views.places_lines(views.those_with(self.query_one("#filter", Input).value, listed), look)

    def _learn(self, columns: int) -> Sequence[Line]:
        return views.learn_lines(self._infos, self.look(columns))

    @on(Input.Changed, "#filter")
    def _filter(self) -> None:
        self.query_one("#places", Drawing).redraw()

    @on(Input.Submitted, "#filter")
    def action_down(self) -> None:
        self.query_one("#all").focus()

    def action_search(self) -> None:
        self.query_one("#filter").focus()

    def action_depth(self) -> None:
        self._depth = _NEXT[self._depth]
        self._redraw()


def _catalogue() -> tuple[tuple[Target, ...], Cost]:
    from callcheck.catalog import cost, load  # noqa: PLC0415 - in a thread, as reading it takes its time

    return load.shipped(), cost.shipped()
