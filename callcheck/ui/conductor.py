"""Takes a run's events from their source into the model, has the evidence read beside the screen, and says when."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any

from callcheck.api import Check
from callcheck.ui.model import Run, read
from callcheck.ui.source import Source


class Conductor:
    """One run at work. `read_run` brings the run's report up to date; `changed` is called after each event and each
    reading: the caller draws when it suits."""

    def __init__(
        self, run: Run, source: Source, read_run: Callable[[Run], Awaitable[None]], changed: Callable[[], None]
    ) -> None:
        self.run = run
        self.source = source
        self._read_run = read_run
        self._changed = changed
        self._unread = asyncio.Event()
        self.is_over = False

    async def work(self) -> None:
        """Until the last event is in and read."""
        reading = asyncio.create_task(self._read())
        try:
            async with aclosing(self.source.events()) as events:
                async for event in events:
                    self.run.take(event)
                    if event.kind in {"judged", "run_finished"}:
                        self._unread.set()
                    self._changed()
        finally:
            self.run.exit_code, self.run.said = self.source.exit_code, tuple(self.source.said)
            self.is_over = True
            self._unread.set()
            await reading
            self._changed()

    async def _read(self) -> None:
        """Read what there is, again whenever there is more; what came meanwhile is read together."""
        while True:
            await self._unread.wait()
            self._unread.clear()
            is_last = self.is_over
            if not self.run.is_read:
                await self._read_once()
            if is_last:
                return

    async def _read_once(self) -> None:
        await self._read_run(self.run)
        self._changed()


async def read_beside(run: Run, checks: Mapping[str, Check[Any]], language: str) -> None:
    """Have the run's evidence read in a thread of its own, and the report put in place."""
    taken = list(run.events)
    report = run.saved or await asyncio.to_thread(read, taken, checks, language)
    if report is not None:
        run.take_report(report, len(taken))
