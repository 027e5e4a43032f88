"""The app: what is being looked at, how it looks, and the way from screen to screen."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from callcheck.api import Check
from callcheck.engine.errors import PluginError
from callcheck.engine.events import Event, encode_line
from callcheck.locale import N_, language_from, translator
from callcheck.submit.settings import Settings
from callcheck.ui import themes
from callcheck.ui.conductor import Conductor, read_beside
from callcheck.ui.glyphs import ASCII, Glyphs, glyphs_for
from callcheck.ui.keyboard import both, spoken
from callcheck.ui.model import Run
from callcheck.ui.page import Page
from callcheck.ui.source import Measurement, Playback, Source, deeper_argv

# How often the screen follows the run: more often nobody can read, and drawing costs what measuring needs.
_FOLLOW_S = 0.1
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Opening:
    """What the app begins with: a command that measures (the lab's), or a run from a file, played at `speed` unless
    that is 0; the start screen else."""

    argv: Sequence[str] = ()
    scenario: str = ""
    run: Run | None = None
    speed: float = 0.0


class CallcheckApp(App[int]):
    """Ends with the exit code of the run that was measured last, 0 where there was none."""

    CSS_PATH = "callcheck.tcss"
    TITLE = "callcheck"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(both("o"), "open", N_("Open a saved run"), show=False, key_display="o"),
        Binding(both("t"), "targets", N_("Whom it contacts"), show=False, key_display="t"),
        Binding("f2", "settings", N_("Settings"), show=False),
        Binding("f3", "turn_light", N_("Light or dark"), show=False),
        Binding("ctrl+p", "command_palette", N_("All commands"), show=False, priority=True),
    ]

    def __init__(self, settings: Settings, opening: Opening | None = None, *, glyphs: Glyphs | None = None) -> None:
        super().__init__()
        self.settings = settings
        self.language = settings.language or language_from(os.environ)
        self.glyphs = glyphs or glyphs_for(getattr(sys.__stdout__, "encoding", None))
        self.run_shown = Run()
        self.conductor: Conductor | None = None
        self._opening = opening or Opening()
        self._checks: Mapping[str, Check[Any]] | None = None
        self._is_stale = False
        self.trouble = ""
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        for theme in (themes.DARK, themes.LIGHT):
            self.register_theme(theme)
        # Put on before anything is drawn: a theme that changes later has every widget styled once more.
        self.set_reactive(CallcheckApp.theme, themes.LIGHT.name if settings.theme == "light" else themes.DARK.name)
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_class(self.current_theme.dark, "-dark-mode", update=False)
        self.set_class(not self.current_theme.dark, "-light-mode", update=False)
        self.set_class(self.glyphs is ASCII, "-ascii")

    def translate(self, text: str) -> str:
        return translator(self.language)(text)

    def speak(self, language: str) -> None:
        """Speak this language from now on; screens that are open keep theirs until they begin anew."""
        self.language = language
        self._bindings = spoken(type(self), language)

    def checks(self) -> Mapping[str, Check[Any]]:
        """The plugins, loaded when they are first needed: that takes longer than the first paint."""
        if self._checks is None:
            from callcheck.engine import plugins  # noqa: PLC0415 - as the docstring says

            try:
                self._checks = plugins.load_checks()[0]
            except PluginError as error:
                self._checks = {}
                self.trouble = str(error)
        return self._checks

    def titles(self) -> Mapping[str, str]:
        """The names of the checks for people, as far as these are loaded."""
        return {name: check.info.title for name, check in (self._checks or {}).items()}

    def on_mount(self) -> None:
        self.speak(self.language)
        self._heed_signals()
        self.set_interval(_FOLLOW_S, self._follow)
        if self._opening.argv:
            self.measure(self._opening.argv, Run(scenario=self._opening.scenario))
        elif self._opening.run is not None and self._opening.speed > 0:
            self.play(self._opening.run, self._opening.speed)
        elif self._opening.run is not None:
            self.show_run(self._opening.run)

    def get_default_screen(self) -> Screen[Any]:
        return self.screen_named("start")

    def go(self, name: str, *arguments: Any) -> None:
        """Open a screen by the name of its module."""
        self.push_screen(self.screen_named(name, *arguments))

    def screen_named(self, name: str, *arguments: Any) -> Screen[Any]:
        """A screen, loaded when it is first opened: what nobody looks at costs no start-up time."""
        import importlib  # noqa: PLC0415 - used here only

        module = importlib.import_module(f"callcheck.ui.screens.{name}")
        made: Screen[Any] = getattr(module, f"{name.capitalize()}Screen")(*arguments)
        return made

    # What is looked at

    def measure(self, argv: Sequence[str], run: Run | None = None) -> None:
        """Start a measurement and show it."""
        shown = run or Run()
        shown.argv = tuple(argv)
        self.conduct(shown, Measurement(argv))

    def play(self, run: Run, speed: float) -> None:
        """Play a run's events back."""
        self.conduct(Run(run.name, run.scenario, saved=run.saved), Playback(run.events, time.monotonic, speed=speed))

    def show_run(self, run: Run) -> None:
        """Show the result of a run from a file; what it rests on is read meanwhile."""
        self.run_shown = run
        self.go("result")
        self.run_worker(self._read(run), group="reading")

    def stop_run(self) -> None:
        """End the measurement in order, or the playing: what is known until then is shown."""
        if self.conductor is not None:
            self.conductor.source.stop()

    @property
    def is_measuring(self) -> bool:
        conductor = self.conductor
        return conductor is not None and not conductor.is_over and isinstance(conductor.source, Measurement)

    def leave(self) -> None:
        """Quit; where a measurement is at work, ask first what shall become of it."""
        if self.is_measuring:
            self.go("stop")
        else:
            self.exit(self._code())

    def quit_now(self) -> None:
        """End the measurement, and the app without waiting for the rest of it."""
        self.stop_run()
        self.exit(_INTERRUPTED)

    @property
    def can_go_deeper(self) -> bool:
        """Whether the run that is shown was measured just now, to its end, and not yet at the greatest depth."""
        run = self.run_shown
        return bool(run.argv) and run.is_read and run.shown.complete is True and run.shown.depth != "deep"

    def go_deeper(self) -> None:
        """Continue the run that is shown at the greatest depth."""
        if self.can_go_deeper:
            earlier = self._set_aside(self.run_shown.events)
            argv = deeper_argv(self.run_shown.argv, earlier)
            self.measure(argv, Run(scenario=self.run_shown.scenario))

    def _code(self) -> int:
        return self.run_shown.exit_code or 0

    def conduct(self, run: Run, source: Source) -> None:
        """Show a run while its events come from the source."""
        self.run_shown = run
        self.conductor = Conductor(run, source, self._read, self._note_change)
        self.run_worker(self.conductor.work(), group="run", exclusive=True)
        self.go("live")

    async def _read(self, run: Run) -> None:
        checks = await asyncio.to_thread(self.checks)
        try:
            await read_beside(run, checks, self.language)
        except Exception as error:  # the run is shown without its evidence, and says why
            self.trouble = f"{type(error).__name__}: {error}".splitlines()[0]
            run.is_read = run.shown.is_over
        self._note_change()

    @property
    def is_behind(self) -> bool:
        """Whether something has changed that is not drawn yet."""
        return self._is_stale

    def _note_change(self) -> None:
        self._is_stale = True

    def _follow(self) -> None:
        """Draw what has changed since the last look; a page below another one does so when it comes up again."""
        if self._is_stale and isinstance(self.screen, Page):
            self._is_stale = False
            self.screen.moved()

    def _heed_signals(self) -> None:
        """A terminal that was closed, or a polite kill, ends the app and the measurement in order."""
        for name in ("SIGHUP", "SIGTERM"):
            with suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(getattr(signal, name), self.quit_now)

    def _set_aside(self, events: Sequence[Event]) -> str:
        """A passing file with the journal so far, which the process that goes on reads; removed with the app."""
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="callcheck-")
        path = Path(self._scratch.name) / "earlier.ndjson"
        path.write_bytes(b"".join(map(encode_line, events)))
        return str(path)

    # What is always at hand

    async def action_quit(self) -> None:
        """Textual's own key leaves as ours do."""
        self.leave()

    def action_open(self) -> None:
        self.go("open")

    def action_targets(self) -> None:
        self.go("targets")

    def action_settings(self) -> None:
        self.go("settings")

    def action_turn_light(self) -> None:
        self.theme = themes.LIGHT.name if self.theme == themes.DARK.name else themes.DARK.name

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The command palette holds whatever the keys of the screen do, by name."""
        for binding in screen.own_bindings() if isinstance(screen, Page) else ():
            if binding.action != "command_palette":
                yield SystemCommand(binding.description, "", partial(self._act, binding.action))

    def action_command_palette(self) -> None:
        from callcheck.ui.widgets.palette import Palette  # noqa: PLC0415 - read when it is needed

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(self.translate))

    def _act(self, action: str) -> None:
        self.run_worker(self.screen.run_action(action))
