"""Saving a report: never over another file, never half of one, and a clear word where it does not work."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from callcheck.submit import saving
from callcheck.submit.saving import Reason, SaveError, free_name, proposed_name, save


def refused(name: str, folder: Path, **options: Any) -> SaveError:
    with pytest.raises(SaveError) as caught:
        save(name, b"new", folder=folder, **options)
    return caught.value


@pytest.mark.parametrize(
    ("started", "suffix", "name"),
    [
        ("2026-11-22T15:08:01Z", ".txt", "callcheck-2026-11-22-15h.txt"),
        ("2026-11-22T15:00:00Z", ".tar.gz", "callcheck-2026-11-22-15h.tar.gz"),
        ("", ".json", "callcheck.json"),
        ("../../etc/passwd", ".txt", "callcheck.txt"),
        ("2026-11-22T15:00:00Z", "/../x", "callcheck-2026-11-22-15h"),
        ("2026-11-22T15:00:00Z", "", "callcheck-2026-11-22-15h"),
    ],
)
def test_a_name_tells_the_hour_and_no_more(started: str, suffix: str, name: str) -> None:
    assert proposed_name(started, suffix) == name


def test_it_says_where_the_file_stands(tmp_path: Path) -> None:
    path = save("  a.txt ", b"text", folder=tmp_path)
    assert path == tmp_path / "a.txt"
    assert path.read_bytes() == b"text"


def test_a_name_may_hold_a_folder_or_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / "in").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    assert save("~/in/a.txt", b"1", folder=tmp_path) == home / "in" / "a.txt"
    assert save(str(tmp_path / "b.txt"), b"2", folder=home) == tmp_path / "b.txt"


def test_a_file_is_never_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")
    assert refused("a.txt", tmp_path).reason == "exists"
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    save("a.txt", b"new", folder=tmp_path, force=True)
    assert (tmp_path / "a.txt").read_bytes() == b"new"


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "elsewhere.txt")
    assert refused("a.txt", tmp_path).reason == "exists"
    assert not (tmp_path / "elsewhere.txt").exists()


def test_the_next_free_name_is_proposed(tmp_path: Path) -> None:
    assert free_name(tmp_path, "a.txt") == "a.txt"
    for name in ("a.txt", "a-2.txt"):
        (tmp_path / name).touch()
    assert free_name(tmp_path, "a.txt") == "a-3.txt"


@pytest.mark.parametrize(
    ("name", "reason"), [("", "no_name"), (" ", "no_name"), ("a\0b", "no_name"), ("no/such/a.txt", "no_folder")]
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, name: str, reason: Reason) -> None:
    error = refused(name, tmp_path)
    assert error.reason == reason
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    assert refused("here", tmp_path).reason == "exists"
    assert refused("here", tmp_path, force=True).reason == "exists"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "not_allowed"),
        (errno.EROFS, "not_allowed"),
        (errno.ENOSPC, "full"),
        (errno.EIO, "other"),
    ],
)
def test_what_the_system_refuses_is_said_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: Reason
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "open", refuse)
    error = refused("a.txt", tmp_path)
    assert error.reason == reason
    assert str(tmp_path / "a.txt") in error.sentence(lambda text: text)
    assert (os.strerror(number) in error.sentence(lambda text: text)) == (reason == "other")


@pytest.mark.parametrize("force", [False, True])
def test_a_full_disk_leaves_no_half_of_a_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, force: bool
) -> None:
    def fill(file: Any, data: bytes) -> None:
        with file:
            file.write(data[:1])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(saving, "_fill", fill)
    assert refused("a.txt", tmp_path, force=force).reason == "full"
    # What was to be overwritten may be a device: it is not removed.
    assert (tmp_path / "a.txt").exists() == force


def test_a_real_full_device_is_told() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(SaveError) as caught:
        save("/dev/full", b"x", force=True)
    assert caught.value.reason == "full"
    assert Path("/dev/full").exists()
