"""What measuring discloses, and whether that is agreed to."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Label, Static

from callcheck.submit import consent
from callcheck.submit.consent_text import consent_text
from callcheck.ui.page import Dialog


class ConsentScreen(Dialog[bool]):
    """True if the person agrees: for this once, or remembered."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "refuse", show=False)]

    def compose(self) -> ComposeResult:
        infos = [check.info for check in self.home.checks().values()]
        with Vertical(classes="dialog"):
            yield Label(self.translate("Before it measures"), classes="title", markup=False)
            with VerticalScroll(id="text"):
                yield Static(consent_text(infos, self.home.language), markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self.translate("Agree, remember it"), variant="primary", id="keep")
                yield Button(self.translate("Agree this once"), id="once")
                yield Button(self.translate("No"), id="no")

    @on(Button.Pressed, "#keep")
    def _keep(self) -> None:
        try:
            consent.accept()
        except OSError as error:
            text = self.translate("the consent cannot be kept: {reason}").format(reason=error.strerror or error)
            self.app.notify(text, severity="warning", markup=False)
        self.dismiss(True)

    @on(Button.Pressed, "#once")
    def _once(self) -> None:
        self.dismiss(True)

    @on(Button.Pressed, "#no")
    def action_refuse(self) -> None:
        self.dismiss(False)
