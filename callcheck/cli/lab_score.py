"""`callcheck lab score`: how often callcheck is right, over many runs in the lab."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from callcheck.cli import options
from callcheck.cli.lab_errors import one_line_errors
from callcheck.cli.output import INTERRUPTED, USAGE, Destination, fail, put, say, tr
from callcheck.report.printable import printable
from callcheck.words import Depth

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from callcheck.lab.scenario import Scenario
    from callcheck.lab.score import Finished, Line, Planned, RunKey, Store

_ = tr()
Told = Callable[["Line"], None]


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
def score(
    *,
    scenarios: tuple[str, ...],
    depth: str,
    seeds: int,
    jobs: int | None,
    servers: str,
    out: Path | None,
    resume: Path | None,
) -> int:
    from callcheck.lab.score import as_json, as_markdown, planned, tally  # noqa: PLC0415 - an ordinary run is no lab

    with ExitStack() as stack:
        stack.enter_context(_refusals())
        runs = planned(_found(scenarios), depth=cast("Depth", depth), seeds=seeds, servers=servers)
        store = _opened(stack, resume)
        destination = stack.enter_context(Destination(out))
        lines: dict[RunKey, Line] = {}
        is_whole = _play(runs, store, lines, jobs=jobs or max(1, (os.cpu_count() or 2) // 2))
        result = tally(lines[run.key] for run in runs if run.key in lines)
        table = as_markdown(result).encode()
        if out is not None:
            destination.write(as_json(result) if out.suffix.lower() == ".json" else table)
        put(table)
    if not is_whole:
        say(tr()("interrupted: the table holds {done} of {total} runs").format(done=len(lines), total=len(runs)))
        return INTERRUPTED
    results = {line.result for line in lines.values()}
    return 0 if "right" in results and "wrong" not in results else 1


def _found(names: Sequence[str]) -> list[Scenario]:
    """The scenarios, each of which can be made a lab of. Raises ScenarioError."""
    from callcheck.lab import play  # noqa: PLC0415 - as above

    found = [play.find(name) for name in names or play.built_in()]
    for scenario in found:
        play.lab_of(scenario)
    return found


def _opened(stack: ExitStack, resume: Path | None) -> Store | None:
    from callcheck.lab.score import Store  # noqa: PLC0415 - as above

    if resume is None:
        return None
    store = stack.enter_context(Store(resume))
    if store.unreadable:
        text = tr()("{path}: damaged lines ignored: {count}; their runs are played again")
        say("callcheck: " + text.format(path=resume, count=store.unreadable))
    return store


def _play(runs: Sequence[Planned], store: Store | None, lines: dict[RunKey, Line], *, jobs: int) -> bool:
    """Fill `lines` with what is remembered and what is played; False where Ctrl-C ended it early."""
    from callcheck.lab.score import LabPlayer, journal_reader, play_all  # noqa: PLC0415 - as above

    known = store.finished if store is not None else {}
    lines |= {run.key: known[run.key] for run in runs if run.key in known}
    missing = [run for run in runs if run.key not in lines]
    if not missing:
        return True
    _check_lab()
    player = LabPlayer(real_servers=missing[0].key.servers == "real")
    with _progress(len(runs), lines) as told:

        def kept(finished: Finished) -> None:
            if store is not None:
                store.keep(finished.line, finished.journal, finished.lab)
            elif finished.line.result == "wrong" and not any(line.result == "wrong" for line in lines.values()):
                say(tr()("the journals of wrong runs are not kept; with --resume DIR they are"))
            lines[finished.line.key] = finished.line
            told(finished.line)

        try:
            play_all(missing, player=player, read=journal_reader(), jobs=jobs, kept=kept)
        except KeyboardInterrupt:
            return False
    return True


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


@contextmanager
def _progress(total: int, lines: Mapping[RunKey, Line]) -> Iterator[Told]:
    """Says on stderr how far the score is: a bar where somebody looks, a line a run where nobody does.

    `lines` holds what is finished, the run that is told of included.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield lambda line: say("\n".join(_said(line, f"[{len(lines)}/{total}] ")))
        return
    from rich.console import Console  # noqa: PLC0415 - a script without a terminal shall not pay for it
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        BarColumn(bar_width=24),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    # Runs take many seconds each: the time left is judged by the whole score so far.
    bars = Progress(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=86_400.0)
    with bars:
        task = bars.add_task(_counts(lines), total=total, completed=len(lines))
        yield lambda line: _draw(bars, task, line, lines)


def _draw(bars: Progress, task: TaskID, line: Line, lines: Mapping[RunKey, Line]) -> None:
    bars.update(task, completed=len(lines), description=_counts(lines))
    if line.result != "right":
        for text in _said(line):
            bars.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)


def _counts(lines: Mapping[RunKey, Line]) -> str:
    counts = Counter(line.result for line in lines.values())
    text = tr()("{right} right, {wrong} wrong, {void} void, {failed} failed")
    return text.format(right=counts["right"], wrong=counts["wrong"], void=counts["void"], failed=counts["failed"])


def _said(line: Line, before: str = "") -> list[str]:
    translate = tr()
    said = {
        "right": translate("{scenario} seed {seed}: right ({seconds:.1f} s)"),
        "wrong": translate("{scenario} seed {seed}: wrong ({seconds:.1f} s)"),
        "void": translate("{scenario} seed {seed}: void, it shows nothing"),
        "failed": translate("{scenario} seed {seed}: the lab failed"),
    }[line.result]
    text = said.format(scenario=line.key.scenario, seed=line.key.seed, seconds=line.seconds)
    voids = [translate("played in vain: {reason}").format(reason=reason) for reason in line.voids]
    return [before + text, *(f"    {note}" for note in (*voids, *line.notes))]
