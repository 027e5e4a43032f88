"""The beginning: what you notice, how closely to look, at which services; and what that costs."""

from __future__ import annotations

from typing import ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Footer, Label, RadioSet, Static

from callcheck.locale import N_
from callcheck.submit import runs
from callcheck.ui.keyboard import both
from callcheck.ui.page import Page
from callcheck.ui.source import run_argv
from callcheck.ui.symptoms import SYMPTOMS
from callcheck.ui.widgets.choice import Check, Radio
from callcheck.verdict.figures import decimal
from callcheck.verdict.names import SERVICES, service_name
from callcheck.words import Depth

_DEPTHS: dict[Depth, str] = {
    "quick": N_("quick: 12 s, plain blocks"),
    "standard": N_("standard: a minute, also cut-offs"),
    "deep": N_("deep: 4 min, also throttling"),
}


class StartScreen(Page[None]):
    """Asks what to do, and starts it once the person has agreed to what a run contacts."""

    explains = N_(
        "callcheck measures the way that a call takes, next to neutral ways at the same moment, and says whether your"
        " own network, the service, or somebody who singles out your calls is to blame. Where it cannot tell, it says"
        " so."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(both("n"), "start", N_("Start")),
        Binding(both("o"), "app.open", N_("Open a saved run")),
        Binding(both("t"), "app.targets", N_("Whom it contacts")),
        Binding("f2", "app.settings", N_("Settings")),
    ]

    def compose(self) -> ComposeResult:
        settings = self.home.settings
        with VerticalScroll(classes="page", can_focus=False):
            yield Label("callcheck", classes="title", markup=False)
            yield Static(
                self.translate(N_("Is it my network, the service, or is someone singling out my calls?")), markup=False
            )
            with Vertical(classes="pair"):
                with Vertical():
                    yield Label(self.translate(N_("What do you notice?")), classes="title", markup=False)
                    with RadioSet(id="symptom"):
                        for name, text in SYMPTOMS.items():
                            yield Radio(self.translate(text), value=name == "", name=name)
                with Vertical():
                    yield Label(self.translate(N_("How closely shall it look?")), classes="title", markup=False)
                    with RadioSet(id="depth"):
                        for depth, text in _DEPTHS.items():
                            yield Radio(self.translate(text), value=depth == settings.depth, name=depth)
                    yield Label(self.translate(N_("At which services?")), classes="title", markup=False)
                    for service in SERVICES:
                        is_chosen = not settings.services or service in settings.services
                        yield Check(service_name(service), is_chosen, name=service, classes="service")
            yield Static("", id="cost", markup=False)
            yield Static("", id="unfinished", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self.translate(N_("Start")), variant="primary", id="start")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#start").focus()
        self.call_after_refresh(self._say_cost)
        self.call_after_refresh(self._offer_unfinished)

    @on(RadioSet.Changed, "#depth")
    def _say_cost(self) -> None:
        from callcheck.catalog import cost  # noqa: PLC0415 - read after the first paint

        moved = cost.shipped().moved.get(self._depth, {})
        megabytes = sum(count_bytes for _packets, count_bytes in moved.values()) / 1e6
        text = self.translate("{megabytes} MB to and from {hosts} places. Nothing is submitted to anybody.")
        self.query_one("#cost", Static).update(
            text.format(megabytes=decimal(megabytes, self.home.language), hosts=len(moved))
        )

    def _offer_unfinished(self) -> None:
        """What remains of a kept run whose terminal was closed is offered first of all."""
        from callcheck.report.sniff import sniff  # noqa: PLC0415 - read after the first paint
        from callcheck.submit.files import ends  # noqa: PLC0415 - as above

        try:
            sniffed = next((sniff(*ends(path)) for path in runs.kept()[:1]), None)
        except OSError:
            return
        if sniffed is not None and not sniffed.is_complete:
            when = sniffed.started_utc.removesuffix("Z").replace("T", " ")[:16]
            text = self.translate("The run of {when} UTC was cut short; o opens what it had found.")
            self.query_one("#unfinished", Static).update(text.format(when=when))

    @property
    def _depth(self) -> Depth:
        pressed = self.query_one("#depth", RadioSet).pressed_button
        return cast("Depth", pressed.name) if pressed is not None and pressed.name else "standard"

    @property
    def _symptom(self) -> str:
        pressed = self.query_one("#symptom", RadioSet).pressed_button
        return (pressed.name or "") if pressed is not None else ""

    @property
    def _services(self) -> tuple[str, ...]:
        boxes = list(self.query(".service").results(Check))
        chosen = tuple(box.name or "" for box in boxes if box.value)
        return () if len(chosen) == len(boxes) else chosen

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        from callcheck.submit import consent  # noqa: PLC0415 - read when it is needed

        if not any(box.value for box in self.query(".service").results(Check)):
            self.notify(self.translate("Choose at least one service."), severity="warning", markup=False)
        elif consent.is_given():
            self._start(True)
        else:
            self.app.push_screen(self.home.screen_named("consent"), self._start)

    def _start(self, has_agreed: bool | None) -> None:
        if has_agreed:
            journal = self._new_journal()
            argv = run_argv(depth=self._depth, services=self._services, symptom=self._symptom, journal=journal)
            self.home.measure(argv)

    def _new_journal(self) -> str:
        """The file that the run shall be kept in; "" where none shall, or none can."""
        if not self.home.settings.keeps_runs:
            return ""
        try:
            return str(runs.new_path())
        except OSError as error:
            text = self.translate("this run cannot be kept: {reason}").format(reason=error.strerror or error)
            self.notify(text, severity="warning", markup=False)
            return ""

    def action_back(self) -> None:
        self.action_leave()
