"""Runs out of files: found, listed, opened, or refused in one sentence."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from callcheck.report.sniff import Found, Sniffed
from callcheck.submit import runs
from callcheck.ui.app import CallcheckApp
from callcheck.ui.glyphs import UNICODE
from callcheck.ui.paint import plain
from callcheck.ui.views.files import local_time, run_line
from callcheck.ui.views.look import Look
from tests.ui.driving import JOURNALS, an_app, drive, read, text_of, until

BROKEN_NAME = "[b]\x1b[2J\u202e.ndjson"


def _journal(family: str) -> bytes:
    return gzip.decompress((JOURNALS / f"{family}.ndjson.gz").read_bytes())


def _kept(stamp: str, data: bytes) -> Path:
    path = runs.new_path().parent / f"{stamp}-ab12.ndjson"
    path.write_bytes(data)
    return path


def _is_listed(app: CallcheckApp, at_least: int = 1) -> bool:
    return app.screen.query_one("#found", OptionList).option_count >= at_least


@pytest.mark.parametrize("key", ["o", "щ"])
def test_unfinished_runs_come_first_then_kept_ones_then_the_folder(key: str, tmp_path: Path) -> None:
    _kept("2026-11-20-100000", _journal("udp-blocked"))
    data = _journal("cutoff-packets")
    _kept("2026-11-19-100000", data[: len(data) // 2])
    (tmp_path / "mine.ndjson").write_bytes(data)
    (tmp_path / "stranger.json").write_text("{}")
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.press(key)
        await until(pilot, lambda: "mine.ndjson" in text_of(app))
        text = text_of(app)
        order = [text.index(part) for part in ("Unfinished", "unfinished", "Kept runs", "In the folder", "mine.ndjson")]
        assert order == sorted(order)
        assert "stranger.json" not in text
        # The unfinished one is marked: Enter opens it.
        await pilot.press("enter")
        await read(pilot)
        assert app.run_shown.name.startswith("2026-11-19")
        assert "The run was stopped early" in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: "Kept runs" in text_of(app))

    drive(app, steps)


REFUSED = (
    (b"", "the file is empty"),
    (b"{}", "no callcheck report or journal"),
    (b'{"schema":"callcheck-report/1"}', "cannot be opened"),
    (b"\x00\x01", "not text"),
    (b"{" * 5000, "cannot be opened"),
    (None, "No such file"),
)


def test_what_is_no_run_is_refused_in_one_sentence(tmp_path: Path) -> None:
    for number, (data, _said) in enumerate(REFUSED):
        if data is not None:
            (tmp_path / f"foreign{number}").write_bytes(data)
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.press("o", "slash")
        for number, (_data, said) in enumerate(REFUSED):
            app.screen.query_one("#path", Input).value = f"foreign{number}"
            await pilot.press("enter")
            await until(pilot, lambda name=f"foreign{number}": f"{name} cannot be opened" in text_of(app))  # type: ignore[misc]
            assert said in " ".join(text_of(app).split())

    drive(app, steps)


def test_a_typed_folder_is_walked_into_and_left_again(tmp_path: Path) -> None:
    (tmp_path / "deep" / "down").mkdir(parents=True)
    (tmp_path / "deep" / "found.ndjson").write_bytes(_journal("udp-blocked"))
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.press("o")
        await until(pilot, lambda: "deep/" in text_of(app))
        app.screen.query_one("#path", Input).value = "deep"
        await pilot.press("slash", "enter")
        await until(pilot, lambda: "found.ndjson" in text_of(app) and "down/" in text_of(app))
        await pilot.press("down", "backspace")
        await until(pilot, lambda: "deep/" in text_of(app))

    drive(app, steps)


@pytest.mark.parametrize("size", [(20, 5), (200, 60)])
def test_hostile_names_and_small_screens_do_no_harm(size: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / BROKEN_NAME).write_bytes(_journal("udp-blocked"))
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.press("o")
        await until(pilot, lambda: _is_listed(app, 2))
        await pilot.pause(0.05)
        assert "\x1b" not in text_of(app)
        assert "\u202e" not in text_of(app)
        if size[1] > 5:
            assert "[b]\\x1b" in text_of(app)

    drive(app, steps, size=size)


def test_another_run_is_not_opened_over_one_that_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.ndjson").write_bytes(_journal("udp-blocked"))
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.press("o")
        await until(pilot, lambda: "mine.ndjson" in text_of(app))
        monkeypatch.setattr(CallcheckApp, "is_measuring", property(lambda _self: True))
        await pilot.press("enter")
        await until(pilot, lambda: "still measuring" in text_of(app))
        assert app.run_shown.name == ""
        monkeypatch.undo()

    drive(app, steps)


def test_a_line_says_when_how_closely_and_what() -> None:
    sniffed = Sniffed("journal", "2026-11-22T23:30:00Z", "deep", True, (Found("telegram", "calls", "fails"),))
    zone = dt.timezone(dt.timedelta(hours=3))
    wide, narrow = (plain([run_line(sniffed, "a.ndjson", 8, Look("en", UNICODE, n), zone)]) for n in (90, 58))
    assert "2026-11-23 02:30" in wide
    assert wide.rstrip().endswith("Telegram: calls do not work")
    assert narrow.rstrip().endswith("✗ Telegram")
    assert local_time("9999-99", zone) == ""
    for columns in range(1, 90):
        assert len(plain([run_line(sniffed, "a.ndjson", 8, Look("ru", UNICODE, columns), zone)]).rstrip()) <= columns
