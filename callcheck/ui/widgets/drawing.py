"""A widget that shows lines of a view, drawn anew for the width that it gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from callcheck.ui.paint import Line, content

_LEAST_COLUMNS = 8


class Drawing(Widget):
    """Calls `draw` with the columns that there are. `redraw` when what it shows has changed."""

    DEFAULT_CSS = "Drawing { height: auto; width: 1fr; }"

    def __init__(self, draw: Callable[[int], Sequence[Line]], name: str | None = None) -> None:
        super().__init__(id=name)
        self._draw = draw
        self._drawn: tuple[int, Sequence[Line]] | None = None

    def redraw(self) -> None:
        """Draw anew what has changed; the screen is laid out again only where that takes another number of lines."""
        before = self._drawn
        self._drawn = None
        if before is None:
            self.refresh(layout=True)
        elif (lines := self.lines(before[0])) != before[1]:
            self.refresh(layout=len(lines) != len(before[1]))

    def render(self) -> Content:
        return content(self.lines(self.content_size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's own signature
        return len(self.lines(width))

    def lines(self, columns: int) -> Sequence[Line]:
        # In next to no room, a scrollbar that comes and goes would change the height that makes it come and go.
        columns = max(columns, _LEAST_COLUMNS)
        if self._drawn is None or self._drawn[0] != columns:
            self._drawn = (columns, self._draw(columns))
        return self._drawn[1]
