"""Where a run's events come from: another process that measures, or a journal that is played back.

The measurement has a process of its own, so that no drawing and no reading of evidence can hold it up, and nothing that
befalls it can take the screen down.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import SubprocessStreamProtocol
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

import msgspec

from callcheck.engine.events import Event
from callcheck.report.printable import printable

# The longest line of a journal: the header of a run with many plugins is some kilobytes.
_LINE_BYTES: Final = 16 * 1024 * 1024
# What is stopped folds its report; longer than this it is stuck.
_LET_GO_S: Final = 12.0
_LAST_WORDS_S: Final = 1.0
_LINES_KEPT: Final = 20
_TICK_S: Final = 0.04


class Source(Protocol):
    """Hands out events in order. `said` is what went wrong, a line each, for people."""

    exit_code: int | None

    @property
    def said(self) -> Sequence[str]: ...
    def events(self) -> AsyncGenerator[Event, None]: ...
    def stop(self) -> None: ...


class Measurement:
    """A `callcheck run --format events`, or a `lab run`, in a process of its own."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = list(argv)
        self.process: asyncio.subprocess.Process | None = None
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._is_told = False
        self.exit_code: int | None = None

    @property
    def said(self) -> Sequence[str]:
        return tuple(self._lines)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Events as they come. Ends when the process does, and ends the process when it is closed."""
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(
            lambda: SubprocessStreamProtocol(_LINE_BYTES, loop), *self._argv, stdin=asyncio.subprocess.DEVNULL
        )
        self.process = process = asyncio.subprocess.Process(transport, protocol, loop)
        if self._is_told:
            self.stop()
        assert process.stdout is not None and process.stderr is not None  # noqa: PT018 - both are pipes, as asked
        listening = asyncio.create_task(self._listen(process.stderr))
        try:
            async for text in process.stdout:
                if event := self._event(text):
                    yield event
            self.exit_code = await process.wait()
        finally:
            await self._end(process)
            # A process of the process may hold the pipe open for longer than anybody wants to wait.
            await asyncio.wait({listening}, timeout=_LAST_WORDS_S)
            listening.cancel()
            # By itself it would close in some later turn of a loop that may have none.
            transport.close()

    def stop(self) -> None:
        """Ask for the end: what is known by then still comes, and the events end by themselves."""
        self._is_told = True
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGINT)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        self.stop()
        try:
            await asyncio.wait_for(process.wait(), _LET_GO_S)
        except (TimeoutError, asyncio.CancelledError):
            with suppress(ProcessLookupError):
                process.kill()

    async def _listen(self, errors: asyncio.StreamReader) -> None:
        async for text in errors:
            self._lines.append(printable(text.decode("utf-8", "replace").rstrip()))

    def _event(self, text: bytes) -> Event | None:
        try:
            return msgspec.json.decode(text, type=Event)
        except msgspec.DecodeError:
            self._lines.append(printable(text.decode("utf-8", "replace").rstrip())[:200])
            return None


class Playback:
    """A journal at `speed` times the pace at which it was written; `speed` may change and it may pause any time."""

    said: Sequence[str] = ()

    def __init__(self, events: Sequence[Event], clock: Callable[[], float], *, speed: float = 8.0) -> None:
        self._events = events
        self._clock = clock
        self._is_over = False
        self.speed = speed
        self.is_paused = False
        self.exit_code: int | None = None

    async def events(self) -> AsyncGenerator[Event, None]:
        played_us, last_s = 0.0, self._clock()
        position = 0
        while position < len(self._events) and not self._is_over:
            now_s = self._clock()
            if not self.is_paused:
                played_us += (now_s - last_s) * 1e6 * self.speed
            last_s = now_s
            while position < len(self._events) and self._events[position].t_us <= played_us and not self.is_paused:
                yield self._events[position]
                position += 1
            await asyncio.sleep(_TICK_S)
        # Whoever stops the playing wants to see how it ended.
        for event in self._events[position:]:
            yield event

    def stop(self) -> None:
        self._is_over = True


def run_argv(
    *, depth: str, services: Sequence[str] = (), symptom: str = "", journal: str = "", continued: str = ""
) -> list[str]:
    """The command line of a run whose consent was asked for on the screen."""
    argv = [sys.executable, "-m", "callcheck", "run", "--yes", "--format", "events", "--depth", depth]
    for service in services:
        argv += ["--service", service]
    for option, value in (("--symptom", symptom), ("--journal", journal), ("--continue", continued)):
        argv += [option, value] if value else []
    return argv


def deeper_argv(argv: Sequence[str], earlier: str) -> list[str]:
    """The command line that goes on with a run at the greatest depth; `earlier` is the file of its journal."""
    at = argv.index("--depth")
    kept = [*argv[:at], "--depth", "deep", *argv[at + 2 :]]
    return [*kept, "--continue", earlier]
