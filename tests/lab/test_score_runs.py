"""Playing many runs: what one of them costs the others, and what Ctrl-C leaves."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence

import pytest

from callcheck.engine.events import JournalError, encode_line
from callcheck.lab.lab import LabError, LabOutcome, LabUnavailable
from callcheck.lab.play import Played
from callcheck.lab.scenario import Scenario
from callcheck.lab.score import Finished, Planned, journal_reader, planned, play_all
from callcheck.lab.score.player import EndedError
from callcheck.lab.score.runs import GOES
from callcheck.model import Instrument, Report
from callcheck.words import Depth
from tests.report.made import a_report, a_run, verdict

from .test_score_lines import UNSURE, WORKS, a_scenario

_CLEAN = 'outcome = ["works"]\ncause = ["none"]'


def played(name: bytes = b"works", void: Sequence[str] = ()) -> Played:
    return Played(0, name, b"a word\nlast words\n", 4.0, LabOutcome((), (), tuple(void)))


def read(journal: bytes) -> Report:
    """The reports that the fake player's journals stand for."""
    if journal == b"broken":
        raise JournalError("the journal ends before the run does")
    late = Instrument(send_lateness_p99_ms=50.0, valid=False)
    return {
        b"works": a_report(verdicts=(WORKS,)),
        b"late and unsure": a_report(verdicts=(UNSURE,), instrument=late),
        b"late and right": a_report(verdicts=(WORKS,), instrument=late),
        b"late and wrong": a_report(verdicts=(verdict(),), instrument=late),
        b"silent": a_report(),
    }[journal]


class FakePlayer:
    """Gives what `script` says, scenario by scenario, a go at a time; an exception is raised."""

    def __init__(self, **script: Sequence[Played | Exception]) -> None:
        self.script = {name: list(goes) for name, goes in script.items()}
        self.goes: list[tuple[str, int]] = []
        self.is_ended = threading.Event()

    def __call__(self, scenario: Scenario, depth: Depth) -> Played:
        self.goes.append((scenario.id, scenario.seed))
        go = self.script[scenario.id].pop(0)
        if isinstance(go, Exception):
            raise go
        return go

    def end(self) -> None:
        self.is_ended.set()


def plan(*names: str, seeds: int = 1) -> tuple[Planned, ...]:
    return planned([a_scenario(_CLEAN, name=name) for name in names], depth="quick", seeds=seeds, servers="own")


def finished(player: FakePlayer, *names: str, jobs: int = 1) -> dict[str, Finished]:
    ended: list[Finished] = []
    play_all(plan(*names), player=player, read=read, jobs=jobs, kept=ended.append)
    return {one.line.key.scenario: one for one in ended}


def test_seeds_are_outermost_so_that_all_families_come_early() -> None:
    player = FakePlayer(a=[played()] * 2, b=[played()] * 2)
    play_all(plan("a", "b", seeds=2), player=player, read=read, jobs=1, kept=lambda _: None)
    assert player.goes == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


def test_a_run_that_is_asked_for_twice_is_planned_once() -> None:
    assert len(plan("a", "a", seeds=3)) == 3


@pytest.mark.parametrize(
    ("wire", "is_same"),
    [("", True), ("# a comment is no change", True), ("[[wire.core.up]]\ndelay_ms = 3", False)],
)
def test_another_text_of_the_scenario_makes_another_run(wire: str, is_same: bool) -> None:
    changed = a_scenario(f"{_CLEAN}\n{wire}", name="a")
    key = planned([changed], depth="quick", seeds=1, servers="own")[0].key
    assert (key == plan("a")[0].key) is is_same


def test_another_depth_and_other_servers_make_another_run() -> None:
    scenario = a_scenario(_CLEAN)
    keys = {
        planned([scenario], depth=depth, seeds=1, servers=servers)[0].key
        for depth in ("quick", "deep")
        for servers in ("own", "real")
    }
    assert len(keys) == 4


def test_a_right_run_leaves_a_line_and_its_journal() -> None:
    go = played()
    done = finished(FakePlayer(a=[go]), "a")["a"]
    assert (done.line.result, done.line.family, done.line.seconds, done.line.notes) == ("right", "a", 9.4, ())
    assert (done.journal, done.lab) == (b"works", go.lab)


def test_a_wrong_run_brings_its_journal_and_what_the_lab_did() -> None:
    go = played(b"silent")
    done = finished(FakePlayer(a=[go]), "a")["a"]
    assert (done.line.result, done.line.notes) == ("wrong", ("telegram calls: no verdict",))
    assert (done.journal, done.lab) == (b"silent", go.lab)


