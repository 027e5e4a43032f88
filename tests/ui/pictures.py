"""Pictures of every screen, made by the app itself from committed journals.

`python -m tests.ui.pictures` draws them all anew: the texts that `test_pictures` compares with, and the README's SVGs.
Look at what has changed (`git diff`) before you commit it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final
from unittest import mock

from textual.pilot import Pilot

from callcheck.engine.events import Event
from callcheck.submit.settings import Settings
from callcheck.ui.app import CallcheckApp, Opening
from callcheck.ui.glyphs import UNICODE
from callcheck.ui.model import Run
from callcheck.ui.opened import run_of
from tests.ui.driving import events_of, text_of, until

FOLDER: Final = Path(__file__).parent / "drawn"
SIZES: Final = ((80, 24), (200, 60))
LANGUAGES: Final = ("en", "ru")
# Screens that name folders name these, so that a picture is the same on every machine.
_PLACE: Final = Path("/tmp/callcheck-pictures")


@dataclass(frozen=True, slots=True)
class Picture:
    """What is opened, which keys are pressed, and what is there, in either language, when the screen is complete."""

    journal: str = ""
    keys: tuple[str, ...] = ()
    until_s: float = 0.0
    complete: str = ""


PICTURES: Final[dict[str, Picture]] = {
    "start": Picture(complete=" 61"),
    "live": Picture("cutoff-packets", until_s=28.0, complete="✗"),
    "result": Picture("udp-prefix"),
    "result-clean": Picture("clean-wired"),
    "result-policing": Picture("policing"),
    "evidence": Picture("cutoff-packets", ("e", "down"), complete="+++"),
    "share": Picture("udp-prefix", ("s",), complete="192.168."),
    "compare": Picture("udp-prefix", ("c",), complete="../"),
    "open": Picture("", ("o",), complete="../"),
    "targets": Picture("", ("t",), complete="UDP"),
    "settings": Picture("", ("f2",), complete="callcheck-pictures"),
    "help": Picture("udp-prefix", ("question_mark",)),
}
README: Final = {"live": (100, 26), "result": (100, 34), "evidence": (120, 32), "share": (120, 32)}


class _Held:
    """Events up to a moment, and then nothing: a run as it stands in its middle."""

    said: Sequence[str] = ()

    def __init__(self, events: Sequence[Event], until_s: float) -> None:
        self._events = [event for event in events if event.t_us <= until_s * 1e6]
        self._told = asyncio.Event()
        self.exit_code: int | None = None

    async def events(self) -> AsyncGenerator[Event, None]:
        for event in self._events:
            yield event
        await self._told.wait()

    def stop(self) -> None:
        self._told.set()


def draw(name: str, sizes: Sequence[tuple[int, int]], language: str) -> list[tuple[str, str]]:
    """The picture's text, and as SVG, in one terminal after the other."""
    picture = PICTURES[name]
    _PLACE.mkdir(exist_ok=True)
    os.environ["CALLCHECK_CONFIG_DIR"] = str(_PLACE / "config")
    os.environ["CALLCHECK_DATA_DIR"] = str(_PLACE / "data")
    os.chdir(_PLACE)
    # An export rounds by chance, and a picture is to be the same each time.
    with mock.patch("callcheck.redaction.redact.Random", _same_chance):
        return asyncio.run(_drawn(picture, sizes, language))


def _same_chance() -> Random:
    return Random(7)


async def _drawn(picture: Picture, sizes: Sequence[tuple[int, int]], language: str) -> list[tuple[str, str]]:
    events = events_of(picture.journal) if picture.journal else []
    is_whole = bool(events) and not picture.until_s
    opening = Opening(run=run_of(f"{picture.journal}.ndjson", None, events)) if is_whole else Opening()
    app = CallcheckApp(Settings(language=language), opening, glyphs=UNICODE)
    async with app.run_test(size=sizes[0]) as pilot:
        if picture.until_s:
            app.conduct(Run(scenario=picture.journal), _Held(events, picture.until_s))
        await _settled(pilot, app)
        for key in picture.keys:
            await pilot.press(key)
            await _settled(pilot, app)
        if picture.complete:
            await until(pilot, lambda: picture.complete in text_of(app))
        made = []
        for size in sizes:
            await pilot.resize_terminal(*size)
            await _settled(pilot, app)
            made.append((text_of(app), app.export_screenshot(title="callcheck")))
        app.stop_run()
    return made


async def _settled(pilot: Pilot[int], app: CallcheckApp) -> None:
    """Wait until the same picture stands for a while, and what was to be read is read."""
    same, before = 0, ""
    for _ in range(600):
        await pilot.pause(0.05)
        is_reading = app.is_behind or (bool(app.run_shown.events) and app.run_shown.report is None)
        now = text_of(app)
        same = same + 1 if now == before and not is_reading else 0
        before = now
        if same >= 8:
            return
    raise TimeoutError(f"the screen does not come to rest:\n{before}")


def path_of(name: str, size: tuple[int, int], language: str) -> Path:
    return FOLDER / f"{name}-{size[0]}x{size[1]}-{language}.txt"


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for name in PICTURES:
        for language in LANGUAGES:
            for size, (text, _svg) in zip(SIZES, draw(name, SIZES, language), strict=True):
                path_of(name, size, language).write_text(f"{text}\n", encoding="utf-8")
        sys.stderr.write(f"{name}\n")
    for name, size in README.items():
        (FOLDER / f"{name}.svg").write_text(draw(name, [size], "en")[0][1], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
