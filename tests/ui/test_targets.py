"""Whom a run contacts, on the screen."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from callcheck.catalog import cost, load
from callcheck.engine.plugins import load_checks
from callcheck.model import Target
from callcheck.ui.glyphs import ASCII, UNICODE
from callcheck.ui.paint import plain
from callcheck.ui.views import targets as views
from callcheck.ui.views.look import Look
from tests.ui.driving import an_app, drive, text_of, until

WIDE = Look("en", UNICODE, 100)


def test_every_place_of_the_catalogue_is_listed_once() -> None:
    shipped = load.shipped()
    listed = views.places(shipped, cost.shipped().moved["standard"], WIDE)
    assert {(one.host, one.door) for one in listed} == {
        (one.host or one.address, f"{one.transport.upper()} {one.port}") for one in shipped
    }
    assert len({(one.group, one.host, one.door) for one in listed}) == len(listed)


def test_what_is_told_adds_up_to_what_a_run_moves() -> None:
    moved = cost.shipped().moved["deep"]
    listed = views.places(load.shipped(), moved, WIDE)
    told = sum(one.moved[1] for one in {(one.host, one.door): one for one in listed}.values() if one.moved)
    assert told == sum(count_bytes for _packets, count_bytes in moved.values())


def test_every_protocol_of_the_catalogue_is_told_in_words() -> None:
    listed = views.places(load.shipped(), {}, WIDE)
    bare = {one.protocol for one in load.shipped()} - {"speed"}
    assert not {use for one in listed for use in one.uses} & bare


def test_words_narrow_the_list_down() -> None:
    listed = views.places(load.shipped(), {}, WIDE)
    relays = views.those_with("TELEGRAM relay", listed)
    assert relays
    assert all(one.group == "Telegram" and one.door.startswith("UDP") for one in relays)
    nothing = views.places_lines(views.those_with("telegram whatsapp", listed), WIDE)
    assert "Nothing in the list" in plain(nothing)


@pytest.mark.parametrize("columns", [20, 40, 78, 198])
def test_nothing_is_wider_than_the_screen(columns: int) -> None:
    look = Look("en", ASCII, columns)
    cost_now = cost.shipped()
    lines = views.places_lines(views.places(load.shipped(), cost_now.moved["quick"], look), look)
    if columns >= 40:
        assert max(len(one) for one in plain(lines).splitlines()) <= columns
        assert len(plain([views.totals_line(cost_now.moved, "quick", look)])) <= columns
    assert plain(views.learn_lines((one.info for one in load_checks()[0].values()), look))


def test_an_overlays_words_are_made_harmless() -> None:
    target = Target(role="subject", service="x\x1b", host="h\x1b[2J", protocol="[b]\x1b", port=1)
    text = plain(views.places_lines(views.places([target], {}, WIDE), WIDE))
    assert "\x1b" not in text
    assert "[b]" in text


def test_the_screen_lists_searches_and_changes_the_depth() -> None:
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.press("е")
        await until(pilot, lambda: "WhatsApp" in text_of(app) and "What they learn" in text_of(app))
        assert "• standard" in text_of(app)
        await pilot.press("d")
        await until(pilot, lambda: "• deep" in text_of(app))
        await pilot.press("slash", *"vk.com")
        await until(pilot, lambda: "g.whatsapp.net" not in text_of(app) and "vk.com" in text_of(app))
        await pilot.press("enter", "в")
        await until(pilot, lambda: "• quick" in text_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: "What do you notice?" in text_of(app))

    drive(app, steps, size=(100, 90))


def test_a_tiny_screen_does_no_harm() -> None:
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.press("t")
        await pilot.pause(0.3)
        assert text_of(app).strip()

    drive(app, steps, size=(20, 5))
