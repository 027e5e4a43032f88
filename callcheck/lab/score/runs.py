"""Plays many runs, some at a time; what goes wrong with one costs that one alone."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final

from callcheck import __version__
from callcheck.engine.events import JournalError
from callcheck.lab.lab import LabOutcome
from callcheck.lab.play import Played
from callcheck.lab.scenario import Scenario
from callcheck.lab.score.compare import Comparison, compared, unanswered, void_reasons
from callcheck.lab.score.lines import Line, RunKey
from callcheck.lab.score.player import EndedError, Player, Read
from callcheck.lab.wire.spec import wire_as_table
from callcheck.words import Depth

# How often a run is played whose lab or machine had trouble of its own.
GOES: Final = 5
_NO_PART_OF_THE_NETWORK: Final = frozenset({"truth", "family", "summary"})
# A signal that comes just before a thread falls asleep is seen only when it wakes, so it does not sleep for long.
_LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Planned:
    """A run to be made. `scenario` is drawn with the key's seed."""

    key: RunKey
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that was made. `journal` (NDJSON) and `lab` are of its last go, and there for a valid run only."""

    line: Line
    journal: bytes = b""
    lab: LabOutcome | None = None


def planned(scenarios: Sequence[Scenario], *, depth: Depth, seeds: int, servers: str) -> tuple[Planned, ...]:
    """Every scenario with `seeds` seeds, counted up from its own: seeds outermost, so that a score which is broken off
    has seen every family. A run that is asked for twice is made once. Raises ScenarioError for a seed that draws
    numbers which do not go together."""
    runs: dict[RunKey, Planned] = {}
    for turn in range(seeds):
        for scenario in scenarios:
            drawn = scenario.drawn(scenario.seed + turn)
            key = RunKey(drawn.id, digest_of(drawn), drawn.seed, depth, servers, __version__)
            runs.setdefault(key, Planned(key, drawn))
    return tuple(runs.values())


def digest_of(drawn: Scenario) -> str:
    """Of the network that the file describes and of the wires drawn from it, which also hold what its access line
    adds. Another truth makes no other run: what is kept of it is judged by the truth of today."""
    wires = {name: wire_as_table(wire) for name, wire in drawn.wires.items()}
    network = {key: value for key, value in drawn.written.items() if key not in _NO_PART_OF_THE_NETWORK}
    text = json.dumps([network, wires], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def play_all(
    runs: Iterable[Planned], *, player: Player, read: Read, jobs: int, kept: Callable[[Finished], None]
) -> None:
    """Make the runs, `jobs` at a time; `kept` is called for each as it ends, in some thread, one call at a time.

    Ctrl-C, or an exception of `kept`, ends the runs under way and comes out when their labs are gone; what was finished
    before has been handed to `kept`.
    """
    guard = threading.Lock()

    def one(run: Planned) -> None:
        try:
            finished = _made(run, player, read)
        except EndedError:
            return
        with guard:
            kept(finished)

    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="callcheck-lab") as pool:
        try:
            left = {pool.submit(one, run) for run in runs}
            while left:
                done, left = wait(left, timeout=_LOOK_S, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            player.end()
            raise


def _made(run: Planned, player: Player, read: Read) -> Finished:
    """Raises EndedError alone; whatever else goes wrong is the run's result."""
    voids: list[str] = []
    try:
        for _ in range(GOES):
            played = player(run.scenario, run.key.depth)
            comparison, why_void = _judged(run, played, read)
            if not why_void:
                return _finished(run, comparison, tuple(voids), played)
            voids.append("; ".join(why_void))
            if set(why_void) <= set(played.lab.unmet):
                break
    except EndedError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return Finished(Line(run.key, run.scenario.family, "failed", 0.0, voids=tuple(voids), notes=(reason,)))
    return Finished(Line(run.key, run.scenario.family, "void", 0.0, voids=tuple(voids)))


def _judged(run: Planned, played: Played, read: Read) -> tuple[Comparison, tuple[str, ...]]:
    """The comparison, and why it does not count. A callcheck that gives no report is wrong whatever its lab did."""
    try:
        report = read(played.output)
    except JournalError as error:
        said = played.errors.decode("utf-8", "replace").strip().splitlines()
        reason = f"no report ({error}), exit {played.exit_code}: {said[-1] if said else 'nothing said'}"
        return unanswered(run.scenario, run.key.depth, played.seconds, reason), ()
    comparison = compared(run.scenario, report, run.key.depth, report.run.duration_s)
    return comparison, void_reasons(played.lab, report, comparison, is_busy=run.scenario.topology.busy > 0)


def _finished(run: Planned, comparison: Comparison, voids: tuple[str, ...], played: Played) -> Finished:
    line = Line(
        key=run.key,
        family=run.scenario.family,
        result=comparison.result,
        seconds=comparison.seconds,
        answers=comparison.answers,
        voids=voids,
        notes=comparison.notes,
    )
    return Finished(line, played.output, played.lab)
