"""The keys of a screen, what it is for, and what the signs mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Label, Static

from callcheck.locale import N_
from callcheck.ui.keyboard import both
from callcheck.ui.page import Dialog, Page
from callcheck.ui.paint import Line, line
from callcheck.ui.widgets.drawing import Drawing

_KEY_COLUMNS = 10


class HelpScreen(Dialog[None]):
    """Made for the screen that it explains."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(f"escape,question_mark,f1,comma,enter,{both('q')}", "dismiss", show=False)
    ]

    def __init__(self, of: Page[object]) -> None:
        super().__init__()
        self._of = of

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(self.translate(N_("Help")), classes="title", markup=False)
            with VerticalScroll():
                yield Static(self.translate(self._of.explains), markup=False)
                yield Label(self.translate(N_("Keys")), classes="title", markup=False)
                yield Drawing(self._keys)
                yield Label(self.translate(N_("Signs")), classes="title", markup=False)
                yield Drawing(self._signs)

    def _keys(self, columns: int) -> Sequence[Line]:  # noqa: ARG002 - what a Drawing asks for
        return [
            line((f"  {self.app.get_key_display(one)}".ljust(_KEY_COLUMNS), "accent"), one.description)
            for one in self._of.own_bindings()
        ]

    def _signs(self, columns: int) -> Sequence[Line]:  # noqa: ARG002 - as above
        glyphs = self.home.glyphs
        signs = (
            (glyphs.done, N_("done, or it works")),
            (glyphs.failed, N_("it does not work; in the picture: a flow fell silent")),
            (glyphs.doubt, N_("not known, or the check did not finish")),
            (glyphs.running, N_("at work")),
            (glyphs.waiting, N_("still to come")),
            (glyphs.broken, N_("here the way is broken")),
        )
        return [line((f"  {sign}".ljust(_KEY_COLUMNS), "accent"), self.translate(text)) for sign, text in signs]
