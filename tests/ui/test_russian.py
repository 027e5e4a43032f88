"""In Russian, nothing on the screens is left in English but names."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
from collections.abc import Iterable
from typing import Any, Final

import pytest
from textual.binding import Binding
from textual.command import CommandInput
from textual.pilot import Pilot
from textual.screen import ModalScreen

from callcheck.engine import plugins
from callcheck.locale import LANGUAGES, translator
from callcheck.submit import consent
from callcheck.submit.settings import Settings
from callcheck.ui import screens
from callcheck.ui.app import CallcheckApp, Opening
from callcheck.ui.glyphs import UNICODE
from callcheck.ui.model import Run, read
from callcheck.ui.opened import run_of
from callcheck.ui.page import Dialog, Page
from callcheck.ui.paint import plain
from callcheck.ui.views.evidence import roots
from callcheck.ui.views.look import Look
from callcheck.ui.views.nodes import Node, book_of
from callcheck.ui.widgets.walk import Walk
from tests.ui.driving import drive, events_of, text_of, until
from tests.ui.pictures import PICTURES, Picture, _Held

SIZE: Final = (120, 50)
_RU: Final = translator("ru")
# Whatever else has three Latin letters in a row on a Russian screen was not translated.
ALLOWED: Final = frozenset(
    {
        *("callcheck", "Telegram", "WhatsApp", "English"),  # names; a language is named in itself
        *("UDP", "TCP", "DNS", "STUN", "QUIC", "DTLS", "NAT", "SNI", "DoH", "DoT", "JSON", "HTML", "UTC"),  # protocols
        *("IPv4", "IPv6", "Wi-Fi", "Markdown", "peer-to-peer"),  # and words that Russians write so
        *("esc", "space", "tab", "enter"),  # what stands on the keys
    }
)
_LATIN: Final = re.compile(r"[A-Za-z][\w.:'-]*")
_SHOWN_AS_IT_IS: Final = (
    r"(?<!\S)~?/[\w./~-]*|\S+/(?=\s|$)",  # paths and folders
    r"`[^`]+`|--(depth|without) \w+|callcheck (run|targets)",  # commands to type
    r"[\w-]+(\.[\w-]+)*\.[a-z]{2,}(:\d+)?",  # hosts and files
    r"\([a-z]+(-\d+)?-[a-z]+-\d(, \w+ \d+)?\)",  # flows, by the names that the report gives them
)


def english_of(text: str, allowed: Iterable[str] = ()) -> set[str]:
    """The words of a text that are neither Russian nor allowed."""
    for pattern in _SHOWN_AS_IT_IS:
        text = re.sub(pattern, " ", text)
    words = {word.rstrip(".:'-") for word in _LATIN.findall(text)}
    return {word for word in words if re.search("[A-Za-z]{3}", word)} - ALLOWED - set(allowed)


def test_english_is_told_from_names() -> None:
    said = "Telegram: paused, обрыв на stun.l.google.com:3478 через UDP, см. /tmp/runs и `callcheck run`; x1 NAT."
    assert english_of(said) == {"paused"}
    assert english_of("lab: сеть", ("lab",)) == set()


def _groups() -> dict[tuple[str, float], dict[str, Picture]]:
    ordered = sorted(PICTURES.items(), key=lambda one: (one[1].journal, one[1].until_s))
    grouped = itertools.groupby(ordered, key=lambda one: (one[1].journal, one[1].until_s))
    return {key: dict(members) for key, members in grouped}


def _opened(journal: str, until_s: float) -> CallcheckApp:
    """On the start screen, or on the result of a golden journal."""
    is_result = journal and not until_s
    opening = Opening(run=run_of(f"{journal}.ndjson", None, events_of(journal))) if is_result else Opening()
    return CallcheckApp(Settings(language="ru"), opening, glyphs=UNICODE)


def _text(app: CallcheckApp) -> str:
    """What the screen shows, of a small one above another its own part alone: it cuts the other's words in two."""
    lines = text_of(app).splitlines()
    if not isinstance(app.screen, ModalScreen):
        return "\n".join(lines)
    boxes = [one.region for one in app.screen.query(".dialog, #--input, #--results") if one.region]
    return "\n".join(one[box.x : box.right] for box in boxes for one in lines[box.y : box.bottom])


async def _rest(pilot: Pilot[int]) -> str:
    """The text of the screen when whatever it waits for has come."""
    app = pilot.app
    assert isinstance(app, CallcheckApp)
    shown: list[str] = []

    def is_at_rest() -> bool:
        is_busy = any(not worker.is_finished for worker in app.workers if worker.group != "run")
        is_reading = app.run_shown.shown.is_over and not app.run_shown.is_read
        shown.append(_text(app))
        return bool(shown[-1].strip()) and not is_busy and not is_reading and shown[-3:] == [shown[-1]] * 3

    await until(pilot, is_at_rest)
    return shown[-1]


