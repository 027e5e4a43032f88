"""A widget that shows a text as it is, however long."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from callcheck.ui.views.removed import folded


class Preview(ScrollView, can_focus=True):
    """Lines as they are, those that are too long folded behind `mark`; only what is on the screen is drawn."""

    DEFAULT_CSS = "Preview { overflow-x: hidden; overflow-y: scroll; }"

    def __init__(self, name: str, mark: str) -> None:
        super().__init__(id=name)
        self._mark = mark
        self._lines: Sequence[str] = ()
        self._folded: tuple[int, Sequence[str]] = (0, ())

    def show(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._folded = (0, ())
        self.on_resize()

    def on_resize(self) -> None:
        width = self.scrollable_content_region.width
        if self._folded[0] != width and width > 0:
            self._folded = (width, folded(self._lines, width, self._mark))
            self.virtual_size = Size(width, len(self._folded[1]))
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width, lines = self._folded
        at, style = self.scroll_offset.y + y, self.rich_style
        return Strip([Segment(lines[at] if at < len(lines) else "", style)]).adjust_cell_length(width, style)
