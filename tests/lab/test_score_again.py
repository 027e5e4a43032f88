"""Kept runs judged again: with the judge and the truth of today, and with their old answers where that cannot be."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from callcheck import session
from callcheck.engine.events import Event, JournalError
from callcheck.flow.worker import STOOD_STILL
from callcheck.lab.scenario import Scenario
from callcheck.lab.score import Again, Kept, Line, Planned, Reading, Store, judged_again, kept_runs, planned
from callcheck.lab.score.again import judge_again
from callcheck.lab.score.reading import journal_reading, reading_of
from callcheck.lab.score.remembered import remembered
from callcheck.model import Evidence, Instrument, Numbered, Observation, Report, Verdict
from callcheck.report.fold import fold
from callcheck.words import Claim
from tests.report.made import a_report, a_run, verdict

from .test_score_lines import UNSURE, WORKS, a_line, a_scenario

_CLEAN = 'outcome = ["works"]\ncause = ["none"]'
_BLOCKED = 'outcome = ["fails"]\ncause = ["selective"]'
_LATE = Instrument(send_lateness_p99_ms=50.0, valid=False)
_REPORTS = {
    b"works": a_report(verdicts=(WORKS,)),
    b"fails": a_report(verdicts=(verdict(),)),
    b"late and right": a_report(verdicts=(WORKS,), instrument=_LATE),
    b"late and unsure": a_report(verdicts=(UNSURE,), instrument=_LATE),
    b"late and wrong": a_report(verdicts=(verdict(),), instrument=_LATE),
    b"stood still, unsure": a_report(verdicts=(UNSURE,), problems=(f"stream: {STOOD_STILL} for 2.1 s",)),
}


def read_made(journal: bytes, *, ablate: bool) -> Reading:
    """The readings that made journals stand for; other processes import it by its name."""
    if journal == b"half":
        raise JournalError("the journal ends before the run does")
    if journal == b"judge breaks":
        raise ZeroDivisionError("in the judge")
    report = _REPORTS[journal]
    without: dict[str, tuple[Verdict, ...]] = {"relay": (), "link": (WORKS,)} if ablate else {}
    return Reading(report, {("telegram", "calls"): 3.5}, without)


def kept_at(directory: Path, journal: bytes | None, *, truth: str = _CLEAN, seed: int = 1, **line: Any) -> Kept:
    run = planned([a_scenario(truth, name="a", seed=seed)], depth="quick", seeds=1, servers="own")[0]
    made: dict[str, Any] = {"key": run.key, "family": "a", "result": "wrong", "seconds": 9.4, "notes": ("then",)}
    path = directory / f"{seed}.ndjson.gz"
    if journal is not None:
        path.write_bytes(gzip.compress(journal))
    return Kept(Line(**(made | line)), run, path)


def again(kept: Kept, *, ablate: bool = False) -> Again:
    return judge_again(kept, read=read_made, ablate=ablate)


def test_the_truth_and_the_judge_of_today_decide(tmp_path: Path) -> None:
    line = again(kept_at(tmp_path, b"works")).line
    assert (line.result, line.notes, line.is_of_then, line.seconds) == ("right", (), False, 9.4)
    assert [(one.said and one.said.cause, one.announced_s) for one in line.answers] == [("none", 3.5)]
    line = again(kept_at(tmp_path, b"works", truth=_BLOCKED, result="right")).line
    assert (line.result, line.standing) == ("wrong", "wrong")


@pytest.mark.parametrize("journal", [None, b"not of gzip"])
def test_without_its_journal_a_run_keeps_its_answers_and_says_that_they_are_old(
    tmp_path: Path, journal: bytes | None
) -> None:
    kept = kept_at(tmp_path, None)
    if journal is not None:
        kept.journal.write_bytes(journal)
    assert again(kept) == Again(replace(kept.line, is_of_then=True), None)


def test_a_journal_that_another_run_left_there_is_not_this_runs(tmp_path: Path) -> None:
    line = again(kept_at(tmp_path, b"works", seconds=9.399)).line
    assert (line.is_of_then, line.result, line.notes) == (True, "wrong", ("then",))


@pytest.mark.parametrize("journal", [b"late and unsure", b"stood still, unsure"])
def test_a_run_that_was_late_and_abstained_is_void_unless_the_scenario_wants_it_busy(
    tmp_path: Path, journal: bytes
) -> None:
    line = again(kept_at(tmp_path, journal, voids=("before",))).line
    late = "callcheck sent its packets late on this busy machine"
    assert (line.result, line.voids, line.answers) == ("void", ("before", late), ())
    busy = again(kept_at(tmp_path, journal, truth=_CLEAN + "\n[topology]\nbusy = 2")).line
    assert (busy.result, busy.standing) == ("wrong", "abstained")


@pytest.mark.parametrize(
    ("journal", "result"), [(b"late and right", "right"), (b"late and wrong", "wrong"), (b"fails", "wrong")]
)
def test_a_late_run_that_spoke_up_counts(tmp_path: Path, journal: bytes, result: str) -> None:
    line = again(kept_at(tmp_path, journal, voids=("before",))).line
    assert (line.result, line.standing, line.voids) == (result, result, ("before",))


def test_a_run_without_a_report_stays_wrong_with_its_last_words_and_a_broken_judge_is_named(tmp_path: Path) -> None:
    line = again(kept_at(tmp_path, b"half", notes=("no report (...), exit 70: boom",))).line
    assert (line.result, line.notes, line.is_of_then) == ("wrong", ("no report (...), exit 70: boom",), False)
    line = again(kept_at(tmp_path, b"judge breaks")).line
    assert (line.result, line.notes) == ("wrong", ("no report (ZeroDivisionError: in the judge)",))
    assert [one.said for one in line.answers] == [None]


def test_what_is_said_without_each_check_is_held_against_the_same_truths(tmp_path: Path) -> None:
    found = again(kept_at(tmp_path, b"works"), ablate=True)
    assert {name: [one.standing for one in answers] for name, answers in (found.without or {}).items()} == {
        "link": ["right"],
        "relay": ["wrong"],
    }
    assert again(kept_at(tmp_path, b"works")).without == {}


@pytest.mark.parametrize("jobs", [1, 2])
def test_many_runs_come_back_in_their_order_from_one_process_or_several(tmp_path: Path, jobs: int) -> None:
    journals = [b"works", b"fails", None, b"half"] * 3
    kept = [kept_at(tmp_path, journal, seed=seed) for seed, journal in enumerate(journals)]
    told: list[int] = []
    found = list(judged_again(kept, read=read_made, ablate=False, jobs=jobs, told=told.append))
    assert [one.line.key.seed for one in found] == list(range(12))
    assert [one.line.result for one in found] == ["right", "wrong", "wrong", "wrong"] * 3
    assert [one.line.is_of_then for one in found] == [False, False, True, False] * 3
    assert told == list(range(1, 13))


def test_only_valid_runs_that_are_asked_for_are_judged_again(tmp_path: Path) -> None:
    runs = planned([a_scenario(_CLEAN, name=name) for name in ("a", "b", "c")], depth="quick", seeds=1, servers="own")
    lines = {run.key: a_line(key=run.key, result=result) for run, result in zip(runs, ("right", "void"), strict=False)}
    with Store(tmp_path) as store:
        found = kept_runs(runs, lines, store)
    assert [(one.run.key.scenario, one.journal.parent.name) for one in found] == [("a", "journals")]


def _lines_of(*runs: Planned, **changes: Any) -> list[Line]:
    return [a_line(key=replace(run.key, **changes)) for run in runs]


def _asked(lines: Iterable[Line], *scenarios: Scenario, **chosen: Any) -> tuple[list[tuple[str, int, str]], int]:
    runs, left_out = remembered(lines, scenarios, **chosen)
    return [(run.key.scenario, run.key.seed, run.key.depth) for run in runs], left_out


def test_what_is_remembered_counts_if_its_network_is_still_the_same() -> None:
    a, b = a_scenario(_CLEAN, name="a"), a_scenario(_CLEAN, name="b")
    runs = planned([b, a], depth="quick", seeds=2, servers="own")
    deep = _lines_of(*runs[:1], depth="deep")
    lines = [*deep, *_lines_of(*runs)]
    everything = [("a", 1, "quick"), ("a", 2, "quick"), ("b", 1, "quick"), ("b", 1, "deep"), ("b", 2, "quick")]
    assert _asked(lines, a, b) == (everything, 0)
    assert _asked(lines, b, depth="deep") == ([("b", 1, "deep")], 0)
    assert _asked(lines, a, seeds=1) == ([("a", 1, "quick")], 0)
    assert _asked(lines, a, servers="real") == ([], 0)
    other_truth = a_scenario(_BLOCKED, name="a")
    assert _asked(lines, other_truth)[0] == everything[:2]
    other_network = a_scenario(f"{_CLEAN}\n[[wire.core.up]]\ndelay_ms = 3", name="a")
    assert _asked(lines, other_network) == ([], 2)


def test_of_several_versions_the_last_that_was_written_counts() -> None:
    scenario = a_scenario(_CLEAN, name="a")
    run = planned([scenario], depth="quick", seeds=1, servers="own")[0]
    runs, _ = remembered([*_lines_of(run, version="1"), *_lines_of(run, version="2")], [scenario])
    assert [one.key.version for one in runs] == ["2"]


# What a reading makes of a journal, with made checks and a made judge.
_CLAIMS = (Claim.route_exists, Claim.tunnel_in_use, Claim.one_way_out)


class MadeCheck:
    """Says one thing of all that it is given, and counts how often it is asked."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.asked: list[int] = []

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        self.asked.append(len(observations))
        numbers = tuple(one.seq for one in observations)
        yield Evidence(service="telegram", claim=self.claim, facts={}, strength=1, group="made", seqs=numbers)


