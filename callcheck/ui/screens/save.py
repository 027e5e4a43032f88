"""Under which name the report is saved."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label, Static

from callcheck.locale import N_
from callcheck.submit import saving
from callcheck.ui.page import Dialog
from callcheck.ui.paint import safe


class SaveScreen(Dialog[str]):
    """Asks for a name and saves; stays until that has worked. Its result is where the file stands."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", show=False)]

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__()
        self._proposed = saving.free_name(Path.cwd(), name)
        self._data = data

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(self.translate(N_("Save the report")), classes="title", markup=False)
            text = self.translate("Its name, in this folder unless you name another: {folder}")
            yield Static(safe(text.format(folder=Path.cwd())), markup=False)
            yield Input(self._proposed, id="name")
            yield Static("", id="trouble", classes="hidden", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self.translate(N_("Save")), variant="primary", id="save")
                yield Button(self.translate(N_("Cancel")), id="cancel")

    def on_mount(self) -> None:
        self.query_one("#name").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#save")
    def _begin(self) -> None:
        self.run_worker(self._save(self.query_one("#name", Input).value), exclusive=True)

    async def _save(self, name: str) -> None:
        try:
            path = await asyncio.to_thread(saving.save, name, self._data)
        except saving.SaveError as error:
            sentence = error.sentence(self.translate)
            trouble = self.query_one("#trouble", Static)
            trouble.update(f"{self.home.glyphs.failed} {safe(sentence)}")
            trouble.remove_class("hidden")
        else:
            self.dismiss(str(path))

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        self.dismiss(None)
