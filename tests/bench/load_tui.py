"""A real Textual app that redraws twenty times a second: the load that callcheck's own screen puts on its process."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import DataTable, RichLog, Sparkline
from textual.widgets.data_table import ColumnKey, RowKey

_T = TypeVar("_T")
_REDRAWS_PER_S = 20
_ROWS = 24
_SIZE = (120, 48)


class _NoTerminal(HeadlessDriver):
    """Takes the text of the screen and drops it; an app that knows it is headless would not even make that text."""

    @property
    def is_headless(self) -> bool:
        return False


class _Redrawing(App[None]):
    """A table of 24 rows by 3, a sparkline and a log, all changed at every redraw (facts/inference.md 6)."""

    def __init__(self) -> None:
        super().__init__(driver_class=_NoTerminal)
        self.redraws = 0
        self.drawn = asyncio.Event()
        self.cells: list[tuple[RowKey, ColumnKey]] = []

    def compose(self) -> ComposeResult:
        yield DataTable()
        yield Sparkline()
        yield RichLog(max_lines=500)

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        columns = table.add_columns("target", "loss", "delay")
        rows = [table.add_row("", "", "") for _ in range(_ROWS)]
        self.cells = [(row, column) for row in rows for column in columns]
        self.set_interval(1 / _REDRAWS_PER_S, self.change_all)

    def change_all(self) -> None:
        table = self.query_one(DataTable)
        for row, column in self.cells:
            table.update_cell(row, column, f"{random.random():.6f}")
        self.query_one(Sparkline).data = [random.random() for _ in range(60)]
        self.query_one(RichLog).write(f"redraw {self.redraws}: {random.random():.6f}")
        self.redraws += 1
        self.drawn.set()


async def beside_app(work: Callable[[], Awaitable[_T]]) -> tuple[_T, float]:
    """What `work` gives, done in the event loop of a redrawing app, and the redraws per second in that time.

    Raises RuntimeError where the app ended before the work.
    """
    app = _Redrawing()
    running = asyncio.create_task(app.run_async(size=_SIZE))
    running.add_done_callback(lambda _: app.drawn.set())
    try:
        await app.drawn.wait()
        began_s, redraws_before = time.monotonic(), app.redraws
        done = await work()
        if running.done():
            raise RuntimeError("the app ended before the work beside it")
        return done, (app.redraws - redraws_before) / (time.monotonic() - began_s)
    finally:
        app.exit()
        await running
