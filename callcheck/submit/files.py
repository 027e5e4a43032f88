"""Looks for files to open, and reads them: ordinary files only, and never more of one than asked for."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Enough for what a run says of itself first and last.
_END_BYTES: Final = 8192
_MOST: Final = 300
_SUFFIXES: Final = frozenset({".json", ".ndjson"})


@dataclass(frozen=True, slots=True)
class Listing:
    """What stands in a folder: folders by name, files that a run may be saved in with the newest first; of a very
    large folder not all."""

    folders: tuple[Path, ...]
    files: tuple[Path, ...]


def listed(folder: Path) -> Listing:
    """Hidden entries are left out. Raises OSError where the folder cannot be read."""
    folders: list[Path] = []
    files: list[tuple[float, Path]] = []
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        try:
            found = path.stat()
        except OSError:
            continue  # a broken link, or gone since
        if stat.S_ISDIR(found.st_mode):
            folders.append(path)
        elif stat.S_ISREG(found.st_mode) and path.suffix.lower() in _SUFFIXES:
            files.append((found.st_mtime, path))
    newest = sorted(files, key=lambda one: (-one[0], one[1].name))
    return Listing(tuple(sorted(folders)[:_MOST]), tuple(path for _, path in newest[:_MOST]))


def ends(path: Path) -> tuple[bytes, bytes]:
    """The first and the last kilobytes of an ordinary file. Raises OSError."""
    size = _ordinary_size(path)
    with path.open("rb") as opened:
        head = opened.read(_END_BYTES)
        opened.seek(max(0, size - _END_BYTES))
        return head, opened.read(_END_BYTES)


def content(path: Path, most: int) -> bytes:
    """Up to `most` bytes of an ordinary file. Raises OSError."""
    _ordinary_size(path)
    with path.open("rb") as opened:
        return opened.read(most)


def _ordinary_size(path: Path) -> int:
    """Bytes. A pipe would keep whoever opens it waiting for a writer, and a device may have no end."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError("no ordinary file")
    return found.st_size
