"""Buttons to choose with whose state is told by a sign, not by a colour alone."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widgets import Checkbox, RadioButton


class Radio(RadioButton):
    """`(•)` when chosen, `( )` else; `(o)` where the terminal has no such sign."""

    def render(self) -> Content:
        chosen = "o" if self.app.has_class("-ascii") else "•"
        return Content(f"({chosen if self.value else ' '}) {self.label}")

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002 - Textual's own signature
        return 4 + len(str(self.label))


class Check(Checkbox):
    """`[x]` when chosen, `[ ]` else."""

    def render(self) -> Content:
        return Content(f"[{'x' if self.value else ' '}] {self.label}")

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002 - as above
        return 4 + len(str(self.label))
