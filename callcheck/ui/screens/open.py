"""A run out of a file: those that were kept, those of a folder, or any path."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.widgets import Footer, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from callcheck.locale import N_
from callcheck.submit import files, runs
from callcheck.ui.model import Run
from callcheck.ui.page import Page
from callcheck.ui.paint import content, safe
from callcheck.ui.views.files import folder_line, name_columns, run_line

if TYPE_CHECKING:
    from callcheck.report.sniff import Sniffed

# The list's own edges and scroll bar.
_FRAME_COLUMNS = 7


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    sniffed: Sniffed


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What there is to choose from. `trouble` says why the folder cannot be read, "" where it can."""

    kept: tuple[_File, ...] = ()
    folders: tuple[Path, ...] = ()
    files: tuple[_File, ...] = ()
    trouble: str = ""


class OpenScreen(Page[Run]):
    """Shows the run that is opened; or, to `choose` one for another screen, closes with it."""

    explains = N_(
        "Opens a run that was kept or saved: a report or a journal (the record of everything that happened in a run)."
        " Nothing is measured and nothing leaves this machine. Unfinished runs are what remains of one whose window was"
        " closed or that was stopped: they are shown as far as they went. Whether runs are kept, the settings say."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", N_("Back")),
        Binding("backspace", "up", N_("Folder above")),
        Binding("slash,full_stop", "type", N_("Type a path"), key_display="/"),
        Binding("down", "list", show=False),
    ]
    AUTO_FOCUS = "#found"

    def __init__(self, choose: bool = False, folder: Path | None = None) -> None:
        super().__init__()
        self._chooses = choose
        self._folder = folder
        self._shelf: _Shelf | None = None
        self._choices: list[Path | None] = []

    def compose(self) -> ComposeResult:
        title = N_("Compare with which run?") if self._chooses else N_("Open a saved run")
        yield Label(self.translate(title), classes="title", markup=False)
        yield Input(placeholder=self.translate(N_("Path of a report or journal, or of a folder")), id="path")
        yield Static("", id="said", markup=False)
        yield OptionList(id="found", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._walk(self._folder)

    def on_resize(self, event: Resize) -> None:  # noqa: ARG002 - Textual's own signature
        self._list()

    # What there is

    def _walk(self, folder: Path | None) -> None:
        """Look into a folder; into the one where callcheck was started, for None."""
        self._say(self.translate(N_("Looking for saved runs.")))
        self.run_worker(self._look(folder), group="looking", exclusive=True)

    async def _look(self, folder: Path | None) -> None:
        running = self.home.run_shown.argv if self.home.is_measuring else ()
        self._folder, shelf = await asyncio.to_thread(_found, folder, running)
        self._shelf, trouble = shelf, shelf.trouble
        text = self.translate("The folder {name} cannot be read: {reason}")
        self._say(text.format(name=safe(str(self._folder)), reason=safe(trouble)) if trouble else "", "error")
        self._list()

    def _list(self) -> None:
        """Fill the list for the width that there is."""
        shelf, found = self._shelf, self.query_one("#found", OptionList)
        if shelf is None:
            return
        marked = found.highlighted
        self._choices = []
        found.clear_options()
        look = self.look(max(10, self.size.width - _FRAME_COLUMNS))
        unfinished = [one for one in shelf.kept if not one.sniffed.is_complete]
        self._head(N_("Unfinished: what remains of runs that were cut off or stopped"), bool(unfinished))
        for one in unfinished:
            self._offer(one.path, content([run_line(one.sniffed, "", 0, look, None)]))
        whole = [one for one in shelf.kept if one.sniffed.is_complete]
        self._head(N_("Kept runs"), bool(whole))
        for one in whole:
            self._offer(one.path, content([run_line(one.sniffed, "", 0, look, None)]))
        self._put(Content(safe(self.translate(N_("In the folder {folder}")).format(folder=self._folder))), None)
        columns = name_columns((one.path.name for one in shelf.files), look)
        for one in shelf.files:
            self._offer(one.path, content([run_line(one.sniffed, one.path.name, columns, look, None)]))
        if not shelf.files:
            self._put(content([((self.translate(N_("no saved run stands here")), "dim"),)]), None)
        if self._folder is not None and self._folder.parent != self._folder:
            self._offer(self._folder.parent, content([folder_line("..", look)]))
        for folder in shelf.folders:
            self._offer(folder, content([folder_line(folder.name, look)]))
        found.highlighted = marked if marked is not None else self._first()

    def _head(self, text: str, is_needed: bool) -> None:
        if is_needed:
            self._put(Content(self.translate(text)), None)

    def _offer(self, path: Path, prompt: Content) -> None:
        self._put(Content("  ") + prompt, path)

    def _put(self, prompt: Content, path: Path | None) -> None:
        self._choices.append(path)
        self.query_one("#found", OptionList).add_option(Option(prompt, disabled=path is None))

    def _first(self) -> int | None:
        return next((at for at, path in enumerate(self._choices) if path is not None), None)

    # What is done with it

    @on(OptionList.OptionSelected, "#found")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        path = self._choices[event.option_index]
        if path is not None:
            self._go_to(path)

    @on(Input.Submitted, "#path")
    def _typed(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if text:
            try:
                self._go_to((self._folder or Path()) / Path(text).expanduser())
            except RuntimeError:  # `~name` of nobody
                self._say_refused(text, self.translate(N_("there is no such person on this machine")))

    def _go_to(self, path: Path) -> None:
        if _is_folder(path):
            self.query_one("#found", OptionList).highlighted = None
            self._walk(path)
        elif self.home.is_measuring and not self._chooses:
            self._say(self.translate(N_("It is still measuring: stop that first, then open another run.")), "error")
        else:
            self._say(self.translate("Reading {name}.").format(name=safe(path.name)))
            self.run_worker(self._read(path), group="reading", exclusive=True)

    async def _read(self, path: Path) -> None:
        from callcheck.report.saved import SavedError  # noqa: PLC0415 - what reads runs is loaded when one is read

        try:
            run = await asyncio.to_thread(_run_from, path)
        except OSError as error:
            self._say_refused(path.name, error.strerror or str(error))
        except SavedError as error:
            self._say_refused(path.name, error.sentence(self.translate))
        else:
            self._say("")
            self._hand_over(run)

    def _hand_over(self, run: Run) -> None:
        if self._chooses:
            self.dismiss(run)
            return
        home, folder = self.home, self._folder
        home.stop_run()  # what was played back before
        # Screens of another run would show this one's events beside their own words.
        while len(home.screen_stack) > 1:
            home.pop_screen()
        home.go("open", False, folder)
        home.show_run(run)

    def _say_refused(self, name: str, reason: str) -> None:
        text = self.translate("{name} cannot be opened: {reason}")
        self._say(text.format(name=safe(name), reason=safe(reason)), "error")

    def _say(self, text: str, tone: str = "") -> None:
        said = self.query_one("#said", Static)
        said.update(text)
        said.set_class(not text, "hidden")
        said.set_class(tone == "error", "refused")

    def action_up(self) -> None:
        if self._folder is not None:
            self._go_to(self._folder.parent)

    def action_type(self) -> None:
        self.query_one("#path", Input).focus()

    def action_list(self) -> None:
        self.query_one("#found", OptionList).focus()

    def action_back(self) -> None:
        if self._chooses:
            self.dismiss(None)
        else:
            super().action_back()


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _found(folder: Path | None, running: tuple[str, ...]) -> tuple[Path | None, _Shelf]:
    """What stands in the folder, and the kept runs; a run that is being written now, by its command line, is none."""
    kept = _sniffed(path for path in runs.kept() if str(path) not in running)
    try:
        there = (folder or Path.cwd()).resolve()
    except (OSError, RuntimeError) as error:
        return folder, _Shelf(kept, trouble=str(error))
    try:
        listing = files.listed(there)
    except OSError as error:
        return there, _Shelf(kept, trouble=error.strerror or str(error))
    return there, _Shelf(kept, listing.folders, _sniffed(listing.files))


def _sniffed(paths: Iterable[Path]) -> tuple[_File, ...]:
    from callcheck.report.sniff import sniff  # noqa: PLC0415 - in a thread, as what it loads takes its time

    found = []
    for path in paths:
        try:
            sniffed = sniff(*files.ends(path))
        except OSError:
            continue
        if sniffed is not None:
            found.append(_File(path, sniffed))
    return tuple(found)


def _run_from(path: Path) -> Run:
    """Raises OSError, and SavedError where the file holds no run."""
    from callcheck.model import Report  # noqa: PLC0415 - as above
    from callcheck.report.saved import MAX_BYTES, load  # noqa: PLC0415 - as above
    from callcheck.ui.opened import run_of  # noqa: PLC0415 - as above

    found = load(files.content(path, MAX_BYTES + 1))
    return run_of(path.name, found, []) if isinstance(found, Report) else run_of(path.name, None, found)
