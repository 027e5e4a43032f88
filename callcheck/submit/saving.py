"""Writes what a person asked to have saved: one file, under the name they chose, never over another one unasked."""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, Final, Literal

from callcheck.locale import N_, Translate

Reason = Literal["exists", "no_folder", "not_allowed", "full", "no_name", "other"]

_REASONS: Final[dict[int, Reason]] = {
    errno.EEXIST: "exists",
    errno.EISDIR: "exists",
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
    "no_folder": N_("{path} cannot be written: there is no such folder"),
    "not_allowed": N_("{path} cannot be written: you may not write there"),
    "full": N_("{path} cannot be written: there is no room left on the disk"),
    "no_name": N_("{path} is no name for a file"),
    "other": N_("{path} cannot be written: {detail}"),
}
_SUFFIX: Final = re.compile(r"(\.[a-z0-9]{1,8}){1,2}")
_HOUR: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d):")
_MOST_NAMES: Final = 1000


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
    with _guarded(path):
        file = path.open("wb" if force else "xb")
    try:
        with _guarded(path):
            _fill(file, data)
    except SaveError:
        if not force:
            with contextlib.suppress(OSError):
                path.unlink()
        raise
    return path


def _fill(file: BinaryIO, data: bytes) -> None:
    with file:
        file.write(data)


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
