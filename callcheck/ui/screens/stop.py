"""Somebody wants to leave while it measures."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Label

from callcheck.locale import N_
from callcheck.ui.page import Dialog


class StopScreen(Dialog[None]):
    """Stop and see what is known, go on, or quit."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "go_on", show=False)]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(self.translate(N_("It is still measuring.")), classes="title", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self.translate(N_("Stop, see what is known")), variant="primary", id="stop")
                yield Button(self.translate(N_("Go on")), id="on")
                yield Button(self.translate(N_("Quit")), id="quit")

    @on(Button.Pressed, "#stop")
    def _stop(self) -> None:
        self.home.stop_run()
        self.dismiss()

    @on(Button.Pressed, "#on")
    def action_go_on(self) -> None:
        self.dismiss()

    @on(Button.Pressed, "#quit")
    def _quit(self) -> None:
        self.home.quit_now()
