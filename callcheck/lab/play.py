"""Plays a scenario: builds its lab, runs a program as the client would, and says what the lab did meanwhile."""

from __future__ import annotations

import difflib
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from callcheck.lab import population, supervisor, world
from callcheck.lab.lab import Lab
from callcheck.lab.scenario import Scenario, ScenarioError, load
from callcheck.lab.topology import ISP_RESOLVER
from callcheck.lab.wire.outcome import LabOutcome

_FOLDER = Path(__file__).with_name("scenarios")
_INTERRUPTED = 130
# A client that was interrupted folds its report; longer than this it is stuck.
_LET_GO_S = 10.0
Run = Callable[[Sequence[str]], tuple[int, bytes, bytes]]
"""Takes a command line; the exit code, what it wrote to stdout and to stderr."""


@dataclass(frozen=True, slots=True)
class Played:
    """What one run in the lab came to. `output` is the client's stdout where it was captured, else empty."""

    exit_code: int
    output: bytes
    errors: bytes
    seconds: float
    lab: LabOutcome


@cache
def built_in() -> Mapping[str, Path]:
    """The scenarios that come with callcheck, by id."""
    return {path.stem: path for path in sorted(_FOLDER.rglob("*.toml"), key=lambda path: path.stem)}


def find(name: str, seed: int | None = None) -> Scenario:
    """A built-in scenario by id, or any by its file; drawn with `seed` where one is given. Raises ScenarioError."""
    path = built_in().get(name)
    if path is None:
        if not Path(name).exists():
            near = difflib.get_close_matches(name, built_in())
            meant = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ScenarioError(f"no scenario and no file {name!r}{meant} (`callcheck lab list` lists the scenarios)")
        path = Path(name)
    scenario = load(path)
    if path.is_relative_to(_FOLDER) and scenario.id != path.stem:
        raise ScenarioError(f"{path.name}: its id is {scenario.id!r}")
    return scenario if seed is None else scenario.drawn(seed)


def keep_scenario(scenario: Scenario, folder: Path) -> None:
    """Copy the scenario's file beside what is kept of its run, with the seed that it was drawn with. Raises OSError."""
    text = Path(scenario.source).read_text(encoding="utf-8")
    (folder / "scenario.toml").write_text(f"# lab run scenario.toml --seed {scenario.seed}\n{text}", encoding="utf-8")


def lab_of(scenario: Scenario, *, real_servers: bool = True, keep: Path | None = None) -> Lab:
    """The scenario's lab, not started. Raises ScenarioError for a server that does not exist."""
    return Lab(
        scenario,
        processes=lambda directory: population.processes(scenario, directory, real_servers=real_servers),
        hosts=world.hosts(scenario),
        resolver=ISP_RESOLVER,
        watched=world.watched(scenario),
        keep=keep,
    )


def run_arguments(*arguments: str, overlay: bool = True) -> list[str]:
    """The command line of `callcheck run` inside the lab; nothing leaves it, so consent is not asked for."""
    laid_over = ["--catalog", str(world.OVERLAY)] if overlay else []
    return [sys.executable, "-m", "callcheck", "run", "--yes", *laid_over, *arguments]


def play(lab: Lab, command: Sequence[str], *, capture: bool = False) -> Played:
    """Run `command` as the client of a fresh lab. Raises LabUnavailable or LabError."""
    return play_by(partial(_run, capture=capture), lab, command)


def play_by(run: Run, lab: Lab, command: Sequence[str]) -> Played:
    """As `play`; `run` is given the whole command line and runs it. Raises what it raises, too."""
    started_s = time.monotonic()
    with lab:
        code, output, errors = run(lab.argv(command))
        seconds = time.monotonic() - started_s
        outcome = lab.stop()
    return Played(code, output, errors, seconds, outcome)


def _run(argv: Sequence[str], *, capture: bool) -> tuple[int, bytes, bytes]:
    pipe = subprocess.PIPE if capture else None
    with subprocess.Popen(argv, stdout=pipe, stderr=pipe, env=supervisor.environment()) as process:
        try:
            output, errors = process.communicate()
        except KeyboardInterrupt:
            # Ctrl-C reaches the client too: it is given the time to write down what it has.
            with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                output, errors = process.communicate(timeout=_LET_GO_S)
                return _INTERRUPTED, output or b"", errors or b""
            process.kill()
            return _INTERRUPTED, b"", b""
    code = process.returncode
    # As a shell tells it: 128 and the number of the signal that ended the program.
    return (code if code >= 0 else 128 - code), output or b"", errors or b""
