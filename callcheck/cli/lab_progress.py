"""How far a score is, on stderr: a bar where somebody looks, a line where nobody does."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from callcheck.cli.output import say, tr
from callcheck.report.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from callcheck.lab.score import Line, RunKey

# Where nobody looks at a bar, a line is written for so many runs that are judged again.
_TOLD_EVERY = 100
Told = Callable[["Line"], None]


@contextmanager
def judging(total: int) -> Iterator[Callable[[int], None]]:
    """Says on stderr how many of `total` runs have been judged again."""
    text = tr()("judged again: {done} of {total}")
    if not _is_watched():

        def told(done: int) -> None:
            if done == total or not done % _TOLD_EVERY:
                say(text.format(done=done, total=total))

        yield told
        return
    from rich.console import Console  # noqa: PLC0415 - a script without a terminal shall not pay for it

    with Console(stderr=True).status(text.format(done=0, total=total)) as status:
        yield lambda done: status.update(text.format(done=done, total=total))


def _is_watched() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


@contextmanager
def progress(total: int, lines: Mapping[RunKey, Line]) -> Iterator[Told]:
    """Says on stderr how far the score is: a bar where somebody looks, a line a run where nobody does.

    `lines` holds what is finished, the run that is told of included.
    """
    if not _is_watched():
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
