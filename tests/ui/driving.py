"""Drives the app without a terminal: journals in, keys pressed, the screen's text out."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from callcheck.engine.events import Event, decode_lines
from callcheck.submit.settings import Settings
from callcheck.ui.app import CallcheckApp, Opening
from callcheck.ui.glyphs import UNICODE, Glyphs
from callcheck.ui.opened import run_of

JOURNALS = Path(__file__).parents[1] / "journals"
Steps = Callable[[Pilot[int]], Awaitable[None]]


def events_of(name: str) -> list[Event]:
    """The golden journal of a family."""
    return list(decode_lines(gzip.decompress((JOURNALS / f"{name}.ndjson.gz").read_bytes())))


def an_app(
    journal: str = "",
    *,
    language: str = "en",
    speed: float = 0.0,
    settings: Settings | None = None,
    glyphs: Glyphs = UNICODE,
) -> CallcheckApp:
    """The app on its start screen, or on the result of a golden journal (or its playback, with a speed)."""
    opening = Opening(run=run_of(f"{journal}.ndjson", None, events_of(journal)), speed=speed) if journal else Opening()
    chosen = settings or Settings(language=language)
    return CallcheckApp(chosen, opening, glyphs=glyphs)


def drive(app: CallcheckApp, steps: Steps, *, size: tuple[int, int] = (80, 24)) -> int | None:
    """Run the app and the steps in it; what the app returned."""

    async def main() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await steps(pilot)

    asyncio.run(main())
    return app.return_value


async def until(pilot: Pilot[int], holds: Callable[[], bool]) -> None:
    """Wait for what must come."""
    for _ in range(400):
        if holds():
            return
        await pilot.pause(0.025)
    pytest.fail(f"it did not come; the screen shows:\n{text_of(pilot.app)}")


async def read(pilot: Pilot[int]) -> None:
    """Wait until the report of the run that is shown has been read and drawn."""
    app = pilot.app
    assert isinstance(app, CallcheckApp)
    await until(pilot, lambda: app.run_shown.is_read and not app.is_behind)
    await pilot.pause(0.1)


def text_of(app: object) -> str:
    """What stands on the screen, line by line, without trailing blanks."""
    assert isinstance(app, CallcheckApp)
    strips = app.screen._compositor.render_strips()  # Textual offers no public way to the text of a screen
    return "\n".join(strip.text.rstrip() for strip in strips)
