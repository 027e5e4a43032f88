"""A tree of nodes that are made when they are opened; each line is cut to the room that it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from callcheck.locale import N_
from callcheck.ui.glyphs import ASCII, Glyphs
from callcheck.ui.paint import Tone
from callcheck.ui.views.nodes import Node

_GUIDE_COLUMNS = 2
_COLOURS: dict[str, str] = {
    "good": "success",
    "bad": "error",
    "doubt": "warning",
    "accent": "accent",
}


class Walk(Tree[Node]):
    """Opens with enter, space or right; closes with left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "open_or_enter", N_("Open"), show=False),
        Binding("left", "close_or_leave", N_("Close"), show=False),
    ]

    def __init__(self, glyphs: Glyphs, name: str) -> None:
        super().__init__(Text(""), id=name)
        self.show_root = False
        self.guide_depth = _GUIDE_COLUMNS
        self._ellipsis = glyphs.ellipsis
        if glyphs is ASCII:
            self.show_guides = False
        self._icons = ("v ", "> ") if glyphs is ASCII else ("▼ ", "▶ ")

    def fill(self, nodes: Sequence[Node]) -> None:
        """Show these on top, closed, and nothing else."""
        self.unselect()
        self.clear()
        self.root.expand()
        self._add(self.root, nodes)

    def open(self, branch: TreeNode[Node]) -> Sequence[TreeNode[Node]]:
        """Make what is below a line, if that was not done, show it, and return it."""
        node = branch.data
        if node is not None and node.children is not None and not branch.children:
            self._add(branch, node.children())
        if branch.allow_expand and not branch.is_expanded:
            branch.expand()
        return list(branch.children)

    def go_to(self, branch: TreeNode[Node]) -> None:
        """Put the cursor on a line, and show it."""
        _ = self.last_line  # has the lines counted anew, or those just made had no number
        self.move_cursor(branch)

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Node]) -> None:
        self.open(event.node)

    def action_open_or_enter(self) -> None:
        branch = self.cursor_node
        if branch is None or not branch.allow_expand:
            return
        if not branch.is_expanded:
            self.open(branch)
        elif branch.children:
            self.go_to(branch.children[0])

    def action_close_or_leave(self) -> None:
        branch = self.cursor_node
        if branch is None:
            return
        if branch.is_expanded and branch.allow_expand:
            branch.collapse()
        elif branch.parent is not None and not branch.parent.is_root:
            self.go_to(branch.parent)

    def render_label(self, node: TreeNode[Node], base_style: Style, style: Style) -> Text:
        icon = "" if not node.allow_expand else self._icons[0] if node.is_expanded else self._icons[1]
        if node.data is None:
            return Text("")
        label = Text.assemble(*((text, self._style(tone)) for text, tone in node.data.label), no_wrap=True)
        room = max(4, self.size.width - _GUIDE_COLUMNS * _depth(node) - len(icon) - 2)
        if label.cell_len > room:
            label = label[: room - 1] + Text(self._ellipsis)
        label.stylize(style)
        return Text.assemble((icon or "  ", base_style), label)

    def get_label_width(self, node: TreeNode[Node]) -> int:  # noqa: ARG002 - Textual's own signature
        """As little as can be: every line is cut to the room, so nothing has to be scrolled sideways."""
        return 1

    def _add(self, branch: TreeNode[Node], nodes: Sequence[Node]) -> None:
        for node in nodes:
            branch.add(Text(""), node, allow_expand=node.children is not None)

    def _style(self, tone: Tone) -> Style:
        words = tone.split()
        colour = next((_COLOURS[word] for word in words if word in _COLOURS), "")
        return Style(
            color=self.app.theme_variables.get(colour) if colour else None,
            bold="strong" in words or None,
            dim="dim" in words or None,
        )


def _depth(node: TreeNode[Node]) -> int:
    depth = 0
    while node.parent is not None:
        node = node.parent
        depth += 1
    return depth
