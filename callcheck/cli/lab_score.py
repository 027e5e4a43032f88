"""`callcheck lab score`: how often callcheck is right, over many runs in the lab."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from callcheck.cli import options
from callcheck.cli.lab_errors import one_line_errors
from callcheck.cli.lab_progress import judging, progress
from callcheck.cli.output import INTERRUPTED, STDOUT, USAGE, Destination, fail, put, say, tr
from callcheck.words import Depth

if TYPE_CHECKING:
    from callcheck.lab.scenario import Scenario
    from callcheck.lab.score import Answer, Finished, Line, Planned, RunKey, Store
    from callcheck.model import Report

_ = tr()


@click.command("score", help=_("Play scenarios with several seeds and compare the verdicts with the truth."))
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@options.depth("quick")
@click.option("--seeds", type=click.IntRange(1, 1000), default=1, show_default=True, help=_("Seeds a scenario."))
@click.option("--jobs", type=click.IntRange(1, 64), help=_("Labs at a time; half the processors unless said."))
@options.servers
@click.option("--out", type=options.FILE, help=_("Also save to this file: JSON if it ends in .json, else Markdown."))
@click.option(
    "--resume",
    type=options.FILE,
    metavar="DIR",
    help=_("Remember finished runs in this folder, and play only what is missing; it keeps journals of wrong runs."),
)
@click.option("--judge-only", is_flag=True, help=_("Play nothing: judge again what the folder remembers."))
@click.option("--ablate", is_flag=True, help=_("Also judge every run without each check, to see what it is worth."))
@click.option(
    "--calibrate", is_flag=True, help=_("Fit the judge anew on these runs; the table judges families it never saw.")
)
def score(
    *,
    scenarios: tuple[str, ...],
    depth: str,
    seeds: int,
    jobs: int | None,
    servers: str,
    out: Path | None,
    resume: Path | None,
    judge_only: bool,
    ablate: bool,
    calibrate: bool,
) -> int:
    from callcheck.lab.score import planned  # noqa: PLC0415 - an ordinary run is no lab

    if judge_only and resume is None:
        fail(USAGE, tr()("--judge-only needs the folder that remembers the runs: --resume DIR"))
    with ExitStack() as stack:
        stack.enter_context(_refusals())
        found = _found(scenarios)
        store = _opened(stack, resume, must_exist=judge_only)
        if judge_only:
            chosen = {"depth": depth, "servers": servers, "seeds": seeds}
            runs = _remembered(store, found, {name: chosen[name] for name in chosen if _is_chosen(name)})
        else:
            runs = planned(found, depth=cast("Depth", depth), seeds=seeds, servers=servers)
        destination = stack.enter_context(Destination(out))
        work = _Work(runs, store, jobs or max(1, (os.cpu_count() or 2) // 2), ablate, is_kept=resume is not None)
        is_whole = work.done()
        if calibrate and is_whole:
            _calibrate(work)
        as_table, as_file = _tables(work, is_json=out is not None and out.suffix.lower() == ".json")
        if out is not None:
            destination.write(as_file)
        if out != STDOUT:
            put(as_table)
    lines = work.lines
    if not is_whole:
        say(tr()("interrupted: the table holds {done} of {total} runs").format(done=len(lines), total=len(runs)))
        return INTERRUPTED
    results = {line.result for line in lines.values()}
    return 0 if "right" in results and "wrong" not in results else 1


def _calibrate(work: _Work) -> None:
    """Store what these runs ask for; the table gets the verdicts of calibrations that never saw a run's family."""
    from callcheck.lab.score.heldout import Scored, calibrated  # noqa: PLC0415 - as above
    from callcheck.verdict import calibration  # noqa: PLC0415 - as above

    scored = [
        Scored(work.lines[run.key], run, work.reports[run.key])
        for run in work.runs
        if run.key in work.reports and work.lines[run.key].is_valid
    ]
    families = len({one.line.family for one in scored})
    made_from = f"{len(scored)} lab runs of {families} families, commit {_commit()}"
    result = calibrated(scored, calibration.shipped(), made_from)
    work.lines |= result.lines
    calibration.store(result.calibration)
    say(tr()("the new calibration stands in {path}").format(path=calibration.FILE))


def _commit() -> str:
    """Which code made it; "unknown" outside a checkout."""
    here = Path(__file__).parent
    try:
        told = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip()


def _is_chosen(option: str) -> bool:
    """Whether somebody asked for it, so that it does not merely have its default."""
    return click.get_current_context().get_parameter_source(option) is not ParameterSource.DEFAULT


