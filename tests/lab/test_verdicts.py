"""A handful of the built-in scenarios, played for real: does the verdict meet the truth? `lab score` plays them all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from callcheck.lab import play, score
from callcheck.model import Report, Verdict
from callcheck.redaction.redact import redact
from callcheck.verdict.exit_code import exit_code
from callcheck.verdict.judge import judge

from .playing import played, unexpected, verdicts

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("lab_possible")]

_ROOT = Path(__file__).parents[2]


_HANDFUL = (
    "clean",
    "offline",
    "telegram-blocked",
    "telegram-calls-dropped",
    "telegram-relays-down",
    "udp-blocked",
    "whatsapp-relays-dropped",
)


def in_short(verdict: Verdict) -> tuple[str, ...]:
    return (verdict.service, verdict.function, verdict.outcome, verdict.cause, verdict.mechanism, verdict.where)


@pytest.mark.parametrize("name", _HANDFUL)
def test_the_verdict_meets_the_truth(name: str) -> None:
    done, report = played(name)
    line = score.compared(play.find(name), report, "quick", done.seconds)
    assert line.notes == ()
    assert done.exit_code == exit_code(report.verdicts)
    shared = redact(report)
    again = judge(shared.evidence, shared.run.depth, shared.instrument)
    assert [in_short(verdict) for verdict in again] == [in_short(verdict) for verdict in report.verdicts]
    assert report.run.complete
    assert unexpected(report) == []


def test_stand_ins_alone_lead_to_the_same_verdict() -> None:
    _, report = played("telegram-calls-dropped", real_servers=False)
    found = verdicts(report)[("telegram", "calls")]
    assert (found.outcome, found.cause, found.where) == ("fails", "selective", "provider")


def test_silent_whatsapp_relays_accuse_nobody_when_nobody_confirmed_that_they_answer() -> None:
    done, report = played("whatsapp-relays-dropped", overlay=False)
    found = verdicts(report)[("whatsapp", "calls")]
    assert (found.outcome, found.cause) == ("unknown", "unknown")
    assert done.exit_code == 0


def test_without_any_network_the_cause_is_said_to_be_that() -> None:
    """A namespace of its own with nothing in it: no route, no resolver that could be reached."""
    command = ["unshare", "-rn", *play.run_arguments("--format", "json", overlay=False)]
    done = subprocess.run(
        command, capture_output=True, check=False, timeout=60, env={**os.environ, "PYTHONPATH": str(_ROOT)}
    )
    report = msgspec.json.decode(done.stdout, type=Report)
    assert done.returncode == 1
    assert {verdict.cause for verdict in report.verdicts if verdict.function == "calls"} == {"offline"}
    assert all("callcheck lab run" in verdict.sentence for verdict in report.verdicts if verdict.function == "calls")


def test_an_interrupted_run_keeps_what_it_measured_and_says_so() -> None:
    """Ctrl-C as a terminal sends it: to the whole foreground group."""
    command = [sys.executable, "-m", "callcheck", "lab", "run", "clean", "--depth", "standard", "--format", "events"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, cwd=_ROOT
    ) as process:
        assert process.stdout is not None
        events = []
        for line in process.stdout:
            events.append(json.loads(line))
            if events[-1]["kind"] == "check_started" and events[-1]["check"] == "stream":
                os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)
    assert process.returncode == 130
    assert (events[-1]["kind"], events[-1]["data"]) == ("run_finished", {"complete": False})
    assert any(event["kind"] == "observed" and event["check"] == "relay" for event in events)
