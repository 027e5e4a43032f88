"""`callcheck lab score` as it is called: what it prints, keeps, resumes and returns."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from callcheck.cli import main
from callcheck.lab import score
from callcheck.lab.lab import Lab, LabError
from callcheck.lab.play import Played
from callcheck.lab.scenario import Scenario
from callcheck.lab.score.player import EndedError
from callcheck.words import Depth

from .test_score_runs import played, read

_CALLS = """
id = "{name}"
summary = "made by hand"
[[truth]]
service = "telegram"
function = "calls"
outcome = ["works"]
cause = ["none"]
"""
Play = Callable[[Scenario], Played]


@pytest.fixture
def labs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Play], list[str]]:
    """Replaces the labs by a function; what is played is listed."""

    def use(play: Play) -> list[str]:
        names: list[str] = []

        class Fake:
            def __init__(self, *, real_servers: bool) -> None:
                self.is_ended = threading.Event()

            def __call__(self, scenario: Scenario, depth: Depth) -> Played:
                names.append(scenario.id)
                if scenario.id == "endless":
                    assert self.is_ended.wait(20)
                    raise EndedError
                return play(scenario)

            def end(self) -> None:
                self.is_ended.set()

        monkeypatch.setattr(score, "LabPlayer", Fake)
        monkeypatch.setattr(score, "journal_reader", lambda: read)
        monkeypatch.setattr(score, "journal_reading", read_again)
        monkeypatch.setattr(Lab, "why_not", staticmethod(lambda: None))
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        return names

    return use


@pytest.fixture
def scenarios(tmp_path: Path) -> Callable[..., list[str]]:
    def write(*names: str) -> list[str]:
        paths = [tmp_path / f"{name}.toml" for name in names]
        for path in paths:
            path.write_text(_CALLS.format(name=path.stem), encoding="utf-8")
        return [str(path) for path in paths]

    return write


def read_again(journal: bytes, *, ablate: bool) -> score.Reading:
    """What the fake player's journals say today."""
    return score.Reading(read(journal), {("telegram", "calls"): 4.0}, {"link": ()} if ablate else {})


Labs = Callable[[Play], list[str]]
Scenarios = Callable[..., list[str]]


def in_vain(_scenario: Scenario) -> Played:
    return played(void=("the lab was late",))


def no_lab(_scenario: Scenario) -> Played:
    raise LabError("nothing came up")


@pytest.mark.parametrize(
    ("play", "expected"),
    [
        (lambda _: played(), (0, "[1/1] a seed 0: right (9.4 s)")),
        (lambda _: played(b"silent"), (1, "a seed 0: wrong (9.4 s)\n    telegram calls: no verdict")),
        (in_vain, (1, "a seed 0: void, it shows nothing\n    played in vain: the lab was late")),
        (no_lab, (1, "a seed 0: the lab failed\n    LabError: nothing came up")),
    ],
)
def test_the_exit_code_says_whether_all_valid_runs_are_right(
    labs: Labs, scenarios: Scenarios, capsys: pytest.CaptureFixture[str], play: Play, expected: tuple[int, str]
) -> None:
    labs(play)
    code = main(["lab", "score", *scenarios("a")])
    printed = capsys.readouterr()
    assert code == expected[0]
    assert expected[1] in printed.err
    assert "| a | 1 | 1 |" in printed.out


