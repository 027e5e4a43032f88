"""`callcheck lab score` over what is remembered: judged again, at every depth, and without each check."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from callcheck.cli import main
from callcheck.lab import score
from callcheck.model import Verdict
from callcheck.verdict import calibration
from tests.report.made import a_report
from tests.verdict.made import LINE, ON_TIME, relays, stream, text

from . import test_score_command as command
from .test_score_command import Labs, Scenarios, read_again
from .test_score_lines import UNSURE, WORKS
from .test_score_runs import played

labs, scenarios = command.labs, command.scenarios
_CALLS = command._CALLS
WELL = (*LINE, text(3), relays(3), stream(3, 0.0))


def judging(monkeypatch: pytest.MonkeyPatch, verdicts: tuple[Verdict, ...]) -> None:
    """From now on the judge says this of every journal."""

    def today(_journal: bytes, *, ablate: bool) -> score.Reading:
        return score.Reading(a_report(verdicts=verdicts), {}, {"link": verdicts} if ablate else {})

    monkeypatch.setattr(score, "journal_reading", today)


def test_what_is_remembered_is_judged_with_the_judge_of_today(
    labs: Labs,
    scenarios: Scenarios,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = labs(lambda _: played(b"silent"))
    call = ["lab", "score", "--resume", str(tmp_path / "kept"), *scenarios("a", "b")]
    assert main(call) == 1
    judging(monkeypatch, (WORKS,))
    capsys.readouterr()
    assert main(call) == 0
    printed = capsys.readouterr()
    assert "2 runs; 2 right" in printed.out
    assert "judged again: 2 of 2" in printed.err
    assert "judged then" not in printed.out
    (tmp_path / "kept" / "journals" / "b-0-quick-real.ndjson.gz").unlink()
    assert main(call) == 1
    assert "1 right, 0 abstained, 1 wrong, 0 void, 0 failed. 1 run was judged then, not now" in capsys.readouterr().out
    assert names == ["a", "b"]


def test_judge_only_plays_nothing_and_takes_every_depth_unless_one_is_asked_for(
    labs: Labs, scenarios: Scenarios, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = labs(lambda _: played())
    paths, kept = scenarios("a", "b"), ["lab", "score", "--resume", str(tmp_path / "kept")]
    main([*kept, *paths])
    main([*kept, "--depth", "deep", "--seeds", "2", paths[0]])
    assert len(names) == 4
    capsys.readouterr()
    only, out = [*kept, "--judge-only"], tmp_path / "all.json"
    assert main([*only, "--out", str(out), *paths]) == 0
    table = capsys.readouterr().out
    parts = [line for line in table.split("\n") if line.startswith("### ")]
    assert parts == ["### quick", "### deep", "### all"]
    assert (table.count("callcheck lab score: begin"), table.count("upper bound:")) == (1, 1)
    content = json.loads(out.read_bytes())
    assert content["total"]["right"] == len(content["lines"]) == 4
    assert {depth: part["total"]["right"] for depth, part in content["by_depth"].items()} == {"quick": 2, "deep": 2}
    for arguments, runs in ((["--depth", "quick"], 2), (["--seeds", "1"], 3), (["--servers", "real"], 4)):
        main([*only, *arguments, *paths])
        assert f"{runs} runs; {runs} right" in capsys.readouterr().out
    assert main([*only, paths[1]]) == 0
    assert "1 run; 1 right" in capsys.readouterr().out
    assert main([*only, "clean"]) == 1
    assert "No run was finished." in capsys.readouterr().out
    assert len(names) == 4


def test_judge_only_leaves_out_what_another_network_was_and_takes_another_truth(
    labs: Labs, scenarios: Scenarios, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labs(lambda _: played())
    paths, kept = scenarios("a", "b"), ["lab", "score", "--resume", str(tmp_path / "kept")]
    main([*kept, *paths])
    text = _CALLS.format(name="a")
    Path(paths[0]).write_text(text + "[[wire.core.up]]\ndelay_ms = 3\n", "utf-8")
    Path(paths[1]).write_text(_CALLS.format(name="b").replace("works", "degraded").replace("none", "device"), "utf-8")
    capsys.readouterr()
    assert main([*kept, "--judge-only", *paths]) == 1
    printed = capsys.readouterr()
    assert "as their scenario describes another network today: 1" in printed.err
    assert "b seed 0 quick (wrong): telegram calls: outcome works, the truth is degraded" in printed.out


def test_judge_only_needs_a_folder_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "score", "--judge-only"]) == 64
    assert "--resume DIR" in capsys.readouterr().err
    assert main(["lab", "score", "--judge-only", "--resume", str(tmp_path / "mistyped")]) == 64
    assert not (tmp_path / "mistyped").exists()


@pytest.mark.parametrize("resume", [True, False])
def test_ablate_tells_what_a_check_is_worth_with_a_folder_or_without(
    labs: Labs, scenarios: Scenarios, tmp_path: Path, capsys: pytest.CaptureFixture[str], resume: bool
) -> None:
    labs(lambda _: played())
    folder = ["--resume", str(tmp_path / "kept")] if resume else []
    main(["lab", "score", *folder, "--ablate", *scenarios("a")])
    table = capsys.readouterr().out
    assert "| link | 1 run | -100.0 | 0 | 0 | +100.0 | 0 | 1 | 0 | 1 |" in table
    assert "| quick | decided | 1 | 4.0 | 4.0 | 1 of 1 (100.0 %) |" in table


def test_ctrl_c_while_judging_again_says_which_answers_are_old(
    labs: Labs,
    scenarios: Scenarios,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labs(lambda _: played())
    call = ["lab", "score", "--resume", str(tmp_path / "kept"), *scenarios("a", "b")]
    main(call)
    calls: list[bytes] = []

    def once(journal: bytes, *, ablate: bool) -> score.Reading:
        calls.append(journal)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return read_again(journal, ablate=ablate)

    monkeypatch.setattr(score, "journal_reading", once)
    assert main(call) == 130
    assert "1 run was judged then" in capsys.readouterr().out


@pytest.fixture
def calibration_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the calibration that comes with callcheck, which a test may overwrite."""
    file = tmp_path / "calibration.json"
    file.write_bytes(calibration.FILE.read_bytes())
    monkeypatch.setattr(calibration, "FILE", file)
    return file