@pytest.mark.parametrize(
    ("void", "reason"),
    [
        (played(void=("rule 1 on core never hit", "the lab was late")), "rule 1 on core never hit; the lab was late"),
        (played(b"late and unsure"), "callcheck sent its packets late on this busy machine"),
    ],
)
def test_a_void_run_is_played_again_and_its_reasons_are_kept(void: Played, reason: str) -> None:
    done = finished(FakePlayer(a=[void, void, played()]), "a")["a"]
    assert (done.line.result, done.line.voids) == ("right", (reason, reason))


@pytest.mark.parametrize(("name", "result"), [(b"late and right", "right"), (b"late and wrong", "wrong")])
def test_a_late_callcheck_that_spoke_up_counts_at_once(name: bytes, result: str) -> None:
    player = FakePlayer(a=[played(name)])
    line = finished(player, "a")["a"].line
    assert (line.result, line.voids, len(player.goes)) == (result, (), 1)


def test_a_run_that_stays_void_is_given_up_and_says_nothing() -> None:
    player = FakePlayer(a=[played(void=("late",))] * 9)
    line = finished(player, "a")["a"].line
    assert (line.result, line.voids, line.answers) == ("void", ("late",) * GOES, ())
    assert len(player.goes) == GOES


def test_a_run_that_is_not_valid_leaves_no_journal() -> None:
    player = FakePlayer(a=[played(void=("late",))] * GOES, b=[LabError("boom")])
    assert [(one.journal, one.lab) for one in finished(player, "a", "b").values()] == [(b"", None)] * 2


def test_another_truth_makes_no_other_run() -> None:
    changed = a_scenario('outcome = ["fails"]\ncause = ["selective"]', name="a")
    assert planned([changed], depth="quick", seeds=1, servers="own")[0].key == plan("a")[0].key


@pytest.mark.parametrize(
    "trouble", [LabError("boom"), LabUnavailable("boom"), RuntimeError("boom"), OSError("boom"), KeyError("boom")]
)
@pytest.mark.parametrize("jobs", [1, 3])
def test_trouble_with_one_lab_costs_that_run_alone(trouble: Exception, jobs: int) -> None:
    player = FakePlayer(a=[played()], b=[played(void=("late",)), trouble], c=[played()])
    lines = {name: one.line for name, one in finished(player, "a", "b", "c", jobs=jobs).items()}
    assert {name: line.result for name, line in lines.items()} == {"a": "right", "b": "failed", "c": "right"}
    assert f"{type(trouble).__name__}: " in lines["b"].notes[0]
    assert "boom" in lines["b"].notes[0]
    assert lines["b"].voids == ("late",)


def test_a_callcheck_that_dies_is_wrong_and_its_last_words_are_told() -> None:
    line = finished(FakePlayer(a=[played(b"broken", void=("rule 1 on core never hit",))]), "a")["a"].line
    assert line.result == "wrong"
    assert line.notes == ("no report (the journal ends before the run does), exit 0: last words",)
    assert [answer.said for answer in line.answers] == [None]


class Blocks(FakePlayer):
    """Its first run is made; the second makes the main thread hear Ctrl-C, and waits to be ended."""

    def __init__(self, tell: Callable[[], None]) -> None:
        super().__init__(a=[played()])
        self._tell = tell

    def __call__(self, scenario: Scenario, depth: Depth) -> Played:
        if scenario.id == "a":
            return super().__call__(scenario, depth)
        self.goes.append((scenario.id, scenario.seed))
        self._tell()
        assert self.is_ended.wait(20)
        raise EndedError


def test_ctrl_c_ends_what_is_under_way_and_keeps_what_is_finished() -> None:
    main = threading.main_thread().ident
    assert main is not None
    player = Blocks(lambda: signal.pthread_kill(main, signal.SIGINT))
    ended: list[Finished] = []
    with pytest.raises(KeyboardInterrupt):
        play_all(plan("a", "b", "c"), player=player, read=read, jobs=1, kept=ended.append)
    assert [one.line.key.scenario for one in ended] == ["a"]
    assert [name for name, _ in player.goes] == ["a", "b"]


def test_a_line_that_cannot_be_written_down_ends_the_score() -> None:
    def full(_finished: Finished) -> None:
        raise OSError("no space left")

    player = FakePlayer(a=[played()], b=[played()], c=[played()])
    with pytest.raises(OSError, match="no space left"):
        play_all(plan("a", "b", "c"), player=player, read=read, jobs=1, kept=full)
    assert player.is_ended.is_set()


def test_the_reader_folds_a_journal_and_refuses_half_of_one() -> None:
    whole = a_run(("check_started", "link", {}), ("check_finished", "link", {"outcome": "completed"}))
    report = journal_reader()(b"".join(map(encode_line, whole)))
    assert (report.run.id, report.run.duration_s) == ("f00d", 0.003)
    for cut in (whole[:-1], a_run(complete=False), []):
        with pytest.raises(JournalError):
            journal_reader()(b"".join(map(encode_line, cut)))
