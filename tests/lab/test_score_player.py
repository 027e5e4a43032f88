"""The client of a scored run: what it says is heard, it can be ended from outside, and it cannot hang for ever."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from callcheck.lab import play
from callcheck.lab.score import LabPlayer, player
from callcheck.lab.score.player import EndedError
from callcheck.lab.wire.outcome import LabOutcome

from .test_score_lines import a_scenario

_SCENARIO = a_scenario('outcome = ["works"]\ncause = ["none"]')
_OUTCOME = LabOutcome((), (), ("stopped",))
_SPEAKS = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
_HANGS = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); print('half', flush=True); time.sleep(60)"


class NoLab:
    """Stands in for a lab: its client is a program on this machine."""

    def __init__(self, script: str, *arguments: str) -> None:
        self._command = [sys.executable, "-S", "-c", script, *arguments]
        self.is_left = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_left = True

    def argv(self, _command: list[str]) -> list[str]:
        return self._command

    def stop(self) -> LabOutcome:
        return _OUTCOME


@pytest.fixture
def lab_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[NoLab], NoLab]:
    def use(lab: NoLab) -> NoLab:
        monkeypatch.setattr(play, "lab_of", lambda _scenario, **_options: lab)
        return lab

    return use


Use = Callable[[NoLab], NoLab]


def test_what_the_client_says_and_what_the_lab_did_are_handed_back(lab_is: Use) -> None:
    lab = lab_is(NoLab(_SPEAKS))
    done = LabPlayer(real_servers=False)(_SCENARIO, "quick")
    assert (done.exit_code, done.output, done.errors, done.lab) == (3, b"out\n", b"err\n", _OUTCOME)
    assert lab.is_left


def test_a_client_that_is_stuck_is_stopped_and_what_it_said_is_kept(
    lab_is: Use, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab_is(NoLab(_HANGS, str(tmp_path / "runs")))
    monkeypatch.setitem(player._PATIENCE_S, "quick", 2.0)
    done = LabPlayer(real_servers=False)(_SCENARIO, "quick")
    assert done.exit_code == -9
    assert done.output == b"half\n"
    assert b"stopped, as it was not done after 2 s" in done.errors


def test_ending_the_player_ends_its_client_and_leaves_the_lab(lab_is: Use, tmp_path: Path) -> None:
    running = tmp_path / "runs"
    lab = lab_is(NoLab(_HANGS, str(running)))
    one = LabPlayer(real_servers=False)

    def end_when_it_runs() -> None:
        while not running.exists():
            threading.Event().wait(0.01)
        one.end()

    ender = threading.Thread(target=end_when_it_runs)
    ender.start()
    try:
        with pytest.raises(EndedError):
            one(_SCENARIO, "quick")
    finally:
        ender.join()
    assert lab.is_left


def test_a_player_that_was_ended_starts_nothing(lab_is: Use) -> None:
    lab = lab_is(NoLab(_SPEAKS))
    one = LabPlayer(real_servers=False)
    one.end()
    with pytest.raises(EndedError):
        one(_SCENARIO, "quick")
    assert lab.is_left
