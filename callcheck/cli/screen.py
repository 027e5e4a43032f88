"""`callcheck` and `callcheck open`: the terminal UI, where there is a terminal for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callcheck.cli.output import INTERNAL, USAGE, fail, tr

if TYPE_CHECKING:
    from callcheck.ui.app import Opening

_ = tr()


def has_terminal() -> bool:
    """Whether there is a terminal that can be drawn on."""
    streams = (sys.stdin, sys.stdout)
    return all(stream is not None and stream.isatty() for stream in streams) and os.environ.get("TERM", "") != "dumb"


def show(opening: Opening | None = None) -> int:
    """Run the app until the person leaves it; the exit code of the run that it showed."""
    if not has_terminal():
        fail(USAGE, tr()("the screens need a terminal; `callcheck run` prints its result instead"))
    from callcheck.submit import settings  # noqa: PLC0415 - only the screens have settings
    from callcheck.ui.app import CallcheckApp  # noqa: PLC0415 - headless commands never load Textual

    app = CallcheckApp(settings.load(), opening)
    code = app.run()
    if code is not None:
        return code
    return INTERNAL if app.return_code else 0


def show_measurement(argv: Sequence[str], scenario: str) -> int:
    """The app, beginning with a measurement that `argv` makes."""
    from callcheck.ui.app import Opening  # noqa: PLC0415 - as above

    return show(Opening(argv=argv, scenario=scenario))


@click.command("open", help=_("Look at a saved report or journal on the screen."))
@click.argument("file")
@click.option("--speed", type=click.FloatRange(0, 1000), default=0.0, help=_("Play it back, so many times as fast."))
def open_file(*, file: str, speed: float) -> int:
    from callcheck.cli.saved import loaded  # noqa: PLC0415 - the start screen needs none of it
    from callcheck.ui.app import Opening  # noqa: PLC0415 - as above
    from callcheck.ui.opened import run_of  # noqa: PLC0415 - as above

    saved, events = loaded(file)
    return show(Opening(run=run_of(Path(file).name, saved, events), speed=speed))
