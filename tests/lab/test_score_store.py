"""The folder that remembers finished runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from callcheck.lab.score import Line, Store, StoreError
from callcheck.lab.score.store import read_journal
from callcheck.lab.wire.outcome import LabOutcome, RuleCount, WireCount

from .test_score_lines import a_line, an_answer

_RIGHT = a_line(an_answer("selective", "selective", where=("provider",)), seed=1, voids=("late",))
_WRONG = a_line(an_answer(), an_answer("none", None), seed=2, notes=("telegram calls: no verdict",))
_LAB = LabOutcome((RuleCount("rule 1 on core", "core", 3, 2),), (WireCount("core", "up", 9, 900, 1, 0),), ())


def kept(directory: Path, *lines: Line) -> Path:
    with Store(directory) as store:
        for line in lines:
            store.keep(line, b'{"seq":0}\n', _LAB)
    return directory / "runs.jsonl"


def test_what_was_kept_is_read_back_as_it_was(tmp_path: Path) -> None:
    kept(tmp_path / "new" / "folder", _RIGHT, _WRONG)
    with Store(tmp_path / "new" / "folder") as store:
        assert store.finished == {_RIGHT.key: _RIGHT, _WRONG.key: _WRONG}
        assert store.unreadable == 0


def test_the_journals_of_all_valid_runs_are_kept_and_of_no_others(tmp_path: Path) -> None:
    void = a_line(result="void", seed=3)
    kept(tmp_path, _RIGHT, _WRONG, void)
    with Store(tmp_path) as store:
        assert [store.journal(line.key) for line in (_RIGHT, _WRONG, void)] == [b'{"seq":0}\n', b'{"seq":0}\n', None]
        store.journal_path(_RIGHT.key).write_bytes(b"damaged")
        assert store.journal(_RIGHT.key) is None
        assert read_journal(store.journal_path(_WRONG.key)) == b'{"seq":0}\n'


def test_a_line_of_an_older_score_is_read(tmp_path: Path) -> None:
    path = kept(tmp_path, _RIGHT)
    older = json.loads(path.read_bytes())
    del older["is_of_then"], older["answers"][0]["announced_s"]
    path.write_bytes(json.dumps(older).encode() + b"\n")
    with Store(tmp_path) as store:
        assert store.finished == {_RIGHT.key: _RIGHT}


def test_what_is_looked_at_is_kept_of_wrong_runs_alone(tmp_path: Path) -> None:
    kept(tmp_path, _RIGHT, _WRONG)
    assert sorted(path.name for path in (tmp_path / "wrong").iterdir()) == ["made-2-quick.json", "made-2-quick.ndjson"]
    assert (tmp_path / "wrong" / "made-2-quick.ndjson").read_bytes() == b'{"seq":0}\n'
    counters = json.loads((tmp_path / "wrong" / "made-2-quick.json").read_bytes())
    assert counters["rules"][0] == {"name": "rule 1 on core", "wire": "core", "matched": 3, "hits": 2}
    assert counters["wires"][0]["queue_drops"] == 0


def test_a_line_is_on_disk_as_soon_as_it_is_kept(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.keep(_RIGHT)
        assert (tmp_path / "runs.jsonl").read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("lost_bytes", [1, 2, 40])
def test_a_last_line_that_was_cut_short_costs_itself_alone(tmp_path: Path, lost_bytes: int) -> None:
    path = kept(tmp_path, _RIGHT, _WRONG)
    path.write_bytes(path.read_bytes()[:-lost_bytes])
    whole = lost_bytes == 1  # only the line's end is gone
    with Store(tmp_path) as store:
        assert (set(store.finished), store.unreadable) == (
            ({_RIGHT.key, _WRONG.key}, 0) if whole else ({_RIGHT.key}, 1)
        )
        store.keep(_WRONG)
    with Store(tmp_path) as store:
        assert set(store.finished) == {_RIGHT.key, _WRONG.key}


@pytest.mark.parametrize("alien", [b"{}", b'{"key": 1}', b"\xff\xfe", b"[]", b"null"])
def test_lines_that_are_none_are_counted_and_ignored(tmp_path: Path, alien: bytes) -> None:
    path = kept(tmp_path, _RIGHT)
    path.write_bytes(alien + b"\n" + path.read_bytes())
    with Store(tmp_path) as store:
        assert (list(store.finished), store.unreadable) == ([_RIGHT.key], 1)


def test_a_run_whose_lab_failed_is_not_finished_until_it_is_played_well(tmp_path: Path) -> None:
    failed = a_line(result="failed", notes=("LabError: boom",))
    void = a_line(result="void", voids=("late",) * 5, seed=9)
    kept(tmp_path, failed, void)
    with Store(tmp_path) as store:
        assert list(store.finished) == [void.key]
        store.keep(_RIGHT)
    with Store(tmp_path) as store:
        assert store.finished[failed.key] == _RIGHT


def test_two_scores_do_not_share_a_folder(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(StoreError, match="another score"):
        Store(tmp_path)
    with Store(tmp_path) as store:
        assert store.finished == {}
