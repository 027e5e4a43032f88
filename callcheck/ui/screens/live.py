"""While it measures: the checks, the call as a picture, and the verdict as it forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Footer

from callcheck.digest.focus import focus
from callcheck.locale import N_
from callcheck.ui.keyboard import both
from callcheck.ui.page import Page
from callcheck.ui.paint import Line
from callcheck.ui.source import Playback
from callcheck.ui.views.call import call_lines
from callcheck.ui.views.chances import chances_lines
from callcheck.ui.views.checks import checks_lines
from callcheck.ui.views.progress import head_lines, trouble_lines
from callcheck.ui.widgets.drawing import Drawing

# From so many lines on, charts are drawn higher.
_TALL_LINES = 45
_SLOWEST, _FASTEST = 0.5, 256.0


class LiveScreen(Page[None]):
    """Follows the run of the app, and gives way to its result."""

    explains = N_(
        "The checks run from your own line outwards; the last one sends packets like those of a call to the call"
        " servers and, in the same moments, to neutral hosts. What both lose is not anybody's doing. The bars below say"
        " how likely each explanation is so far."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", N_("Stop, and keep what is known")),
        Binding("space", "pause", N_("Pause")),
        Binding("plus,equals_sign", "faster", N_("Faster"), show=False),
        Binding("minus", "slower", N_("Slower"), show=False),
        Binding(f"{both('r')},end", "result", N_("Result")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._has_result = False

    def compose(self) -> ComposeResult:
        yield Drawing(self._head, "head")
        with VerticalScroll(classes="page"):
            yield Drawing(self._checks, "checks")
            yield Drawing(self._call, "call")
            yield Drawing(self._chances, "chances")
            yield Drawing(self._trouble, "trouble")
        yield Footer(show_command_palette=False)

    def moved(self) -> None:
        if not self.is_mounted:
            return
        for drawing in self.query(Drawing):
            drawing.redraw()
        run = self.home.run_shown
        if (run.report is not None) != self._has_result:
            self._has_result = not self._has_result
            self.refresh_bindings()
        if self.is_current and run.is_read and run.shown.is_over:
            self.action_result()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's own
        if action in {"pause", "faster", "slower"}:
            return self._playback is not None
        if action == "result":
            return self.home.run_shown.report is not None
        return True

    @property
    def _playback(self) -> Playback | None:
        conductor = self.home.conductor
        source = conductor.source if conductor is not None else None
        return source if isinstance(source, Playback) else None

    def _head(self, columns: int) -> Sequence[Line]:
        playback = self._playback
        pace = (playback.speed, playback.is_paused) if playback is not None else None
        return head_lines(self.home.run_shown, pace, self.look(columns))

    def _checks(self, columns: int) -> Sequence[Line]:
        run = self.home.run_shown
        return checks_lines(run.shown, self.home.titles(), run.report, self.look(columns))

    def _call(self, columns: int) -> Sequence[Line]:
        shown = self.home.run_shown.shown
        services = dict.fromkeys(verdict.service for verdict in shown.verdicts)
        rows = 3 if self.size.height >= _TALL_LINES else 1
        return call_lines(shown.call, self.look(columns), rows=rows, services=tuple(services))

    def _chances(self, columns: int) -> Sequence[Line]:
        return chances_lines(focus(self.home.run_shown.shown.verdicts), self.look(columns))

    def _trouble(self, columns: int) -> Sequence[Line]:
        conductor = self.home.conductor
        is_over = conductor is None or conductor.is_over
        look = self.look(columns)
        return trouble_lines(self.home.run_shown, is_over=is_over, look=look, trouble=self.home.trouble)

    def action_stop(self) -> None:
        if self.home.conductor is not None and not self.home.conductor.is_over:
            self.home.stop_run()
        else:
            self.app.pop_screen()

    def action_pause(self) -> None:
        if (playback := self._playback) is not None:
            playback.is_paused = not playback.is_paused
            self.moved()

    def action_faster(self) -> None:
        self._set_speed(2.0)

    def action_slower(self) -> None:
        self._set_speed(0.5)

    def _set_speed(self, factor: float) -> None:
        if (playback := self._playback) is not None:
            playback.speed = min(_FASTEST, max(_SLOWEST, playback.speed * factor))
            self.moved()

    def action_result(self) -> None:
        if self.home.run_shown.report is not None:
            self.app.switch_screen(self.home.screen_named("result"))
