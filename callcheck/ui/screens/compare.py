"""The run that is shown beside another one: what does the difference say?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Footer, Label

from callcheck.api import Check
from callcheck.engine.events import Event, JournalError
from callcheck.locale import N_
from callcheck.model import Report
from callcheck.ui.keyboard import both
from callcheck.ui.model import Run, read
from callcheck.ui.page import Page
from callcheck.ui.paint import Line
from callcheck.ui.views import comparison as views
from callcheck.ui.views.look import Look, wrapped
from callcheck.ui.widgets.drawing import Drawing
from callcheck.verdict.comparison import Comparison

# Longer lines than these are hard to follow.
_WIDEST_COLUMNS = 130
_View = Callable[[Comparison, Look], Sequence[Line]]


class CompareScreen(Page[None]):
    """Network A is the run of the app; the person chooses network B."""

    explains = N_(
        "Two runs side by side, of two networks: measure once over the home line and once over the phone's, say, and"
        " the difference tells whether the trouble belongs to one of them. The runs were not made at the same moment,"
        " so a difference alone accuses nobody."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", N_("Back")),
        Binding(both("c"), "choose", N_("Another run")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._comparison: Comparison | None = None
        self._names = ("", "")
        self._trouble = ""

    def compose(self) -> ComposeResult:
        yield Label(self.translate(N_("Two runs compared")), classes="title", markup=False)
        with VerticalScroll(classes="page"):
            yield Drawing(self._state, "state")
            yield Drawing(self._drawn(lambda one, look: views.sides_lines(one, self._names, look)), "columns")
            yield from self._section(N_("What the difference says"), views.said_lines)
            yield from self._section(N_("What weakens this comparison"), views.caveats_lines)
            yield from self._section(N_("What each test found"), views.found_lines)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.moved()
        self.action_choose()

    def moved(self) -> None:
        width = max(20, self.size.width - 3)
        for drawing in self.query(Drawing):
            drawing.redraw()
        for name in ("#state", "#columns"):
            self.query_one(name).display = bool(self.query_one(name, Drawing).lines(width))
        for section in self.query(".section"):
            section.display = bool(section.query_one(Drawing).lines(width))

    def action_choose(self) -> None:
        self.app.push_screen(self.home.screen_named("open", True), self._take)

    def _take(self, other: Run | None) -> None:
        if other is None and self._comparison is None and not self._trouble:
            self.action_back()
        elif other is not None:
            self._comparison, self._trouble = None, ""
            self.moved()
            self.run_worker(self._compare(self.home.run_shown, other), group="comparing", exclusive=True)

    async def _compare(self, a: Run, b: Run) -> None:
        checks = await asyncio.to_thread(self.home.checks)
        self._names = (a.name, b.name)
        try:
            self._comparison = await asyncio.to_thread(compared, a, b, checks, self.home.language)
        except JournalError as error:
            self._trouble = error.sentence(self.translate)
        except _NotTwoError as error:
            self._trouble = str(error)
        self.moved()

    def _section(self, title: str, view: _View) -> ComposeResult:
        with Vertical(classes="section"):
            yield Label(self.translate(title), classes="title", markup=False)
            yield Drawing(self._drawn(view))

    def _drawn(self, view: _View) -> Callable[[int], Sequence[Line]]:
        def draw(columns: int) -> Sequence[Line]:
            return (
                view(self._comparison, self.look(min(columns, _WIDEST_COLUMNS))) if self._comparison is not None else []
            )

        return draw

    def _state(self, columns: int) -> Sequence[Line]:
        if self._comparison is not None:
            return []
        if self._trouble:
            text = self.translate("They cannot be compared: {reason}").format(reason=self._trouble)
            return wrapped(text, self.look(columns), tone="doubt")
        return wrapped(self.translate(N_("Both runs are judged anew and compared.")), self.look(columns), tone="dim")


class _NotTwoError(ValueError):
    """There are no two runs to compare; the message is for people."""


def compared(a: Run, b: Run, checks: Mapping[str, Check[Any]], language: str) -> Comparison:
    """Takes up to a second for each run that was not read yet. Raises _NotTwoError, or JournalError for no run."""
    from callcheck.digest.comparing import catalogue_of, is_same_run, same_run_text  # noqa: PLC0415 - in a thread
    from callcheck.verdict.compare import compare  # noqa: PLC0415 - as above
    from callcheck.verdict.compare_text import with_sentences  # noqa: PLC0415 - as above

    (report_a, events_a), (report_b, events_b) = (_judged(run, checks, language) for run in (a, b))
    if is_same_run(report_a, report_b):
        raise _NotTwoError(same_run_text(language))
    found = compare(report_a, report_b, catalogue_a=catalogue_of(events_a), catalogue_b=catalogue_of(events_b))
    return with_sentences(found, report_a, report_b, language)


def _judged(run: Run, checks: Mapping[str, Check[Any]], language: str) -> tuple[Report, Sequence[Event]]:
    """The run's report by today's judge, and the events that it was read from."""
    from callcheck.digest.comparing import judged_on_evidence  # noqa: PLC0415 - in a thread

    events = list(run.events)
    if run.saved is not None:
        return judged_on_evidence(run.saved, language), events
    report = run.report if run.is_read else read(events, checks, language)
    if report is None:
        raise JournalError(N_("the journal is no run"))
    return report, events
