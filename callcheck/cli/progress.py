"""What a headless run says on stderr while it works: bars where somebody looks, lines where nobody does."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from callcheck.cli.output import say, tr
from callcheck.engine.events import Event, Sink
from callcheck.report.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def progress(titles: Mapping[str, str]) -> Iterator[Sink]:
    """A sink for the run's events. `titles` are the checks' names for people, in the order of the plan."""
    if not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield _Lines(titles)
        return
    from rich.console import Console  # noqa: PLC0415 - a script without a terminal shall not pay for it
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:
        yield _Bars(bars, titles)


class _Lines:
    def __init__(self, titles: Mapping[str, str]) -> None:
        self._titles = titles

    def __call__(self, event: Event) -> None:
        if event.kind != "check_finished":
            return
        outcome = event.data.get("outcome")
        title = self._titles.get(event.check, event.check)
        seconds = event.t_us / 1e6
        if outcome == "completed":
            say(tr()("{seconds:5.1f} s  {title}: measured").format(seconds=seconds, title=title))
        elif outcome == "skipped":
            say(tr()("{seconds:5.1f} s  {title}: left out").format(seconds=seconds, title=title))
        else:
            note = event.data.get("note") or outcome
            say(
                tr()("{seconds:5.1f} s  {title}: not finished ({note})").format(seconds=seconds, title=title, note=note)
            )


class _Bars:
    def __init__(self, bars: Progress, titles: Mapping[str, str]) -> None:
        self._bars = bars
        self._titles = titles
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Event) -> None:
        from rich.markup import escape  # noqa: PLC0415 - loaded already when there are bars

        if event.kind == "check_started":
            title = escape(self._titles.get(event.check, event.check))
            self._tasks[event.check] = self._bars.add_task(title, total=1.0, note="")
            return
        task = self._tasks.get(event.check)
        if task is None:
            return
        if event.kind == "progress":
            note = escape(printable(str(event.data.get("note", ""))))
            self._bars.update(task, completed=float(event.data.get("fraction", 0.0)), note=note)
        elif event.kind == "check_finished":
            done = event.data.get("outcome") == "completed"
            self._bars.update(task, completed=1.0, note="" if done else escape(str(event.data.get("outcome", ""))))
            self._bars.stop_task(task)
