"""Writes what a person asked to have saved: one file, under the name they chose, never over another one unasked.

A new file can be read by its owner alone: a journal and a full report hold addresses of a home, and whoever wants to
share one does that on purpose. A file that is overwritten keeps the permissions that somebody gave it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Generator
from pathlib import Path
from typing import Final, Literal

from callcheck.locale import N_, Translate

Reason = Literal["exists", "folder", "no_folder", "not_allowed", "full", "no_name", "other"]

_REASONS: Final[dict[int, Reason]] = {
    errno.EEXIST: "exists",
    errno.EISDIR: "folder",
    errno.ENOENT: "no_folder",
    errno.ENOTDIR: "no_folder",
    errno.EACCES: "not_allowed",
    errno.EPERM: "not_allowed",
    errno.EROFS: "not_allowed",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
}
_SENTENCES: Final[dict[Reason, str]] = {
    "exists": N_("{path} exists already; choose another name"),
    "folder": N_("{path} is a folder; name a file in it"),
    "no_folder": N_("{path} cannot be written: there is no such folder"),
    "not_allowed": N_("{path} cannot be written: you may not write there"),
    "full": N_("{path} cannot be written: there is no room left on the disk"),
    "no_name": N_("{path} is no name for a file"),
    "other": N_("{path} cannot be written: {detail}"),
}
_SUFFIX: Final = re.compile(r"(\.[a-z0-9]{1,8}){1,2}")
_HOUR: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d):")
_MOST_NAMES: Final = 1000
_PRIVATE: Final = 0o600
_LONGEST_STEM: Final = 60


class SaveError(Exception):
    """Nothing was saved, and no part of a file was left behind. `detail` is the system's own word for it."""

    def __init__(self, path: str, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{path}: {detail or reason}")
        self.path = path
        self.reason = reason
        self.detail = detail

    def sentence(self, translate: Translate) -> str:
        """What a person is told; it quotes the name, so it is foreign text."""
        return translate(_SENTENCES[self.reason]).format(path=self.path, detail=self.detail)


def proposed_name(started_utc: str, suffix: str) -> str:
    """`callcheck-2026-11-22-15h.txt` for a run of that hour (UTC): a name must not tell more than the report does."""
    hour = _HOUR.match(started_utc)
    stem = f"callcheck-{hour[1]}-{hour[2]}h" if hour else "callcheck"
    return stem + (suffix if _SUFFIX.fullmatch(suffix) else "")


def free_name(folder: Path, name: str) -> str:
    """The name, with a number where the folder has such a file; as it is where the folder cannot be looked into."""
    stem, dot, suffix = name.partition(".")
    names = [name, *(f"{stem}-{number}{dot}{suffix}" for number in range(2, _MOST_NAMES))]
    try:
        return next((one for one in names if not (folder / one).exists()), name)
    except OSError:
        return name


def save(name: str, data: bytes, *, folder: Path | None = None, force: bool = False) -> Path:
    """Write a file that did not exist, or any with `force`; where it stands now. `~` is the home folder, a name without
    a folder is meant in `folder` (the current one). Raises SaveError, and leaves nothing half-written behind."""
    path = _path(name, folder)
    save_at(path, data, force=force)
    return path


def save_at(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write a file that did not exist; with `force` take the place of one that does, which stays as it is until all of
    the new one is on the disk. Raises SaveError, and leaves nothing half-written behind."""
    with _guarded(path):
        there = _kind_of(path) if force else None
        if there is None:
            _fill(path, data, _PRIVATE)
        elif stat.S_ISREG(there):
            # Through a link: what it points at is written, and the link stays.
            _take_the_place(Path(os.path.realpath(path)), data, stat.S_IMODE(there))
        else:  # a device or a pipe has no content that could be lost; a folder is refused by the system
            with path.open("wb", buffering=0) as device:
                _write_all(device.fileno(), data)


class NewFile:
    """A file that did not exist, open from before there is anything to write. What fails to be written leaves no part
    of itself behind; a file to which nothing was written is removed. Raises SaveError where it cannot be made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._length = 0
        self._is_open = True
        with _guarded(path):
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE)

    def write(self, data: bytes) -> None:
        """All of the data, or none of it. Raises SaveError."""
        with _guarded(self._path):
            try:
                _write_all(self._descriptor, data)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, self._length)
                    os.lseek(self._descriptor, self._length, os.SEEK_SET)
                raise
            self._length += len(data)

    def settle(self, mode: int) -> None:
        """Give it these permissions, and bring all of it to the disk: some disks tell only then that they are full.
        Raises SaveError."""
        with _guarded(self._path):
            os.fchmod(self._descriptor, mode)
            os.fsync(self._descriptor)

    def close(self, *, is_kept: bool = True) -> None:
        """Nothing can be written any more; where it is empty or shall not be kept, the file is gone."""
        if not self._is_open:
            return
        self._is_open = False
        if not (is_kept and self._length):
            with contextlib.suppress(OSError):
                self._path.unlink()
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


def _fill(path: Path, data: bytes, mode: int) -> None:
    """A new file with this content, or none. Raises SaveError."""
    file = NewFile(path)
    is_whole = False
    try:
        file.write(data)
        file.settle(mode)
        is_whole = True
    finally:
        file.close(is_kept=is_whole)


def _take_the_place(path: Path, data: bytes, mode: int) -> None:
    """Write beside the file, then put the new one where the old one is: in one step, so that one of them is there
    whenever somebody looks. Raises SaveError, or OSError."""
    beside = path.with_name(f".{path.name[:_LONGEST_STEM]}.{os.urandom(4).hex()}.new")
    try:
        _fill(beside, data, mode)
        beside.replace(path)
    except SaveError as error:  # it speaks of a name that nobody chose
        raise SaveError(str(path), error.reason, error.detail) from error
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _kind_of(path: Path) -> int | None:
    """The mode of what stands there or where a link leads; None for nothing. Raises OSError."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _path(name: str, folder: Path | None) -> Path:
    if not name.strip() or "\0" in name:
        raise SaveError(name.replace("\0", ""), "no_name")
    try:
        return ((folder or Path.cwd()) / Path(name.strip()).expanduser()).absolute()
    except (OSError, RuntimeError) as error:  # the current folder is gone; or nobody knows where home is
        raise SaveError(name, "no_folder", str(error)) from error


@contextlib.contextmanager
def _guarded(path: Path) -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:
        raise SaveError(str(path), _REASONS.get(error.errno or 0, "other"), error.strerror or str(error)) from error
    except ValueError as error:
        raise SaveError(str(path), "no_name", str(error)) from error
