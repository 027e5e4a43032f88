"""The beginning: what is asked for becomes the command that measures, and nothing runs without consent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.pilot import Pilot

from callcheck.engine.events import encode_line
from callcheck.submit import consent, runs
from callcheck.submit.settings import Settings
from callcheck.ui.app import CallcheckApp
from callcheck.ui.screens.result import ResultScreen
from tests.ui.driving import an_app, drive, events_of, text_of, until


def _watched(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> tuple[CallcheckApp, list[Sequence[str]]]:
    """The app, which notes down what it would measure instead of doing so."""
    app = an_app(settings=settings)
    started: list[Sequence[str]] = []
    monkeypatch.setattr(app, "measure", started.append)
    return app, started


@pytest.mark.parametrize("key", ["n", "т", "enter"])
def test_nothing_is_measured_before_consent(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app, started = _watched(Settings(language="en"), monkeypatch)

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.press(key)
        await until(pilot, lambda: "Before it measures" in text_of(app))
        await pilot.click("#no")
        await pilot.pause(0.1)
        assert started == []
        assert not consent.is_given()
        await pilot.press(key)
        await until(pilot, lambda: "Before it measures" in text_of(app))
        await pilot.click("#once")
        await until(pilot, lambda: len(started) == 1)
        assert not consent.is_given()

    drive(app, steps, size=(100, 40))


def test_consent_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    app, started = _watched(Settings(language="en"), monkeypatch)

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.press("n")
        await until(pilot, lambda: "Before it measures" in text_of(app))
        await pilot.click("#keep")
        await until(pilot, lambda: len(started) == 1)
        assert consent.is_given()
        await pilot.press("n")
        await until(pilot, lambda: len(started) == 2)

    drive(app, steps, size=(100, 40))


def test_what_is_chosen_becomes_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    consent.accept()
    app, started = _watched(Settings(language="en"), monkeypatch)

    async def steps(pilot: Pilot[int]) -> None:
        for chosen in ("#symptom Radio", "#depth Radio"):
            wanted = next(one for one in app.screen.query(chosen) if one.name in {"drops", "quick"})
            await pilot.click(wanted)
        await pilot.click(next(iter(app.screen.query(".service"))))
        await pilot.press("n")
        await until(pilot, lambda: len(started) == 1)

    drive(app, steps, size=(100, 40))
    argv = list(started[0])
    assert argv[argv.index("--symptom") + 1] == "drops"
    assert argv[argv.index("--depth") + 1] == "quick"
    assert argv[argv.index("--service") + 1] == "whatsapp"
    assert "--journal" not in argv


def test_without_any_service_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    consent.accept()
    app, started = _watched(Settings(language="en", services=("none",)), monkeypatch)

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.press("n")
        await until(pilot, lambda: "Choose at least one service." in text_of(app))

    drive(app, steps)
    assert started == []


def test_a_run_is_kept_only_where_that_was_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    consent.accept()
    app, started = _watched(Settings(language="en", keeps_runs=True), monkeypatch)

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.press("n")
        await until(pilot, lambda: len(started) == 1)

    drive(app, steps)
    journal = Path(started[0][list(started[0]).index("--journal") + 1])
    assert journal.parent == runs.folder()
    assert journal.is_relative_to(tmp_path)


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("size", [(20, 5), (40, 12), (80, 24), (200, 60)])
def test_the_start_screen_fits(size: tuple[int, int], language: str) -> None:
    app = an_app(language=language)

    async def steps(pilot: Pilot[int]) -> None:
        await pilot.pause(0.1)
        if size[0] >= 80:
            assert "…" not in text_of(app)

    drive(app, steps, size=size)


def test_a_kept_run_that_was_cut_short_is_offered() -> None:
    path = runs.new_path()
    lines = [encode_line(event) for event in events_of("cutoff-packets")]
    path.write_bytes(b"".join(lines[: len(lines) // 2]))
    app = an_app()

    async def steps(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "The run of 2026-" in text_of(app))
        await pilot.press("o")
        await until(pilot, lambda: "Unfinished" in text_of(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ResultScreen))
        await until(pilot, lambda: "The run was stopped early" in text_of(app))

    drive(app, steps)
