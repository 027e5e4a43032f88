"""While it measures: what is seen, stopping, a plugin that fails, a measurement that dies."""

from __future__ import annotations

import sys

import pytest
from textual.pilot import Pilot

from callcheck import session
from callcheck.engine import plugins
from callcheck.engine.errors import PluginError
from callcheck.submit.settings import Settings
from callcheck.ui.app import CallcheckApp, Opening
from callcheck.ui.glyphs import UNICODE
from callcheck.ui.screens.live import LiveScreen
from callcheck.ui.screens.result import ResultScreen
from tests.ui.driving import JOURNALS, an_app, drive, read, text_of, until

_PRINT = "import gzip, sys; sys.stdout.buffer.write(gzip.open(sys.argv[1]).read()); sys.exit(int(sys.argv[2]))"
_WAIT = """
import gzip, signal, sys, time
lines = gzip.open(sys.argv[1]).read().splitlines(keepends=True)
sys.stdout.buffer.writelines(lines[: len(lines) // 2])
sys.stdout.flush()
def told(*_):
    print('{"seq":999999,"t_us":9000000,"kind":"run_finished","data":{"complete":false}}', flush=True)
    sys.exit(130)
signal.signal(signal.SIGINT, told)
time.sleep(60)
"""


def _measuring(program: str, journal: str, *more: str) -> CallcheckApp:
    """The app with a process that prints a golden journal, or a part of it, as a measurement does."""
    argv = [sys.executable, "-c", program, str(JOURNALS / f"{journal}.ndjson.gz"), *more]
    return CallcheckApp(Settings(language="en"), Opening(argv=argv, scenario="made"), glyphs=UNICODE)


def test_a_measurement_ends_in_its_result_and_its_exit_code() -> None:
    app = _measuring(_PRINT, "udp-prefix", "2")

    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: isinstance(app.screen, ResultScreen))
        await read(pilot)
        assert "singled out" in text_of(app)
        await pilot.press("q")

    assert drive(app, steps) == 2


def test_the_screen_shows_checks_the_call_and_the_verdict_as_it_forms() -> None:
    app = _measuring(_WAIT, "cutoff-packets")

    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "Telegram 7 of 7" in text_of(app) and "silent after" in text_of(app))
        text = text_of(app)
        assert "lab: made" in text
        assert "● a call's worth of packets" in text
        assert "So far," in text
        assert "left" in text.splitlines()[0]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ResultScreen))
        await until(pilot, lambda: "The run was stopped early" in text_of(app))

    drive(app, steps)


@pytest.mark.parametrize("key", ["q", "й", "ctrl+c"])
def test_leaving_while_it_measures_asks_first(key: str) -> None:
    app = _measuring(_WAIT, "clean-wired")

    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.run_shown.shown.events > 100)
        await pilot.press(key)
        await until(pilot, lambda: "It is still measuring." in text_of(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen))
        await pilot.press(key)
        await until(pilot, lambda: "It is still measuring." in text_of(app))
        await pilot.click("#quit")

    assert drive(app, steps) == 130


def test_a_measurement_that_dies_says_what_it_said_last() -> None:
    argv = [sys.executable, "-c", "import sys; sys.stderr.write('callcheck lab: no \\x1b[2Jlab here\\n'); sys.exit(69)"]
    app = CallcheckApp(Settings(language="en"), Opening(argv=argv), glyphs=UNICODE)

    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "no \\x1b[2Jlab here" in text_of(app))
        assert "The measurement ended before it was done." in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: "What do you notice?" in text_of(app))

    drive(app, steps)


def test_a_plugin_that_fails_costs_its_own_line() -> None:
    program = """
import json
def say(seq, kind, check="", **data):
    print(json.dumps({"seq": seq, "t_us": seq, "kind": kind, "check": check, "data": data}), flush=True)
tool = {"name": "callcheck", "version": "1"}
say(0, "run_started", schema="callcheck-journal/1", run_id="a", started_utc="2026-11-22T10:00:00Z", depth="quick",
    tool=tool, plan=[["broken"], ["well"]], stage_seconds=[1, 1], problems=["odd [b]plugin[/b]\\u202e"])
say(1, "check_started", "broken")
say(2, "check_finished", "broken", outcome="crashed", note="ValueError: [red]no\\x1b[2J")
say(3, "check_started", "well")
say(4, "check_finished", "well", outcome="completed")
"""
    app = CallcheckApp(Settings(language="en"), Opening(argv=[sys.executable, "-c", program]), glyphs=UNICODE)

    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "failed by an error of its own (ValueError: [red]no\\x1b[2J)" in text_of(app))
        assert "odd [b]plugin[/b]\\u202e" in text_of(app)
        assert "✓ well" in text_of(app)

    drive(app, steps, size=(100, 30))


def test_a_playback_pauses_changes_its_speed_and_skips_to_the_result() -> None:
    app = an_app("cutoff-packets", speed=4.0)

    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "x4" in text_of(app))
        await pilot.press("plus")
        await until(pilot, lambda: "x8" in text_of(app))
        await pilot.press("minus", "minus")
        await until(pilot, lambda: "x2" in text_of(app))
        await pilot.press("space")
        await until(pilot, lambda: "paused" in text_of(app))
        await pilot.press("space", "escape")
        await until(pilot, lambda: isinstance(app.screen, ResultScreen))
        await read(pilot)
        assert "Telegram calls do not get through" in text_of(app)

    drive(app, steps)


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (40, 12), (80, 24), (200, 60), (500, 100)])
def test_no_size_of_the_terminal_breaks_it(size: tuple[int, int]) -> None:
    app = _measuring(_WAIT, "cutoff-packets")

    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.run_shown.shown.events > 500)
        await pilot.resize_terminal(*size)
        await pilot.pause(0.2)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ResultScreen))
        await pilot.resize_terminal(80, 24)
        await read(pilot)
        assert "Telegram" in text_of(app)

    drive(app, steps, size=(80, 24))


def test_plugins_that_cannot_be_loaded_are_said_and_the_run_is_shown_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails() -> None:
        raise PluginError("two plugins are named \x1b[2Jdns")

    monkeypatch.setattr(plugins, "load_checks", fails)
    app = _measuring(_PRINT, "udp-prefix", "2")

    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "two plugins are named \\x1b[2Jdns" in text_of(app))
        await pilot.press("ctrl+q")

    assert drive(app, steps, size=(100, 40)) == 2


def test_a_reading_that_fails_is_said_and_takes_nothing_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(session, "report_of", fails)
    app = an_app("offline")

    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "What was measured could not be read: ValueError: odd" in text_of(app))
        await pilot.press("q")

    assert drive(app, steps) == 0
