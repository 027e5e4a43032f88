"""Where results go: files that exist, folders, full disks, closed pipes, and streams that are gone."""

from __future__ import annotations

import gzip
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from callcheck.cli.main import main
from callcheck.cli.output import Destination, Exit
from callcheck.submit.saving import NewFile, SaveError

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "journals" / "offline.ndjson.gz"
COMMAND = [sys.executable, "-m", "callcheck", "report"]
ENV = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def saved(tmp_path: Path) -> str:
    path = tmp_path / "run.ndjson"
    path.write_bytes(gzip.decompress(GOLDEN.read_bytes()))
    return str(path)


def reported(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["report", *arguments])
    out, err = capfd.readouterr()
    return code, out, err


def test_a_file_is_not_overwritten_unless_forced(saved: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "a.txt"
    target.write_text("mine")
    code, out, err = reported(capfd, saved, "--out", str(target))
    assert (code, out, len(err.splitlines())) == (64, "", 1)
    assert "exists already; choose another name, or overwrite it with --force" in err
    assert target.read_text() == "mine"
    assert reported(capfd, saved, "--out", str(target), "--force") == (0, "", "")
    # The first line holds how long the run took, which each export rounds anew.
    assert target.read_text().splitlines()[1:] == reported(capfd, saved)[1].splitlines()[1:]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "run.ndjson"]


@pytest.mark.parametrize(
    ("name", "words"),
    [(".", "is a folder"), ("gone/a.txt", "no such folder"), ("run.ndjson/a.txt", "no such folder")],
)
def test_a_place_that_cannot_be_written_is_told_in_one_line(
    saved: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    code, out, err = reported(capfd, saved, "--out", str(tmp_path / name), "--force")
    assert (code, out, len(err.splitlines())) == (64, "", 1)
    assert words in err
    assert [path.name for path in tmp_path.iterdir()] == ["run.ndjson"]


def test_a_dash_is_standard_output(
    saved: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = reported(capfd, saved, "--out", "-")
    assert (code, out) == (0, reported(capfd, saved)[1])
    assert [path.name for path in tmp_path.iterdir()] == ["run.ndjson"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told(saved: str, capfd: pytest.CaptureFixture[str]) -> None:
    code, _, err = reported(capfd, saved, "--out", "/dev/full", "--force")
    assert (code, "no room left" in err) == (64, True)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*COMMAND, saved], stdout=full, stderr=subprocess.PIPE, check=False, env=ENV)
    assert done.returncode == 64
    assert done.stderr.splitlines() == [b"callcheck: standard output cannot be written: No space left on device"]


def test_a_reader_that_has_gone_away_is_no_error(saved: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, saved], stdout=writing, stderr=subprocess.PIPE, check=False, env=ENV)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_russian_screens_hear_of_a_bad_file_in_their_language(
    saved: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    heard: list[str] = []

    def translator(text: str) -> str:
        heard.append(text)
        return text.replace("the file is empty", "файл пуст")

    monkeypatch.setattr("callcheck.cli.saved.tr", lambda: translator)
    (tmp_path / "empty").touch()
    code, _, err = reported(capfd, str(tmp_path / "empty"))
    assert (code, "файл пуст" in err) == (65, True)
    assert "the file is empty" in heard


class TestDestination:
    def test_it_is_open_before_anything_is_measured_and_gone_if_nothing_comes(self, tmp_path: Path) -> None:
        path = tmp_path / "a.ndjson"
        with Destination(path):
            assert path.exists()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not path.exists()

    def test_it_never_takes_the_place_of_another_file(self, tmp_path: Path) -> None:
        path = tmp_path / "a.ndjson"
        path.write_bytes(b"mine")
        with pytest.raises(Exit) as refused:
            Destination(path)
        assert (refused.value.code, "exists already; choose another name" in refused.value.line) == (64, True)
        assert "--force" not in refused.value.line
        assert path.read_bytes() == b"mine"

    def test_a_journal_is_written_line_by_line(self, tmp_path: Path) -> None:
        path = tmp_path / "a.ndjson"
        with Destination(path) as destination:
            destination.write(b"one\n")
            assert path.read_bytes() == b"one\n"

    @pytest.mark.parametrize("name", [None, Path("-")])
    def test_without_a_name_it_is_standard_output(
        self,
        name: Path | None,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capfdbinary: pytest.CaptureFixture[bytes],
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with Destination(name) as destination:
            destination.write(b"one\n")
        assert capfdbinary.readouterr().out == b"one\n"
        assert list(tmp_path.iterdir()) == []

    def test_what_the_disk_takes_no_more_goes_to_standard_output_and_nothing_is_lost(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "a.ndjson"
        lines = [b"one\n", b"two\n", b"three\n"]

        def full(file: object, data: bytes) -> None:
            raise SaveError(str(path), "full")

        with Destination(path) as destination:
            destination.write(lines[0])
            monkeypatch.setattr(NewFile, "write", full)
            for line in lines[1:]:
                destination.write(line)
        out, err = capfd.readouterr()
        assert path.read_bytes() + out.encode() == b"".join(lines)
        assert err.splitlines() == [
            f"callcheck: {path} cannot be written: there is no room left on the disk;"
            " the rest follows on standard output"
        ]
