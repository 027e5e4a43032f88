"""Saving a report: never over another file, never half of one, and a clear word where it does not work."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from callcheck.submit.saving import NewFile, Reason, SaveError, free_name, proposed_name, save


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
    assert refused("here", tmp_path, force=True).reason == "folder"
    assert list(tmp_path.iterdir()) == [tmp_path / "here"]


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

    monkeypatch.setattr(os, "open", refuse)
    error = refused("a.txt", tmp_path)
    assert error.reason == reason
    assert str(tmp_path / "a.txt") in error.sentence(lambda text: text)
    assert (os.strerror(number) in error.sentence(lambda text: text)) == (reason == "other")


class FullDisk:
    """Takes `room` bytes, and from then on tells that it is full, at the write or only when all is to be on it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int, *, tells_late: bool = False) -> None:
        self.room, self.tells_late, self._write = room, tells_late, os.write
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(os, "fsync", self.fsync)

    def write(self, descriptor: int, data: bytes) -> int:
        if not self.room and not self.tells_late:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(descriptor, bytes(data) if self.tells_late else bytes(data)[: min(self.room, 2)])
        self.room -= min(written, self.room)
        return written

    def fsync(self, descriptor: int) -> None:
        if self.tells_late:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("tells_late", [False, True])
def test_a_full_disk_leaves_no_half_of_a_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tells_late: bool
) -> None:
    FullDisk(monkeypatch, 2, tells_late=tells_late)
    for force in (False, True):
        error = refused("a.txt", tmp_path, force=force)
        assert (error.reason, error.path) == ("full", str(tmp_path / "a.txt"))
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tells_late", [False, True])
def test_a_full_disk_leaves_the_old_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tells_late: bool
) -> None:
    (tmp_path / "a.txt").write_bytes(b"old and longer")
    FullDisk(monkeypatch, 2, tells_late=tells_late)
    error = refused("a.txt", tmp_path, force=True)
    assert (error.reason, error.path) == ("full", str(tmp_path / "a.txt"))
    assert (tmp_path / "a.txt").read_bytes() == b"old and longer"
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]


def test_whoever_interrupts_leaves_no_half_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    (tmp_path / "old.txt").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", interrupted)
    for name in ("new.txt", "old.txt"):
        with pytest.raises(KeyboardInterrupt):
            save(name, b"new", folder=tmp_path, force=True)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("old.txt", b"old")]


def test_what_is_written_in_small_pieces_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FullDisk(monkeypatch, 100)
    assert save("a.txt", b"one after the other", folder=tmp_path).read_bytes() == b"one after the other"


def test_a_new_file_is_its_owners_and_an_old_one_keeps_its_permissions(tmp_path: Path) -> None:
    path = save("a.txt", b"1", folder=tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o664)
    save("a.txt", b"2", folder=tmp_path, force=True)
    assert (stat.S_IMODE(path.stat().st_mode), path.read_bytes()) == (0o664, b"2")


def test_a_link_stays_a_link_where_its_file_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "real.txt").write_bytes(b"old")
    (tmp_path / "a.txt").symlink_to("in/real.txt")
    save("a.txt", b"new", folder=tmp_path, force=True)
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "in" / "real.txt").read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.txt", "in", "real.txt"]


def test_a_name_as_long_as_a_name_can_be_is_overwritten_too(tmp_path: Path) -> None:
    name = "n" * 255
    for data in (b"1", b"2"):
        assert save(name, data, folder=tmp_path, force=True).read_bytes() == data


def test_a_folder_that_vanished_is_told(tmp_path: Path) -> None:
    assert refused("a.txt", tmp_path / "gone").reason == "no_folder"
    assert refused("a.txt", tmp_path / "gone", force=True).reason == "no_folder"
    (tmp_path / "file").touch()
    assert refused("a.txt", tmp_path / "file", force=True).reason == "no_folder"


def test_a_real_full_device_is_told() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(SaveError) as caught:
        save("/dev/full", b"x", force=True)
    assert caught.value.reason == "full"
    assert Path("/dev/full").exists()


def test_what_is_written_in_parts_stays_until_the_last_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = NewFile(tmp_path / "a.txt")
    file.write(b"first\n")
    FullDisk(monkeypatch, 3)
    with pytest.raises(SaveError):
        file.write(b"second\n")
    file.close()
    assert (tmp_path / "a.txt").read_bytes() == b"first\n"


def test_a_file_to_which_nothing_was_written_is_gone(tmp_path: Path) -> None:
    file = NewFile(tmp_path / "a.txt")
    assert (tmp_path / "a.txt").exists()
    file.close()
    file.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SaveError) as caught:
        NewFile(tmp_path)
    assert caught.value.reason == "exists"
