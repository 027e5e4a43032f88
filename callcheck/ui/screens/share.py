"""What a report looks like when it leaves: exactly that, what was taken out of it, and the ways to pass it on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Footer, Label, RadioSet, Static

from callcheck.locale import LANGUAGES, N_
from callcheck.model import Report
from callcheck.redaction.removed import Group
from callcheck.submit import saving
from callcheck.ui import leaving
from callcheck.ui.glyphs import ASCII
from callcheck.ui.keyboard import both
from callcheck.ui.page import Page
from callcheck.ui.paint import Line, content, safe
from callcheck.ui.views import removed as views
from callcheck.ui.views.look import wrapped
from callcheck.ui.views.progress import run_lines
from callcheck.ui.widgets.choice import Radio
from callcheck.ui.widgets.drawing import Drawing
from callcheck.ui.widgets.preview import Preview
from callcheck.verdict.figures import decimal

_LANGUAGE_NAMES: Final = {"en": "English", "ru": "Русский"}
# A form that is not named here, of a plugin that somebody has added, goes by its own name.
_FORM_NAMES: Final = {
    "plain": N_("plain text"),
    "text": N_("for a chat"),
    "short": N_("chat, short"),
    "letter": N_("a letter"),
    "markdown": "Markdown",
    "html": N_("web page"),
    "json": N_("JSON"),
}
# Terminals that take text for the clipboard take about 100 kB of it, written in base64.
_MOST_COPIED_BYTES: Final = 74_000
_WIDE_COLUMNS: Final = 110


class Removals(Drawing):
    """A drawing in which what is gone is struck through."""

    def render(self) -> Content:
        lines = self.lines(self.content_size.width)
        drawn, at = content(lines), 0
        for one in lines:
            for text, tone in one:
                if tone == views.GONE:
                    drawn = drawn.stylize("strike", at, at + len(text))
                at += len(text)
            at += 1
        return drawn


class ShareScreen(Page[None]):
    """Shows the report of the run that the app looks at as it would leave; nothing leaves without a word."""

    explains = N_(
        "On top stands, byte for byte, what you pass on; you choose its form and its language. Beside it or below,"
        " struck through, is what was taken out of it before, and why. Nothing is sent by itself: you save it or"
        " copy it, and give it to whom you like."
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (_WIDE_COLUMNS, "-broad")]  # noqa: RUF012 - Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(both("f"), "next_form(1)", N_("Form")),
        Binding("F,А", "next_form(-1)", N_("The form before"), show=False),
        Binding(both("l"), "next_language", N_("Language")),
        Binding(both("w"), "save", N_("Save")),
        Binding(both("y"), "copy", N_("Copy")),
        Binding(both("u"), "submit", N_("Submit")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._report: Report | None = None
        self._leaving: leaving.Leaving | None = None
        self._gone: dict[str, Sequence[Group]] = {}
        self._trackers: list[str] = []

    def compose(self) -> ComposeResult:
        yield Drawing(lambda columns: run_lines(self.home.run_shown, self.look(columns)), "head")
        with VerticalScroll(classes="page", id="sharing"):
            yield Vertical(id="choices")
            with Container(id="halves"):
                with Vertical(id="leaving"):
                    yield Label(
                        self.translate(N_("Reading what was measured.")), classes="title", id="what", markup=False
                    )
                    yield Preview("preview", "> " if self.home.glyphs is ASCII else "» ")
                with VerticalScroll(id="gone"):
                    yield Label(self.translate(N_("What was taken out of it before")), classes="title", markup=False)
                    yield Removals(self._removed, "removed")
            with Vertical(classes="pair"):
                with Vertical():
                    yield Label(self.translate(N_("What it still says about you")), classes="title", markup=False)
                    yield Drawing(self._says, "says")
                with Vertical():
                    yield Label(self.translate(N_("Who could read it")), classes="title", markup=False)
                    yield Drawing(lambda columns: views.readers_lines(self.look(columns)), "readers")
        yield Static("", id="said", markup=False)
        with Horizontal(classes="buttons", id="ways"):
            yield Button(self.translate(N_("Save")), variant="primary", id="save", disabled=True)
            yield Button(self.translate(N_("Copy")), id="copy", disabled=True)
            yield Button(self.translate(N_("Submit")), id="submit")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.moved()

    def on_resize(self) -> None:
        self.query_one("#gone").can_focus = self.size.width >= _WIDE_COLUMNS
        for choice in self.query(RadioSet):
            self._fit(choice)

    def moved(self) -> None:
        run = self.home.run_shown
        if self._report is None and run.is_read and run.report is not None:
            self._report = run.report
            self.run_worker(self._look_for_forms())

    async def _look_for_forms(self) -> None:
        try:
            forms, self._trackers = await asyncio.to_thread(leaving.installed)
        except Exception as error:  # two plugins of one name, or anything that a foreign package does
            self._fail(error)
            return
        names = {} if self.home.glyphs is ASCII else _LANGUAGE_NAMES
        named = [(name, self.translate(_FORM_NAMES.get(name, name))) for name in forms]
        languages = [(name, names.get(name, name)) for name in LANGUAGES]
        await self.query_one("#choices").mount(
            self._choice(N_("Form"), "form", named, forms[0] if forms else ""),
            self._choice(N_("Language"), "language", languages, self.home.language),
        )
        self.call_after_refresh(self.on_resize)
        self._make()

    def _choice(self, caption: str, name: str, options: Sequence[tuple[str, str]], chosen: str) -> Horizontal:
        buttons = [Radio(Content(safe(text)), value=one == chosen, name=one) for one, text in options]
        return Horizontal(
            Label(self.translate(caption), markup=False, classes="caption"),
            RadioSet(*buttons, id=name),
            classes="choice",
        )

    def _fit(self, choice: RadioSet) -> None:
        """As many columns of options as there is room for."""
        widest = 6 + max((len(str(button.label)) for button in choice.query(Radio)), default=0)
        choice.styles.grid_size_columns = max(1, min(len(choice.children), (self.size.width - 14) // widest))
        choice.styles.grid_columns = str(widest)

    def _chosen(self, name: str) -> str:
        return next((one.name or "" for one in self.query(f"#{name} Radio").results(Radio) if one.value), "")

    def _choose_next(self, name: str, step: int) -> None:
        for choice in self.query(f"#{name}").results(RadioSet):
            buttons = list(choice.query(Radio))
            if buttons:
                buttons[(choice.pressed_index + step) % len(buttons)].value = True

    @on(RadioSet.Changed)
    def _change(self) -> None:
        self.query_one(Preview).scroll_home(animate=False)
        self._make()

    def _make(self) -> None:
        """Make what leaves anew, beside the screen."""
        self._leaving = None
        self._settle(self.translate("Making it ready."))
        if self._report is not None and (form := self._chosen("form")):
            self.run_worker(self._prepare(self._report, form, self._chosen("language")), group="making", exclusive=True)

    async def _prepare(self, report: Report, form: str, language: str) -> None:
        try:
            self._leaving = made = await asyncio.to_thread(leaving.make, report, form, language)
        except Exception as error:  # a form is a plugin, which may fail in its own ways
            self._fail(error)
            return
        kilobytes = decimal(len(made.data) / 1000, self.home.language)
        size = self.translate("{kilobytes} kB, {lines} lines").format(kilobytes=kilobytes, lines=len(made.lines or ()))
        self.query_one(Preview).show(views.shown_by(self.home.glyphs, made.lines or ()))
        if made.lines is None:
            size = self.translate("{kilobytes} kB that cannot be shown as text").format(kilobytes=kilobytes)
        self._settle(self.translate("Exactly this leaves ({size})").format(size=size))
        if language not in self._gone:
            self._gone[language] = await asyncio.to_thread(leaving.taken_out, made)
            self.query_one(Removals).redraw()

    def _fail(self, error: Exception) -> None:
        from callcheck.redaction.leaving import LeakError  # noqa: PLC0415 - as what makes a form

        if isinstance(error, LeakError):
            self._settle(error.sentence(self.translate))
            self.query_one(Preview).show(())
            return
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        self.query_one(Preview).show(())
        self._settle(safe(self.translate("This form cannot be made: {reason}").format(reason=reason)))

    def _settle(self, heading: str) -> None:
        """Say what is shown, and let be done what can be done with it."""
        self.query_one("#what", Label).update(heading)
        for name in ("save", "copy"):
            self.query_one(f"#{name}", Button).disabled = self._leaving is None
        for drawing in self.query(Drawing):
            drawing.redraw()
        self.refresh_bindings()

    def _removed(self, columns: int) -> Sequence[Line]:
        groups = self._gone.get(self._chosen("language"))
        if groups is None:
            return wrapped(self.translate("It is being put together."), self.look(columns), first=" ", tone="dim")
        return views.removed_lines(groups, self.look(columns))

    def _says(self, columns: int) -> Sequence[Line]:
        if self._leaving is None:
            return []
        return views.says_lines(self._leaving.redacted, self._leaving.data, self.look(columns))

    def _say(self, sentence: str, *, is_good: bool) -> None:
        sign = self.home.glyphs.done if is_good else self.home.glyphs.failed
        self.query_one("#said", Static).update(f" {sign} {safe(sentence)}")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's own
        return None if action in {"save", "copy"} and self._leaving is None else True

    def action_next_form(self, step: int) -> None:
        self._choose_next("form", step)

    def action_next_language(self) -> None:
        self._choose_next("language", 1)

    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        if (made := self._leaving) is not None:
            name = saving.proposed_name(made.redacted.run.started_utc, made.suffix)
            self.app.push_screen(self.home.screen_named("save", name, made.data), self._saved)

    def _saved(self, path: str | None) -> None:
        if path is not None:
            self._say(self.translate("Saved: {path}").format(path=path), is_good=True)
            self._renew()

    def _renew(self) -> None:
        """Where the run's number left, the next copy gets another one: no two that left can be matched."""
        if self._leaving is not None and self._leaving.redacted.run.id.encode() in self._leaving.data:
            self._make()

    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        made = self._leaving
        if made is None:
            return
        if made.lines is None:
            self._say(self.translate("This form is no text: save it to a file."), is_good=False)
            return
        if len(made.data) > _MOST_COPIED_BYTES:
            text = self.translate("Too large for the clipboard of a terminal: save it to a file.")
            self._say(text, is_good=False)
            return
        self.app.copy_to_clipboard(made.data.decode("utf-8"))
        text = self.translate("Sent to the terminal's clipboard; some terminals do not take it.")
        self._say(text, is_good=True)
        self._renew()

    @on(Button.Pressed, "#submit")
    def action_submit(self) -> None:
        if not self._trackers:
            text = self.translate("No tracker is installed; the file can be sent by hand.")
        else:
            text = self.translate("Nothing can be submitted from here yet ({names}); the file can be sent by hand.")
            text = text.format(names=", ".join(self._trackers))
        self._say(text, is_good=False)
