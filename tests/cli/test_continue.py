"""`run --continue` and `--symptom`: what is refused, and in which words."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from callcheck import __version__, session
from callcheck.engine.events import encode_line
from callcheck.words import Depth, Symptom
from tests.cli.test_commands import callcheck
from tests.report.made import a_report, a_run, header


def journal(**changes: Any) -> bytes:
    """A journal of this version whose run began a minute ago."""
    events = a_run(("check_started", "link", {}))
    started = (dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    tool = {"name": "callcheck", "version": __version__, "plugins": []}
    data = {**header(depth="standard"), "tool": tool, "started_utc": started, **changes}
    return b"".join(map(encode_line, [msgspec.structs.replace(events[0], data=data), *events[1:]]))


REFUSED = [
    (b"", 65, "the file is empty"),
    (b"hello\n", 65, "no callcheck report or journal"),
    (msgspec.json.encode(a_report()), 65, "a saved report is not enough"),
    (journal(depth="deep"), 64, "has looked at depth deep already"),
    (journal(started_utc="2026-01-01T00:00:00Z"), 65, "more than an hour ago"),
    (journal(tool={"name": "callcheck", "version": "0.0.1"}), 65, "of callcheck 0.0.1"),
]


@pytest.mark.parametrize(("data", "code", "words"), REFUSED)
def test_what_cannot_be_continued_is_refused_in_one_line(data: bytes, code: int, words: str) -> None:
    done = callcheck("run", "--yes", "--depth", "deep", "--continue", "-", stdin=data)
    assert done.returncode == code
    assert words in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert not done.stdout


@pytest.mark.parametrize(("data", "code", "words"), REFUSED[2:4])
def test_the_lab_refuses_it_before_it_is_built(tmp_path: Path, data: bytes, code: int, words: str) -> None:
    file = tmp_path / "journal.ndjson"
    file.write_bytes(data)
    done = callcheck("lab", "run", "clean", "--depth", "deep", "--continue", str(file))
    assert done.returncode == code
    assert words in done.stderr.decode()
    assert callcheck("lab", "run", "clean", "--continue", "-", stdin=data).returncode == 64


def test_a_file_that_is_not_there_is_named() -> None:
    done = callcheck("run", "--yes", "--depth", "deep", "--continue", "/nonexistent.ndjson")
    assert done.returncode == 64
    assert b"/nonexistent.ndjson: No such file" in done.stderr


def test_what_may_be_continued_comes_as_far_as_the_consent_and_names_only_what_is_left() -> None:
    done = callcheck("run", "--depth", "deep", "--continue", "-", stdin=journal(plan=[["link"]]))
    assert done.returncode == 64
    said = done.stderr.decode()
    assert "nothing was sent" in said
    assert "speed, and delay under load" in said
    assert "neutral hosts: " not in said, "it was left out of the earlier run, and still is"


@pytest.mark.parametrize("command", [["run"], ["lab", "run", "clean"]])
def test_a_symptom_is_one_of_a_closed_list(command: list[str]) -> None:
    done = callcheck(*command, "--symptom", "sad")
    assert done.returncode == 64
    assert b"'sad' is not one of 'metallic', 'connects_forever'" in done.stderr


@pytest.mark.parametrize("depth", get_args(Depth))
def test_every_symptom_has_a_check_of_ours_and_changes_only_the_order(depth: Depth) -> None:
    usual = session.prepare(session.Request(depth=depth))
    for symptom in get_args(Symptom):
        plan = session.prepare(session.Request(depth=depth, symptom=symptom)).plan
        assert [set(stage) for stage in plan] == [set(stage) for stage in usual.plan]
        assert any(symptom in check.info.symptoms for check in usual.planned)
    text_first = session.prepare(session.Request(depth=depth, symptom="text_too")).plan
    assert text_first[1][:2] == ("dns", "messaging")
    calls_first = session.prepare(session.Request(depth=depth, symptom="connects_forever")).plan
    assert calls_first[1][:2] == ("relay", "stun")
