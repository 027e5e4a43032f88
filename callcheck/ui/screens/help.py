"""The keys of a screen, what it is for, and what the signs mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from callcheck.locale import N_
from callcheck.ui.keyboard import both
from callcheck.ui.page import Dialog, Page
from callcheck.ui.paint import Line, line
from callcheck.ui.views.look import Look, wrapped
from callcheck.ui.widgets.drawing import Drawing

_KEY_COLUMNS = 10


class HelpScreen(Dialog[None]):
    """Made for the screen that it explains."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(f"escape,question_mark,f1,comma,enter,{both('q')}", "dismiss", show=False)
    ]

    def __init__(self, of: Page[Any]) -> None:
        super().__init__()
        self._of = of

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog"):
            yield Drawing(self._lines)

    def _lines(self, columns: int) -> Sequence[Line]:
        look = Look(self.home.language, self.home.glyphs, columns)
        return [
            *wrapped(self.translate(self._of.explains), look),
            (),
            line((self.translate(N_("Keys")), "accent")),
            *self._keys(),
            (),
            line((self.translate(N_("Signs")), "accent")),
            *self._signs(look),
        ]

    def _keys(self) -> Sequence[Line]:
        return [
            line((f"  {self.app.get_key_display(one)}".ljust(_KEY_COLUMNS), "strong"), one.description)
            for one in self._of.own_bindings()
        ]

    def _signs(self, look: Look) -> Sequence[Line]:
        glyphs = look.glyphs
        signs = (
            (glyphs.done, N_("done, or it works")),
            (glyphs.failed, N_("it does not work; in the picture: a flow fell silent")),
            (glyphs.doubt, N_("not known, or the check did not finish")),
            (glyphs.running, N_("at work")),
            (glyphs.waiting, N_("still to come")),
            (glyphs.broken, N_("here the way is broken")),
        )
        return [line((f"  {sign}".ljust(_KEY_COLUMNS), "strong"), self.translate(text)) for sign, text in signs]