def test_a_second_call_plays_only_what_is_missing(
    labs: Labs, scenarios: Scenarios, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = labs(lambda scenario: played(b"silent" if scenario.id == "b" else b"works"))
    call = ["lab", "score", "--resume", str(tmp_path / "kept"), *scenarios("a", "b")]
    assert main(call) == 1
    assert (tmp_path / "kept" / "wrong" / "b-0-quick.ndjson").read_bytes() == b"silent"
    first = capsys.readouterr()
    assert "journals of wrong runs are not kept" not in first.err
    assert main(call) == 1
    assert capsys.readouterr().out == first.out
    assert names == ["a", "b"]
    assert main([*call, "--seeds", "2"]) == 1
    assert names == ["a", "b", "a", "b"]


def test_a_broken_last_line_is_said_and_its_run_is_played_again(
    labs: Labs, scenarios: Scenarios, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = labs(lambda _: played())
    call = ["lab", "score", "--resume", str(tmp_path), *scenarios("a", "b")]
    main(call)
    path = tmp_path / "runs.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    assert main(call) == 0
    assert "damaged lines ignored: 1" in capsys.readouterr().err
    assert names == ["a", "b", "b"]


def test_without_a_folder_the_loss_of_journals_is_said_once(
    labs: Labs, scenarios: Scenarios, capsys: pytest.CaptureFixture[str]
) -> None:
    labs(lambda _: played(b"silent"))
    main(["lab", "score", *scenarios("a", "b")])
    assert capsys.readouterr().err.count("the journals of wrong runs are not kept") == 1


def test_ctrl_c_tabulates_what_was_finished_and_a_second_call_goes_on(
    labs: Labs, scenarios: Scenarios, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    number = main_thread
    paths = scenarios("a", "telling", "endless")

    def play(scenario: Scenario) -> Played:
        if scenario.id == "telling":
            threading.Timer(0.2, signal.pthread_kill, (number, signal.SIGINT)).start()
        return played()

    names = labs(play)
    assert main(["lab", "score", "--jobs", "1", "--resume", str(tmp_path), *paths]) == 130
    printed = capsys.readouterr()
    assert "interrupted: the table holds 2 of 3 runs" in printed.err
    assert "2 runs; 2 right" in printed.out
    assert main(["lab", "score", "--resume", str(tmp_path), *paths[:2]]) == 0
    assert names == ["a", "telling", "endless"]


@pytest.mark.parametrize("suffix", [".json", ".JSON", ".md", ""])
def test_the_file_holds_json_or_the_table_by_its_name(
    labs: Labs, scenarios: Scenarios, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    labs(lambda _: played())
    out = tmp_path / f"score{suffix}"
    assert main(["lab", "score", "--out", str(out), *scenarios("a")]) == 0
    table = capsys.readouterr().out
    assert table.startswith("<!-- callcheck lab score: begin -->\n")
    if suffix.lower() == ".json":
        assert json.loads(out.read_bytes())["total"]["right"] == 1
    else:
        assert out.read_text(encoding="utf-8") == table


def test_what_cannot_be_used_is_refused_before_anything_is_played(
    labs: Labs, scenarios: Scenarios, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = labs(lambda _: played())
    paths = scenarios("a", "b")
    Path(paths[1]).write_text(_CALLS.format(name="b") + '[[server]]\nname = "nobody"\nfault = "silent"\n', "utf-8")
    file = tmp_path / "file"
    file.write_bytes(b"")
    in_use = score.Store(tmp_path / "used")
    with in_use:
        for arguments, code, word in (
            (paths, 65, "nobody"),
            (["--resume", str(file), paths[0]], 64, str(file)),
            (["--resume", str(tmp_path / "used"), paths[0]], 64, "another score"),
            (["--out", str(file), paths[0]], 64, "exists already"),
        ):
            assert main(["lab", "score", *arguments]) == code
            assert word in capsys.readouterr().err
    assert names == []


def test_where_no_lab_can_run_a_finished_score_is_still_told(
    labs: Labs, scenarios: Scenarios, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labs(lambda _: played())
    paths = scenarios("a", "b")
    call = ["lab", "score", "--resume", str(tmp_path / "kept")]
    assert main([*call, paths[0]]) == 0
    monkeypatch.setattr(Lab, "why_not", staticmethod(lambda: "no namespaces"))
    assert main([*call, paths[0]]) == 0
    assert main([*call, *paths]) == 69


@pytest.mark.lab
@pytest.mark.usefixtures("lab_possible")
def test_a_real_run_is_scored_and_then_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = ["lab", "score", "clean", "--servers", "own", "--resume", str(tmp_path / "kept")]
    out = tmp_path / "first.json"
    code = main([*call, "--out", str(out)])
    first = json.loads(out.read_bytes())
    if not first["total"]["stayed_void"]:
        assert (code, first["total"]["right"], first["total"]["false_accusations"]["of"]) == (0, 1, 1)

    def refuse(_self: object, _scenario: Scenario, _depth: Depth) -> Played:
        raise AssertionError("it is remembered, and need not be played")

    monkeypatch.setattr(score.LabPlayer, "__call__", refuse)
    again = tmp_path / "again.json"
    assert main([*call, "--out", str(again)]) == code
    assert json.loads(again.read_bytes()) == first
    if first["total"]["stayed_void"]:
        pytest.skip(f"this machine was too busy: {first['void_reasons']}")
