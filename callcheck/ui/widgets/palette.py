"""What the keys of a screen do, to be found by name: Textual's own list, in the app's language."""

from __future__ import annotations

from functools import partial

from textual.command import CommandList, CommandPalette
from textual.content import Content
from textual.widgets.option_list import Option

from callcheck.locale import Translate


class Palette(CommandPalette):
    """`translate` is the app's. Textual has no public way to what it says when nothing is found."""

    def __init__(self, translate: Translate) -> None:
        super().__init__(placeholder=translate("What to do: a word of it"), id="--command-palette")
        self._nothing = translate("Nothing here has these words.")

    def _start_no_matches_countdown(self, search_value: str) -> None:
        self._stop_no_matches_countdown()
        self._no_matches_timer = self.set_timer(
            self._NO_MATCHES_COUNTDOWN, partial(self._say_nothing, is_searching=bool(search_value))
        )

    def _say_nothing(self, *, is_searching: bool) -> None:
        if is_searching:
            nothing = Option(Content(self._nothing), disabled=True, id=self._NO_MATCHES)
            self.query_one(CommandList).add_option(nothing)
        self._list_visible = is_searching