def _tables(work: _Work, *, is_json: bool) -> tuple[bytes, bytes]:
    """What is printed, and what goes into the file."""
    from callcheck.lab.score import as_json, as_markdown, tallies_by_depth, tally  # noqa: PLC0415 - as above

    lines = [work.lines[run.key] for run in work.runs if run.key in work.lines]
    result, apart = tally(lines, work.without), tallies_by_depth(lines, work.without)
    table = as_markdown(result, apart).encode()
    return table, as_json(result, apart) if is_json else table


def _found(names: Sequence[str]) -> list[Scenario]:
    """The scenarios, each of which can be made a lab of. Raises ScenarioError."""
    from callcheck.lab import play  # noqa: PLC0415 - as above

    found = [play.find(name) for name in names or play.built_in()]
    for scenario in found:
        play.lab_of(scenario)
    return found


def _opened(stack: ExitStack, resume: Path | None, *, must_exist: bool) -> Store:
    """The folder that remembers; where none is asked for, one that lasts as long as this score."""
    from callcheck.lab.score import Store  # noqa: PLC0415 - as above

    if resume is None:
        return stack.enter_context(Store(Path(stack.enter_context(TemporaryDirectory(prefix="callcheck-score-")))))
    if must_exist and not resume.is_dir():
        fail(USAGE, tr()("{path}: no such folder").format(path=resume))
    store = stack.enter_context(Store(resume))
    if store.unreadable:
        text = tr()("{path}: damaged lines ignored: {count}; their runs are played again")
        say("callcheck: " + text.format(path=resume, count=store.unreadable))
    return store


def _remembered(store: Store, scenarios: Sequence[Scenario], chosen: Mapping[str, Any]) -> Sequence[Planned]:
    from callcheck.lab.score import remembered  # noqa: PLC0415 - as above

    runs, left_out = remembered(store.finished.values(), scenarios, **chosen)
    if left_out:
        text = tr()("remembered runs left out, as their scenario describes another network today: {count}")
        say("callcheck: " + text.format(count=left_out))
    return runs


@dataclass(slots=True)
class _Work:
    """`lines` fills with what is remembered and what is played; `without` with what is said without each check."""

    runs: Sequence[Planned]
    store: Store
    jobs: int
    ablate: bool
    is_kept: bool
    lines: dict[RunKey, Line] = field(default_factory=dict)
    without: dict[RunKey, Mapping[str, Sequence[Answer]]] = field(default_factory=dict)
    reports: dict[RunKey, Report] = field(default_factory=dict)

    def done(self) -> bool:
        """Judge again what is remembered, and play the rest; False where Ctrl-C ended it early."""
        known = self.store.finished
        for run in self.runs:
            if run.key in known:
                self.lines[run.key] = replace(known[run.key], is_of_then=known[run.key].is_valid)
        missing = [run for run in self.runs if run.key not in self.lines]
        try:
            self._judge([run for run in self.runs if run.key in self.lines])
            if missing:
                self._play(missing)
                # Not while labs ran: it takes what a measurement needs.
                self._judge(missing)
        except KeyboardInterrupt:
            return False
        return True

    def _judge(self, runs: Sequence[Planned]) -> None:
        from callcheck.lab.score import journal_reading, judged_again, kept_runs  # noqa: PLC0415 - as above

        kept = kept_runs(runs, self.lines, self.store)
        with judging(len(kept)) as told:
            for again in judged_again(kept, read=journal_reading, ablate=self.ablate, jobs=self.jobs, told=told):
                key = again.line.key
                if not again.line.is_of_then:
                    self.lines[key] = again.line
                if again.without is not None:
                    self.without[key] = again.without
                if again.report is not None:
                    self.reports[key] = again.report

    def _play(self, missing: Sequence[Planned]) -> None:
        from callcheck.lab.score import LabPlayer, journal_reader, play_all  # noqa: PLC0415 - as above

        _check_lab()
        player = LabPlayer(real_servers=missing[0].key.servers == "real")
        with progress(len(self.runs), self.lines) as told:

            def kept(finished: Finished) -> None:
                line = finished.line
                is_first = line.result == "wrong" and all(one.result != "wrong" for one in self.lines.values())
                if is_first and not self.is_kept:
                    say(tr()("the journals of wrong runs are not kept; with --resume DIR they are"))
                self.store.keep(line, finished.journal, finished.lab)
                self.lines[line.key] = line
                told(line)

            play_all(missing, player=player, read=journal_reader(), jobs=self.jobs, kept=kept)


def _check_lab() -> None:
    from callcheck.lab.lab import Lab, LabUnavailable  # noqa: PLC0415 - as above

    if reason := Lab.why_not():
        raise LabUnavailable(reason)


@contextmanager
def _refusals() -> Iterator[None]:
    """What keeps the whole score from starting or from being written down ends in one line and the right exit code."""
    from callcheck.lab.score import StoreError  # noqa: PLC0415 - as above

    with one_line_errors():
        try:
            yield
        except StoreError as error:
            fail(USAGE, str(error))
