"""The answer, from one sentence down to what could not be measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Footer, Label

from callcheck.digest.focus import focus
from callcheck.locale import N_
from callcheck.model import Report, Verdict
from callcheck.ui.keyboard import both
from callcheck.ui.page import Page
from callcheck.ui.paint import Line, safe
from callcheck.ui.views import answer
from callcheck.ui.views.call import call_lines
from callcheck.ui.views.chances import chances_lines
from callcheck.ui.views.look import Look, wrapped
from callcheck.ui.views.path import path_lines
from callcheck.ui.views.progress import run_lines, trouble_lines
from callcheck.ui.widgets.drawing import Drawing

_SPEED = 8.0
_View = Callable[[Report, Look], Sequence[Line]]


class ResultScreen(Page[None]):
    """Shows the report of the run that the app looks at."""

    explains = N_(
        "The sentence on top is the answer; below it stand the way of a call with the broken stretch, what speaks for"
        " the answer and against it, and what you can do. Each fact can be opened down to the packets it rests on."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", N_("Back"), show=False),
        Binding(both("e"), "evidence", N_("Evidence")),
        Binding(both("s"), "share", N_("Share")),
        Binding(both("d"), "deeper", N_("Deeper")),
        Binding(both("c"), "compare", N_("Compare")),
        Binding(both("p"), "play", N_("Replay")),
        Binding(both("n"), "new", N_("New run")),
    ]

    def compose(self) -> ComposeResult:
        yield Drawing(self._head, "head")
        with VerticalScroll(classes="page"):
            yield Drawing(self._headline, "answer")
            yield Drawing(self._trouble, "trouble")
            yield Drawing(self._path, "path")
            yield Drawing(self._drawn(answer.services_lines), "services")
            with Vertical(classes="pair"):
                yield from self._section(N_("For"), lambda columns: self._reasons(columns, 0), "for")
                yield from self._section(N_("Against"), lambda columns: self._reasons(columns, 1), "against")
            with Vertical(classes="pair"):
                yield from self._section(N_("What you can do"), self._drawn(answer.steps_lines), "steps")
                yield from self._section(N_("This could change the answer"), self._drawn(answer.change_lines), "change")
            yield from self._section(N_("How it would sound"), self._drawn(answer.sound_lines), "sound")
            yield from self._section(N_("The call, second by second"), self._call, "call")
            yield from self._section(N_("Also"), self._drawn(answer.others_lines), "others")
            yield from self._section(N_("How likely each explanation is"), self._chances, "chances")
            yield from self._section(N_("Not measured"), self._drawn(answer.gaps_lines), "gaps")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.moved()

    def moved(self) -> None:
        if not self.is_mounted:
            return
        for drawing in self.query(Drawing):
            drawing.redraw()
        verdict = self._verdict
        for outcome in ("works", "degraded", "fails", "unknown"):
            self.query_one("#answer").set_class(verdict is not None and verdict.outcome == outcome, outcome)
        width = max(20, self.size.width - 4)
        for section in self.query(".section"):
            section.display = bool(section.query_one(Drawing).lines(width))
        self.refresh_bindings()

    @property
    def _report(self) -> Report | None:
        return self.home.run_shown.report

    @property
    def _verdict(self) -> Verdict | None:
        return focus(self._report.verdicts if self._report is not None else self.home.run_shown.shown.verdicts)

    def _section(self, title: str, draw: Callable[[int], Sequence[Line]], name: str) -> ComposeResult:
        with Vertical(classes="section"):
            yield Label(self.translate(title), classes="title", markup=False)
            yield Drawing(draw, name)

    def _drawn(self, view: _View) -> Callable[[int], Sequence[Line]]:
        def draw(columns: int) -> Sequence[Line]:
            return view(self._report, self.look(columns)) if self._report is not None else []

        return draw

    def _head(self, columns: int) -> Sequence[Line]:
        return run_lines(self.home.run_shown, self.look(columns))

    def _headline(self, columns: int) -> Sequence[Line]:
        """The answer; until what was measured has been read, the sentence that the file holds."""
        look, verdict = self.look(columns), self._verdict
        if self._report is not None:
            return answer.headline_lines(self._report, look)
        return wrapped(safe(verdict.sentence), look, tone="strong") if verdict is not None else []

    def _path(self, columns: int) -> Sequence[Line]:
        if self._report is None:
            text = "" if self.home.trouble else self.translate(N_("Reading what was measured."))
            return wrapped(text, self.look(columns), tone="dim")
        return [(), *path_lines(self._report, self._verdict, self.look(columns)), ()]

    def _reasons(self, columns: int, side: int) -> Sequence[Line]:
        report, verdict = self._report, self._verdict
        if report is None or verdict is None:
            return []
        look = self.look(columns)
        found = answer.reasons_lines(report, verdict, look)[side]
        return found or [((self.translate(N_("nothing")), "dim"),)]

    def _call(self, columns: int) -> Sequence[Line]:
        call = self.home.run_shown.shown.call
        look = self.look(columns)
        return [one for number in range(len(call.rounds)) for one in call_lines(call, look, round_index=number)]

    def _chances(self, columns: int) -> Sequence[Line]:
        return chances_lines(self._verdict, self.look(columns), most=5)[1:]

    def _trouble(self, columns: int) -> Sequence[Line]:
        return trouble_lines(self.home.run_shown, is_over=True, look=self.look(columns), trouble=self.home.trouble)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's own
        if action in {"evidence", "share", "compare"}:
            return self._report is not None
        if action == "deeper":
            return self.home.can_go_deeper
        return True

    def action_evidence(self) -> None:
        self.home.go("evidence")

    def action_share(self) -> None:
        self.home.go("share")

    def action_compare(self) -> None:
        self.home.go("compare")

    def action_deeper(self) -> None:
        self.home.go_deeper()

    def action_play(self) -> None:
        self.home.play(self.home.run_shown, _SPEED)

    def action_new(self) -> None:
        while len(self.app.screen_stack) > 1:
            self.app.pop_screen()
