"""Plays scenarios for tests: one run that is not void, and its verdicts by what they are about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from callcheck.lab import play, score
from callcheck.model import Report, Verdict
from callcheck.report.problems import split_problem
from callcheck.words import Depth

# A lab that was late itself shows nothing; on a busy machine it may need another go. Long runs get fewer, and all the
# tests of a session together get so many, lest a machine that is late for an hour plays everything five times.
_GOES: dict[Depth, int] = {"quick": 5, "standard": 2, "deep": 1}
_further_goes: Iterator[int] = iter(range(12))


def played(
    name: str | Path, *, depth: Depth = "quick", real_servers: bool = True, overlay: bool = True
) -> tuple[play.Played, Report]:
    """One run that is not void, and its report. `name` is a built-in scenario's id, or a file.

    Skips the test where the machine never let lab and callcheck be on time."""
    command = play.run_arguments("--depth", depth, "--format", "json", overlay=overlay)
    void: tuple[str, ...] = ()
    scenario = play.find(str(name))
    for _ in range(_GOES[depth]):
        done = play.play(play.lab_of(scenario, real_servers=real_servers), command, capture=True)
        report = msgspec.json.decode(done.output, type=Report)
        comparison = score.compared(scenario, report, depth, done.seconds)
        void = (*score.void_reasons(done.lab, report, comparison), *_out_of_time(report))
        if not void:
            return done, report
        if next(_further_goes, None) is None:
            break
    # Lateness is the machine's doing and shows nothing either way; a rule that never hit is the scenario's fault.
    if all("late" in reason for reason in void):
        pytest.skip(f"this machine was too busy: {void}")
    pytest.fail(f"the lab was void each time: {void}")


def verdicts(report: Report) -> dict[tuple[str, str], Verdict]:
    return {(verdict.service, verdict.function): verdict for verdict in report.verdicts}


def _out_of_time(report: Report) -> list[str]:
    """Checks keep their limits in virtual time, which their own tests see to: here it is the machine that was late."""
    timed_out = [line for line in report.problems if (split_problem(line) or ("", "", ""))[1] == "timed_out"]
    return [f"late: {line}" for line in timed_out]


def unexpected(report: Report) -> list[str]:
    """The report's problems, but for checks that were left out because nothing abroad could be reached."""
    return [line for line in report.problems if (split_problem(line) or ("", "", ""))[1] != "skipped"]