def test_calibrate_stores_what_the_runs_ask_for_and_the_table_is_of_families_held_out(
    labs: Labs,
    scenarios: Scenarios,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    calibration_file: Path,
) -> None:
    names = labs(lambda _: played())
    folder = calibration_file.parent
    kept = ["lab", "score", "--resume", str(folder / "kept")]
    paths = scenarios(*"abcdefg")
    main([*kept, *paths])

    def today(_journal: bytes, *, ablate: bool) -> score.Reading:
        # Its verdict is another than its evidence asks for: who judges the evidence anew does not say it.
        report = a_report(verdicts=(UNSURE,), evidence=WELL, instrument=ON_TIME)
        return score.Reading(report, {("telegram", "calls"): 4.0}, {"link": ()} if ablate else {})

    monkeypatch.setattr(score, "journal_reading", today)
    before, out = calibration_file.read_bytes(), folder / "all.json"
    capsys.readouterr()
    assert main([*kept, "--judge-only", *paths]) == 1
    assert "7 runs; 0 right, 7 abstained" in capsys.readouterr().out
    assert calibration_file.read_bytes() == before
    assert main([*kept, "--judge-only", "--calibrate", "--out", str(out), *paths]) == 0
    printed = capsys.readouterr()
    assert "7 runs; 7 right" in printed.out
    assert str(calibration_file) in printed.err
    stored = msgspec.json.decode(calibration_file.read_bytes(), type=calibration.Calibration)
    assert stored.made_from.startswith("7 lab runs of 7 families, commit ")
    assert calibration_file.read_bytes() != before
    answers = [answer for line in json.loads(out.read_bytes())["lines"] for answer in line["answers"]]
    assert {answer["announced_s"] for answer in answers if answer["function"] == "calls"} == {4.0}
    assert len(names) == 7


def test_a_score_that_is_broken_off_calibrates_nothing(
    labs: Labs, scenarios: Scenarios, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calibration_file: Path
) -> None:
    labs(lambda _: played())
    kept = ["lab", "score", "--resume", str(tmp_path / "kept")]
    paths = scenarios("a")
    main([*kept, *paths])

    def broken_off(_journal: bytes, *, ablate: bool) -> score.Reading:
        raise KeyboardInterrupt

    monkeypatch.setattr(score, "journal_reading", broken_off)
    before = calibration_file.read_bytes()
    assert main([*kept, "--judge-only", "--calibrate", *paths]) == 130
    assert calibration_file.read_bytes() == before