async def _texts(pilot: Pilot[int], picture: Picture) -> Iterable[tuple[str, str]]:
    """What the screen of a picture shows, and the commands and the explanation that its palette and its help show."""
    app = pilot.app
    assert isinstance(app, CallcheckApp)
    depth = len(app.screen_stack)
    await _rest(pilot)
    for key in picture.keys:
        await pilot.press(key)
        await _rest(pilot)
    texts = [("screen", await _rest(pilot))]
    if isinstance(app.screen, Page):
        texts.append(("palette", "\n".join(one.title for one in app.get_system_commands(app.screen))))
        texts.append(("help", app.translate(app.screen.explains)))
    while len(app.screen_stack) > depth:
        app.pop_screen()
    return texts


@pytest.mark.parametrize("key", _groups())
def test_every_screen_its_help_and_its_commands_are_in_russian(key: tuple[str, float]) -> None:
    journal, until_s = key
    app = _opened(journal, until_s)
    found: dict[str, set[str]] = {}

    async def steps(pilot: Pilot[int]) -> None:
        if until_s:
            app.conduct(Run(scenario=journal), _Held(events_of(journal), until_s))
            await until(pilot, lambda: app.run_shown.report is not None and bool(app.titles()))
        for name, picture in _groups()[key].items():
            for what, text in await _texts(pilot, picture):
                assert re.search("[а-я]{3}", text), f"{name}: {what} says nothing:\n{text}"
                found[f"{name}: {what}"] = english_of(text, (journal, "data", "runs"))
        app.stop_run()

    drive(app, steps, size=SIZE)
    assert {where: words for where, words in found.items() if words} == {}


def test_dialogs_are_in_russian() -> None:
    app = _opened("", 0.0)
    found: dict[str, set[str]] = {}

    async def steps(pilot: Pilot[int]) -> None:
        for name, arguments in (("consent", ()), ("stop", ()), ("save", ("report.txt", b"x"))):
            app.go(name, *arguments)
            text = await _rest(pilot)
            assert isinstance(app.screen, Dialog)
            found[name] = english_of(text)
            app.pop_screen()
        await pilot.press("f2")
        await _rest(pilot)
        await pilot.press("w")
        found["wipe"] = english_of(await _rest(pilot))
        await pilot.press("escape")
        await _rest(pilot)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.focused, CommandInput))
        found["palette"] = english_of(await _rest(pilot))
        await pilot.press("z", "z")
        await until(pilot, lambda: _RU("Nothing here has these words.") in text_of(app))

    assert not consent.is_given()
    drive(app, steps, size=SIZE)
    assert {where: words for where, words in found.items() if words} == {}


def _labels(nodes: Iterable[Node], depth: int) -> Iterable[str]:
    for node in itertools.islice(nodes, 60):
        yield plain([node.label])
        if node.children is not None and depth:
            yield from _labels(node.children(), depth - 1)


def test_the_evidence_is_in_russian_down_to_the_packets() -> None:
    """What forms and flows are called in the report stays; variants of protocols have names of their own."""
    checks = plugins.load_checks()[0]
    report = read(events_of("udp-prefix"), checks, "ru")
    assert report is not None
    book = book_of(report, Look("ru", UNICODE, 100), {name: check.info.title for name, check in checks.items()})
    protocols = {"abridged", "intermediate", "obfuscated", "noise"}
    labels = list(_labels(roots(book), 6))
    assert any("пробный звонок" in label for label in labels)
    assert {label for label in labels if english_of(label, protocols)} == set()


def _kinds() -> Iterable[type[Any]]:
    yield from (CallcheckApp, Page, Walk)
    for module in pkgutil.iter_modules(screens.__path__, f"{screens.__name__}."):
        for kind in vars(importlib.import_module(module.name)).values():
            if isinstance(kind, type) and issubclass(kind, Page | Dialog) and kind.__module__ == module.name:
                yield kind


def test_keys_and_explanations_are_in_russian() -> None:
    pages = [kind for kind in _kinds() if issubclass(kind, Page) and kind is not Page]
    assert len(pages) >= 8
    assert [kind.__name__ for kind in pages if not re.match("[а-яА-Яc]", _RU(kind.explains))] == []
    texts = [
        one.description for kind in _kinds() for one in kind.__dict__.get("BINDINGS", ()) if isinstance(one, Binding)
    ]
    assert [text for text in texts if text and not re.search("[а-яА-Я]", _RU(text))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_stays_nothing(language: str) -> None:
    """gettext keeps the header of a catalogue under the empty text."""
    assert translator(language)("") == ""
