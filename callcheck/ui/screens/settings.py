"""What is remembered: language, light, what a run begins with, whether runs are kept; and how to forget it all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, cast

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Checkbox, Footer, Label, RadioSet, Static

from callcheck.locale import N_, language_from
from callcheck.submit import consent, runs, settings, wiping
from callcheck.submit.settings import Settings
from callcheck.ui import themes
from callcheck.ui.keyboard import both
from callcheck.ui.page import Dialog, Page
from callcheck.ui.paint import safe
from callcheck.ui.views.progress import DEPTHS
from callcheck.ui.widgets.choice import Check, Radio
from callcheck.verdict.names import SERVICES, service_name

# A language is named in itself, so that whoever cannot read the other one finds it.
_LANGUAGES: Final = {"en": "English", "ru": "Русский"}
_THEMES: Final = {"dark": N_("dark"), "light": N_("light")}


class SettingsScreen(Page[None]):
    """Whatever is changed applies at once and is saved."""

    explains = N_(
        "What is chosen here applies at once and is kept in a small file on this machine; until something is changed,"
        " there is no such file. Nothing of it is sent to anybody."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", N_("Back")),
        Binding(both("w"), "wipe", N_("Remove everything")),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._is_stale = False

    def compose(self) -> ComposeResult:
        chosen = self.home.settings
        with VerticalScroll(classes="page", can_focus=False):
            with Vertical(classes="pair"):
                with Vertical():
                    yield from self._choice(N_("Language"), "language", self._languages(), chosen.language)
                    yield from self._choice(N_("Colours"), "theme", self._translated(_THEMES), chosen.theme)
                with Vertical():
                    yield from self._choice(
                        N_("How closely a run looks"), "depth", self._translated(DEPTHS), chosen.depth
                    )
                    yield Label(self.translate(N_("At which services")), classes="title", markup=False)
                    for service in SERVICES:
                        is_chosen = not chosen.services or service in chosen.services
                        yield Check(service_name(service), is_chosen, name=service, classes="service")
            yield Static("", id="said", classes="said", markup=False)
            yield from self._kept(chosen)
        yield Footer(show_command_palette=False)

    def _kept(self, chosen: Settings) -> ComposeResult:
        yield Label(self.translate(N_("What stays on this machine")), classes="title", markup=False)
        yield Check(self.translate(N_("Keep every run")), chosen.keeps_runs, id="keep")
        text = self.translate(
            N_(
                "A kept run can be opened and compared later, even if the window was closed while it measured. It holds"
                " exact times and the addresses of your network: it is for you, and nothing sends it. Folder: {folder}"
            )
        )
        yield Static(text.format(folder=safe(str(runs.folder()))), classes="note", markup=False)
        yield Static("", id="consent", classes="said", markup=False)
        with Horizontal(classes="buttons"):
            yield Button(self.translate(N_("Take the consent back")), id="withdraw")
            yield Button(self.translate(N_("Remove everything")), id="wipe")

    def _choice(self, title: str, name: str, texts: dict[str, str], chosen: str) -> ComposeResult:
        yield Label(self.translate(title), classes="title", markup=False)
        with RadioSet(id=name):
            for value, text in texts.items():
                yield Radio(text, value=value == chosen, name=value)

    def _languages(self) -> dict[str, str]:
        return {"": self.translate(N_("as the system")), **_LANGUAGES}

    def _translated(self, texts: Mapping[Any, str]) -> dict[str, str]:
        return {value: self.translate(text) for value, text in texts.items()}

    def on_mount(self) -> None:
        self.query_one("#language").focus()
        self.query_one("#said").display = False
        self._say_consent()

    @on(RadioSet.Changed)
    def _choose(self, event: RadioSet.Changed) -> None:
        self._change(**{cast("str", event.radio_set.id): event.pressed.name or ""})

    @on(Checkbox.Changed, ".service")
    def _choose_services(self) -> None:
        boxes = list(self.query(".service").results(Check))
        services = tuple(box.name or "" for box in boxes if box.value)
        if services:
            self._change(services=() if len(services) == len(boxes) else services)
        else:
            self._say(self.translate("Choose at least one service."))

    @on(Checkbox.Changed, "#keep")
    def _choose_keeping(self, event: Checkbox.Changed) -> None:
        self._change(keeps_runs=event.value)

    def _change(self, **what: Any) -> None:
        chosen = msgspec.structs.replace(self.home.settings, **what)
        if chosen == self.home.settings:
            return
        self._is_stale = self._is_stale or bool({"language", "depth", "services"} & what.keys())
        self._apply(chosen)
        try:
            settings.save(chosen)
        except OSError as error:
            text = self.translate("This lasts only until you leave, as it cannot be saved: {reason}")
            self._say(text.format(reason=safe(error.strerror or str(error))))
        else:
            self._say("")

    def _apply(self, chosen: Settings) -> None:
        home, before = self.home, self.home.settings
        home.settings = chosen
        if chosen.theme != before.theme:
            home.theme = themes.LIGHT.name if chosen.theme == "light" else themes.DARK.name
        if chosen.language != before.language:
            home.speak(chosen.language or language_from(os.environ))
            home.run_worker(_made_anew([self]), group="anew")

    def _say(self, text: str) -> None:
        said = self.query_one("#said", Static)
        said.update(text)
        said.display = bool(text)
        if text:
            self.notify(text, severity="warning", markup=False)

    def _say_consent(self) -> None:
        is_given = consent.is_given()
        text = (
            N_("You have agreed to measuring: it is not asked for again.")
            if is_given
            else N_("You have not agreed to measuring yet: it is asked for before a run.")
        )
        self.query_one("#consent", Static).update(self.translate(text))
        self.query_one("#withdraw").display = is_given

    @on(Button.Pressed, "#withdraw")
    def _withdraw(self) -> None:
        try:
            consent.wipe()
        except OSError as error:
            self._say(self.translate("it cannot be removed: {reason}").format(reason=error.strerror or error))
        self._say_consent()

    @on(Button.Pressed, "#wipe")
    def action_wipe(self) -> None:
        self.app.push_screen(WipeScreen(), self._wiped)

    def _wiped(self, wiped: wiping.Wiped | None) -> None:
        if wiped is None:
            return
        self._is_stale = True
        self._apply(Settings())
        said = self.translate("Removed.") if wiped.existed else self.translate("There was nothing.")
        texts = (said, wiping.left_text(wiped, self.home.language))
        self.notify("\n".join(safe(text) for text in texts if text), markup=False)
        self.home.run_worker(_made_anew([self]), group="anew")

    def action_back(self) -> None:
        if self._is_stale:
            pages = [page for page in self.app.screen_stack if isinstance(page, Page) and page is not self]
            self.home.run_worker(_made_anew(pages), group="anew")
        super().action_back()


class WipeScreen(Dialog[wiping.Wiped]):
    """Asks once more; closes with what was removed, None where nothing shall be."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "refuse", show=False)]
    AUTO_FOCUS = "#no"

    def compose(self) -> ComposeResult:
        texts = (
            self.translate("These settings, the consent, and the kept runs: {count}.").format(count=len(runs.kept())),
            wiping.beyond_reach(self.home.language),
        )
        with Vertical(classes="dialog"):
            yield Label(self.translate("Remove everything that callcheck keeps here?"), classes="title", markup=False)
            for text in texts:
                yield Static(text, markup=False)
            yield Static("", id="failed", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self.translate(N_("Remove everything")), id="yes")
                yield Button(self.translate(N_("No")), id="no")

    @on(Button.Pressed, "#yes")
    async def _remove(self) -> None:
        try:
            self.dismiss(await asyncio.to_thread(wiping.wipe_all))
        except OSError as error:
            text = self.translate("it cannot be removed: {reason}").format(reason=error.strerror or error)
            self.query_one("#failed", Static).update(text)

    @on(Button.Pressed, "#no")
    def action_refuse(self) -> None:
        self.dismiss(None)


async def _made_anew(pages: Sequence[Page[Any]]) -> None:
    """Let screens begin anew, as what they say was chosen when they were opened."""
    for page in pages:
        await page.recompose()
        page.speak()
        page.on_mount()
