"""The share screen: what is shown is what leaves, and what went is struck out."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from callcheck.engine import plugins
from callcheck.model import Network, Report
from callcheck.redaction.redact import redact
from callcheck.redaction.removed import Group, Removed
from callcheck.ui.app import CallcheckApp
from callcheck.ui.glyphs import ASCII, UNICODE
from callcheck.ui.model import Run
from callcheck.ui.paint import plain
from callcheck.ui.screens import share
from callcheck.ui.views import removed as views
from callcheck.ui.views.look import Look
from callcheck.ui.widgets.preview import Preview
from tests.report.made import a_report, observed, verdict
from tests.ui.driving import an_app, drive, read, text_of, until

PROPOSED = "callcheck-2026-11-21-10h.txt"
LOOK = Look("en", UNICODE, 76)


def the_screen(pilot: Pilot[int]) -> share.ShareScreen:
    screen = pilot.app.screen
    assert isinstance(screen, share.ShareScreen)
    return screen


def made(pilot: Pilot[int]) -> Any:
    return the_screen(pilot)._leaving


def a_small_report() -> Report:
    """Of a run with one packet that tells of its own line."""
    data = {"local_address": "192.168.1.10", "reflexive_address": "198.51.100.2", "source_port": 51234, "rtt_ms": 38.4}
    return a_report(verdicts=(verdict(),), observations=(observed(data=data),))


async def opened(pilot: Pilot[int]) -> None:
    """The share screen of a run that has been read."""
    app = pilot.app
    assert isinstance(app, CallcheckApp)
    app.run_shown = Run("small.json", report=a_small_report(), is_read=True)
    app.go("share")
    await settled(pilot)


async def settled(pilot: Pilot[int]) -> None:
    def is_made() -> bool:
        screen = pilot.app.screen
        return isinstance(screen, share.ShareScreen) and screen._leaving is not None and len(screen._gone) > 0

    await until(pilot, is_made)
    await pilot.pause()


def test_it_shows_what_leaves_and_what_was_taken_out() -> None:
    seen: list[str] = []

    async def steps(pilot: Pilot[int]) -> None:
        await read(pilot)
        await pilot.press("s")
        await settled(pilot)
        seen.append(text_of(pilot.app))
        seen.append(made(pilot).data.decode())

    drive(an_app("quic"), steps, size=(200, 60))
    screen, data = seen
    for line in data.splitlines()[:30]:
        assert line in screen
    assert re.search(r"Addresses of your line: \d+", screen)
    assert "– 192.168.1.10" in screen
    assert "192.168.1.10" not in data
    assert "What it still says about you" in screen


def test_what_went_is_struck_through() -> None:
    struck: list[tuple[str, str]] = []

    async def steps(pilot: Pilot[int]) -> None:
        await opened(pilot)
        content = the_screen(pilot).query_one(share.Removals).render()
        ends = [(span.start, span.end) for span in content.spans if span.style == "strike"]
        struck.extend((content.plain[start - 2 : start], content.plain[start:end]) for start, end in ends)

    drive(an_app(), steps)
    assert ("– ", "192.168.1.10") in struck
    assert {lead for lead, _text in struck} == {"– "}


def test_every_installed_form_can_be_seen_and_the_language_changed() -> None:
    forms, languages = set(), set()

    async def steps(pilot: Pilot[int]) -> None:
        await opened(pilot)
        for _ in plugins.find(plugins.REPORTERS):
            forms.add(made(pilot).form)
            await pilot.press("f")
            await settled(pilot)
        for key in ("l", "д"):
            languages.add("Telegram calls" in made(pilot).data.decode())
            await pilot.press(key)
            await settled(pilot)

    drive(an_app(), steps)
    assert forms == {found.name for found in plugins.find(plugins.REPORTERS)}
    assert languages == {False, True}


def test_it_saves_what_is_shown_and_never_over_another_file(tmp_path: Path) -> None:
    said: list[str] = []

    async def steps(pilot: Pilot[int]) -> None:
        await opened(pilot)
        data = made(pilot).data
        await pilot.press("w")
        name = pilot.app.screen.query_one(Input)
        assert name.value == PROPOSED
        (tmp_path / PROPOSED).write_bytes(b"another's")
        await pilot.press("enter")
        await until(pilot, lambda: "exists already" in text_of(pilot.app))
        await pilot.press("escape", "ц")
        name = pilot.app.screen.query_one(Input)
        assert name.value == PROPOSED.replace(".txt", "-2.txt")
        name.value = "mine.txt"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, share.ShareScreen))
        await pilot.pause(0.1)
        said.append(text_of(pilot.app))
        assert (tmp_path / "mine.txt").read_bytes() == data

    drive(an_app(), steps, size=(160, 40))
    assert f"Saved: {tmp_path / 'mine.txt'}" in said[0]
    assert (tmp_path / PROPOSED).read_bytes() == b"another's"
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"mine.txt", PROPOSED}


def test_it_copies_what_is_shown_and_says_what_it_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []

    async def steps(pilot: Pilot[int]) -> None:
        await opened(pilot)
        monkeypatch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        await pilot.press("y")
        await until(pilot, lambda: "some terminals do not take it" in text_of(pilot.app))
        assert copied == [made(pilot).data.decode()]
        monkeypatch.setattr(share, "_MOST_COPIED_BYTES", 10)
        await pilot.press("y")
        await until(pilot, lambda: "save it to a file" in text_of(pilot.app))
        assert len(copied) == 1
        await pilot.press("u")
        await until(pilot, lambda: "No tracker is installed; the file can be sent by hand." in text_of(pilot.app))

    drive(an_app(), steps)


def test_what_may_be_copied_is_what_terminals_take() -> None:
    assert len(base64.b64encode(bytes(share._MOST_COPIED_BYTES))) < 100_000


def test_two_that_leave_with_a_number_have_different_ones(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await opened(pilot)
        while made(pilot).form != "json":
            await pilot.press("f")
            await settled(pilot)
        for name in ("one.json", "two.json"):
            await pilot.press("w")
            pilot.app.screen.query_one(Input).value = name
            await pilot.press("enter")
            await settled(pilot)

    drive(an_app(), steps)
    numbers = [msgspec.json.decode((tmp_path / name).read_bytes())["run"]["id"] for name in ("one.json", "two.json")]
    assert numbers[0] != numbers[1]


def test_what_is_not_read_yet_is_not_made() -> None:
    async def steps(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, CallcheckApp)
        run = pilot.app.run_shown = Run("small.json", report=a_small_report())
        pilot.app.go("share")
        await until(pilot, lambda: "Reading what was measured." in text_of(pilot.app))
        await pilot.press("w")
        assert made(pilot) is None
        run.is_read = True
        the_screen(pilot).moved()
        await settled(pilot)
        assert made(pilot).data

    drive(an_app(), steps)


def test_a_form_that_fails_is_told_and_nothing_can_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> Any:
        raise RuntimeError("\x1b[2Jno")

    monkeypatch.setattr(plugins, "load_reporter", fail)

    async def steps(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, CallcheckApp)
        pilot.app.run_shown = Run("small.json", report=a_small_report(), is_read=True)
        pilot.app.go("share")
        await until(pilot, lambda: "This form cannot be made: RuntimeError: \\x1b[2Jno" in text_of(pilot.app))
        await pilot.press("w", "y")
        await pilot.pause(0.1)
        assert isinstance(pilot.app.screen, share.ShareScreen)

    drive(an_app(), steps)


def test_it_can_be_seen_at_every_size() -> None:
    async def steps(pilot: Pilot[int]) -> None:
        await opened(pilot)
        for size in ((40, 12), (200, 60), (20, 5), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.press("pagedown", "w")
            await pilot.press("escape")
        assert "f Form" in text_of(pilot.app)
        preview = the_screen(pilot).query_one(Preview)
        preview.show(["x" * 100, *map(str, range(1000))])
        preview.focus()
        await pilot.press("end")
        await until(pilot, lambda: "999" in text_of(pilot.app))
        assert preview.virtual_size.height == 1002

    drive(an_app(glyphs=ASCII), steps, size=(20, 5))


@pytest.mark.parametrize("text", ["one two three four five", "x" * 25, "日本語日本語日本語日", " " * 45, "слово " * 9])
@pytest.mark.parametrize("columns", [4, 10, 11])
def test_a_folded_line_is_the_line(text: str, columns: int) -> None:
    first, *rest = views.folded([text], columns, "> ")
    assert all(piece.startswith("> ") for piece in rest)
    assert first + "".join(piece[2:] for piece in rest) == text
    assert all(len(piece.rstrip()) <= columns for piece in (first, *rest))


def test_nothing_in_a_form_acts_on_the_terminal() -> None:
    lines = views.text_lines("a\x1b[31mb\r\n\u202eпривет ✓\tc\n".encode())
    assert lines == ["a\\u001b[31mb", "\\u202eпривет ✓    c"]
    assert views.text_lines(b"\xff\xfe\x00") is None


def test_a_terminal_without_cyrillic_gets_numbers_of_letters() -> None:
    assert views.shown_by(ASCII, ["до", "to"]) == ["\\u0434\\u043e", "to"]
    assert views.shown_by(UNICODE, ["до"]) == ["до"]


def test_a_group_shows_what_went_what_stands_instead_and_why() -> None:
    groups = (
        Group("own_address", tuple(Removed("hop", f"192.0.2.{number}", None) for number in range(5))),
        Group("time", (Removed("started_utc", "2026-11-22T15:08:01Z", "2026-11-22T15:00:00Z"),)),
        Group("figure", (Removed("none", 0.8277, 0.828), Removed("sent_us", 26601976, 26602000))),
    )
    text = plain(views.removed_lines(groups, LOOK))
    assert "Addresses of your line: 5" in text
    assert "– 192.0.2.0  – 192.0.2.1  – 192.0.2.2  and 2 more" in text
    assert "– 2026-11-22 15:08:01 → 15:00:00" in text
    assert "– 26.601976 s → 26.602 s  – 0.8277 → 0.828" in text
    assert "They lead to you" in text
    assert "- 2026-11-22 15:08:01 -> 15:00:00" in plain(views.removed_lines(groups, Look("en", ASCII, 76)))


def test_what_went_is_harmless_on_the_screen() -> None:
    groups = (Group("text", (Removed("x", "\x1b[2J[red]" + "y" * 99, None),)),)
    lines = views.removed_lines(groups, Look("en", UNICODE, 30))
    assert "\x1b" not in plain(lines)
    assert all(len(one) <= 30 for one in plain(lines).splitlines())


def test_it_tells_what_the_report_still_says() -> None:
    report = redact(
        a_report(network=Network(country="RU", tunnel=False), verdicts=(verdict(), verdict(function="messaging")))
    )
    text = plain(views.says_lines(report, b"", LOOK))
    assert "2026-11-21, from 10:00 (UTC)" in text
    assert "What you tested (Telegram), and how it went" in text
    assert "at your provider, which is not named" in text
    assert "Your country: RU" in text
    assert "Yes or no to: a tunnel" in text
    assert "Every test packet" not in text
    assert "Every test packet" in plain(views.says_lines(report, b'{"sent_us": [1]}', LOOK))


def test_of_what_was_not_measured_nothing_is_said() -> None:
    text = plain(views.says_lines(redact(a_report()), b"", LOOK))
    assert [word for word in ("country", "Yes or no", "provider") if word in text] == []
