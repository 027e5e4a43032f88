"""Plays one scenario as often as a score asks for it, in labs that can all be ended at once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

from callcheck import session
from callcheck.engine.events import decode_lines
from callcheck.engine.plugins import load_checks
from callcheck.lab import play, supervisor
from callcheck.lab.scenario import Scenario
from callcheck.lab.score.reading import whole
from callcheck.model import Report
from callcheck.words import Depth

# Three times what a depth may take (DESIGN 2), and the start-up of a busy machine: beyond that, callcheck is stuck.
_PATIENCE_S: Final = {"quick": 66.0, "standard": 210.0, "deep": 750.0}
_LET_GO_S: Final = 5.0

Read = Callable[[bytes], Report]


class EndedError(Exception):
    """The run was ended before it was finished, as all runs were."""


class Player(Protocol):
    """Plays a drawn scenario once. `Played.output` is the journal. Raises LabUnavailable, LabError, or EndedError."""

    def __call__(self, scenario: Scenario, depth: Depth) -> play.Played: ...

    def end(self) -> None:
        """End the runs that are under way, and refuse others. May be called from any thread."""
        ...


class LabPlayer:
    """Plays in labs on this machine."""

    def __init__(self, *, real_servers: bool) -> None:
        self._real_servers = real_servers
        self._guard = threading.Lock()
        self._clients: set[subprocess.Popen[bytes]] = set()
        self._is_ended = False

    def __call__(self, scenario: Scenario, depth: Depth) -> play.Played:
        command = play.run_arguments("--depth", depth, "--format", "events")
        lab = play.lab_of(scenario, real_servers=self._real_servers)
        return play.play_by(partial(self._run, patience_s=_PATIENCE_S[depth]), lab, command)

    def end(self) -> None:
        with self._guard:
            self._is_ended = True
            for client in self._clients:
                _kill(client)

    def _run(self, argv: Sequence[str], patience_s: float) -> tuple[int, bytes, bytes]:
        with self._started(argv) as client:
            try:
                output, errors = client.communicate(timeout=patience_s)
            except subprocess.TimeoutExpired:
                _kill(client)
                output, errors = client.communicate(timeout=_LET_GO_S)
                errors += f"\nstopped, as it was not done after {patience_s:.0f} s\n".encode()
            finally:
                with self._guard:
                    self._clients.discard(client)
        if self._is_ended and client.returncode == -signal.SIGKILL:
            raise EndedError
        return client.returncode, output, errors

    def _started(self, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        with self._guard:
            if self._is_ended:
                raise EndedError
            client = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=supervisor.environment(),
                start_new_session=True,  # Ctrl-C is for the score, which ends its runs itself
            )
            self._clients.add(client)
        return client


def _kill(client: subprocess.Popen[bytes]) -> None:
    """The program and what it started outside the lab's process namespace; the lab ends the rest."""
    if client.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(client.pid, signal.SIGKILL)


def journal_reader() -> Read:
    """A function from a journal to its report; it raises JournalError for what is no finished run."""
    checks, _problems = load_checks()

    def read(journal: bytes) -> Report:
        return whole(session.report_of(decode_lines(journal), checks, "en"))

    return read
