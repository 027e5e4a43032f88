"""What all screens of callcheck have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import ModalScreen, Screen

from callcheck.locale import N_
from callcheck.ui.keyboard import both, own_actions, spoken
from callcheck.ui.views.look import Look

if TYPE_CHECKING:
    from callcheck.ui.app import CallcheckApp

ScreenResultType = TypeVar("ScreenResultType")


class Page(Screen[ScreenResultType]):
    """A screen that speaks the app's language. `explains` is what its help says first."""

    explains: ClassVar[str] = ""
    # Columns beside one another stand one below the other where they have less room.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-broad")]  # noqa: RUF012 - Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "back", N_("Back"), show=False),
        Binding("question_mark,f1,comma", "help", N_("Help"), key_display="?"),
        Binding(f"{both('q')},ctrl+c", "leave", N_("Quit"), key_display="q"),
    ]

    @property
    def home(self) -> CallcheckApp:
        """The app, by its own type."""
        return cast("CallcheckApp", self.app)

    def translate(self, text: str) -> str:
        return self.home.translate(text)

    def look(self, columns: int) -> Look:
        return Look(self.home.language, self.home.glyphs, columns)

    def on_mount(self) -> None:
        self.speak()

    def speak(self) -> None:
        """Have the keys described in the app's language."""
        self._bindings = spoken(type(self), self.home.language)
        self.refresh_bindings()

    def on_screen_resume(self) -> None:
        self.moved()

    @on(Resize)
    def _heed_no_old_size(self, event: Resize) -> None:
        _drop_if_stale(self, event)

    def own_bindings(self) -> list[Binding]:
        """What can be done here and now, each once, without the keys that Textual's own widgets have."""
        own = own_actions(self) | own_actions(self.app)
        active = [one.binding for one in self.active_bindings.values() if one.enabled]
        found: dict[str, Binding] = {}
        for one in active:
            if one.description and one.action in own:
                found.setdefault(one.action, one)
        return list(found.values())

    def moved(self) -> None:
        """The run that the app looks at has changed."""

    def action_back(self) -> None:
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def action_leave(self) -> None:
        self.home.leave()

    def action_help(self) -> None:
        self.home.go("help", self)


def _drop_if_stale(screen: Screen[Any], event: Resize) -> None:
    """A screen that is laid out tells itself its size; two sizes on their way would answer each other for ever."""
    if event.size != screen.app.size:
        event.prevent_default()


class Dialog(ModalScreen[ScreenResultType]):
    """A small screen above another one, in the app's language."""

    # Buttons that do not fit beside one another stand one below the other.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-broad")]  # noqa: RUF012 - Textual declares it so

    @property
    def home(self) -> CallcheckApp:
        """The app, by its own type."""
        return cast("CallcheckApp", self.app)

    def translate(self, text: str) -> str:
        return self.home.translate(text)

    @on(Resize)
    def _heed_no_old_size(self, event: Resize) -> None:
        _drop_if_stale(self, event)