def made_judge(
    evidence: Sequence[Evidence], _depth: object, _instrument: object, *_more: object
) -> tuple[Verdict, ...]:
    claims = [one.claim for one in evidence]
    cause = "selective" if {Claim.route_exists, Claim.tunnel_in_use} <= set(claims) else "unknown"
    return (verdict(cause=cause),) if claims else ()


@pytest.fixture
def made_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    def report_of(events: Iterable[Event], checks: Any, language: str) -> Report:
        return fold(events, {name: check.read for name, check in checks.items()}, made_judge, language)

    monkeypatch.setattr(session, "report_of", report_of)


def _seen(check: str) -> tuple[Any, str, dict[str, Any]]:
    return ("observed", check, {"op": f"{check}.seen"})


def _ended(check: str) -> tuple[Any, str, dict[str, Any]]:
    return ("check_finished", check, {"outcome": "completed"})


@pytest.mark.usefixtures("made_judgement")
def test_a_journal_is_judged_whole_in_part_and_without_each_check_and_read_once_for_each_part() -> None:
    events = a_run(_seen("link"), _ended("link"), _seen("relay"), _seen("stun"), _ended("stun"), _seen("relay"))
    checks = {name: MadeCheck(claim) for name, claim in zip(("link", "relay", "stun"), _CLAIMS, strict=True)}
    found = reading_of(events, checks, ablate=True)  # type: ignore[arg-type]  # only their `read` is asked
    assert [one.cause for one in found.report.verdicts] == ["selective"]
    assert found.announced_s == {("telegram", "calls"): 0.005}
    causes = {name: [one.cause for one in verdicts] for name, verdicts in found.without.items()}
    assert causes == {"link": ["unknown"], "relay": ["unknown"], "stun": ["selective"]}
    assert {name: sorted(check.asked) for name, check in checks.items()} == {"link": [1], "relay": [1, 2], "stun": [1]}


@pytest.mark.usefixtures("made_judgement")
def test_half_a_journal_is_none() -> None:
    for complete in (False, None):
        with pytest.raises(JournalError):
            reading_of(a_run(_seen("link"), complete=complete), {}, ablate=False)


def test_a_kept_journal_of_the_lab_reads_as_its_report_does(journal_of: Callable[[str], bytes]) -> None:
    """With the installed checks and the judge as they are."""
    content = journal_of("offline")
    found = journal_reading(content, ablate=True)
    observers = {one.check for one in found.report.observations}
    decided = {(one.service, one.function) for one in found.report.verdicts if one.cause != "unknown"}
    assert set(found.without) == observers
    assert set(found.announced_s) == decided
    assert all(0 < at_s <= found.report.run.duration_s for at_s in found.announced_s.values())
    assert journal_reading(content, ablate=False).without == {}


@pytest.fixture
def journal_of() -> Callable[[str], bytes]:
    folder = Path(__file__).parents[1] / "journals"
    return lambda name: gzip.decompress((folder / f"{name}.ndjson.gz").read_bytes())
