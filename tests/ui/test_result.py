"""The answer on the screen: the same sentences as the plain page, and the way on from it."""

from __future__ import annotations

import re

import pytest
from textual.pilot import Pilot

from callcheck import session
from callcheck.digest.focus import focus
from callcheck.engine import plugins
from callcheck.ui.glyphs import ASCII
from callcheck.ui.page import Page
from callcheck.ui.screens.live import LiveScreen
from callcheck.verdict import explain
from tests.ui.driving import an_app, drive, events_of, read, text_of, until

CHECKS = plugins.load_checks()[0]
_SIGNS = re.compile(r"[▌▏▎│┃•✓✗?!\s]+")


def _words(text: str) -> str:
    """The words of a screen in order, without its frame and its breaks."""
    return _SIGNS.sub(" ", text)


@pytest.mark.parametrize("family", ["udp-prefix", "clean-wired", "offline", "policing", "home-loss", "whole-service"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_screen_says_the_sentences_of_the_report(family: str, language: str) -> None:
    report = session.report_of(events_of(family), CHECKS, language)
    app = an_app(family, language=language)

    async def steps(pilot: Pilot[int]) -> None:
        await read(pilot)
        shown = _words(text_of(app))
        for verdict in report.verdicts:
            assert _words(verdict.sentence).strip() in shown
        first = focus(report.verdicts)
        assert first is not None
        for position in (*first.supporting, *first.against):
            assert explain.claim_text(report.evidence[position], language)[:20] in shown

    drive(app, steps, size=(66, 220))  # one column


def test_a_broken_stretch_is_marked_and_an_unknown_one_is_said_to_be_unknown() -> None:
    for family, wanted in (("udp-prefix", "╳"), ("outage", "do not tell where")):
        app = an_app(family)

        async def steps(pilot: Pilot[int], app: object = app, wanted: str = wanted) -> None:
            await read(pilot)
            assert wanted in text_of(app)

        drive(app, steps, size=(100, 40))


def test_a_terminal_without_our_signs_gets_plain_ones() -> None:
    app = an_app("udp-prefix", glyphs=ASCII)

    async def steps(pilot: Pilot[int]) -> None:
        await read(pilot)
        body = "\n".join(text_of(app).splitlines()[:-1])
        assert "X" in body
        assert not set("✓✗╳─┄█░•…") & set(body)

    drive(app, steps, size=(100, 60))


_KEYS = [("e", "у"), ("s", "ы"), ("c", "с"), ("o", "щ"), ("t", "е"), ("f2", "f2"), ("question_mark", "f1")]


@pytest.mark.parametrize("layout", [0, 1], ids=["latin", "cyrillic"])
def test_every_key_opens_its_screen_on_either_layout_and_escape_leads_back(layout: int) -> None:
    app = an_app("udp-prefix")

    async def steps(pilot: Pilot[int]) -> None:
        await read(pilot)
        before = app.screen
        for pair in _KEYS:
            await pilot.press(pair[layout])
            await until(pilot, lambda: app.screen is not before)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is before)
        await pilot.press(("p", "з")[layout])
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))

    drive(app, steps)


def test_the_palette_holds_what_the_keys_do_in_the_language_of_the_app() -> None:
    app = an_app("udp-prefix", language="ru")

    async def steps(pilot: Pilot[int]) -> None:
        await read(pilot)
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert len(titles) >= 8
        assert [title for title in titles if title.isascii()] == []

    drive(app, steps)


def test_help_names_every_key_of_the_screen() -> None:
    app = an_app("udp-prefix")

    async def steps(pilot: Pilot[int]) -> None:
        await read(pilot)
        page = app.screen
        assert isinstance(page, Page)
        wanted = {one.description for one in page.own_bindings()}
        assert len(wanted) >= 8
        await pilot.press("question_mark")
        await until(pilot, lambda: "Signs" in text_of(app))
        text = text_of(app)
        assert [description for description in wanted if description not in text] == []

    drive(app, steps, size=(100, 70))


def test_a_fact_is_said_on_the_screen_and_not_by_colour_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = an_app("udp-prefix")

    async def steps(pilot: Pilot[int]) -> None:
        await read(pilot)
        text = text_of(app)
        assert "calls ✗ do not work" in text
        assert "messages ✓ work" in text

    drive(app, steps)
