"""Plays scenarios for tests: one run that is not void, and its verdicts by what they are about."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from callcheck.lab import play, score
from callcheck.model import Report, Verdict

# A lab that was late itself shows nothing; on a busy machine it may need another go.
_GOES = 5


def played(name: str | Path, *, real_servers: bool = True, overlay: bool = True) -> tuple[play.Played, Report]:
    """One quick run that is not void, and its report. `name` is a built-in scenario's id, or a file.

    Skips the test where the machine never let lab and callcheck be on time."""
    command = play.run_arguments("--depth", "quick", "--format", "json", overlay=overlay)
    void: tuple[str, ...] = ()
    for _ in range(_GOES):
        done = play.play(play.lab_of(play.find(str(name)), real_servers=real_servers), command, capture=True)
        report = msgspec.json.decode(done.output, type=Report)
        void = score.void_reasons(done.lab, report)
        if not void:
            return done, report
    # Lateness is the machine's doing and shows nothing either way; a rule that never hit is the scenario's fault.
    if all("late" in reason for reason in void):
        pytest.skip(f"this machine was too busy {_GOES} times: {void}")
    pytest.fail(f"the lab was void {_GOES} times: {void}")


def verdicts(report: Report) -> dict[tuple[str, str], Verdict]:
    return {(verdict.service, verdict.function): verdict for verdict in report.verdicts}
