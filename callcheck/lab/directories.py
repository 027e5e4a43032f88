"""Where labs have their directories while they run, and how those of labs that were killed are removed."""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Final

_PREFIX: Final = "cclab-"
_YOUNG_SECONDS: Final = 10.0  # a directory may be without its lock for a moment after it was made


def make_directory() -> Path:
    """A fresh directory; those that killed labs left behind are removed first. Raises OSError."""
    for directory in _base().glob(_PREFIX + "*"):
        if _is_abandoned(directory):
            shutil.rmtree(directory, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_base()))


def hold_lock(directory: Path) -> int:
    """Lock the directory, which says that its lab lives; the descriptor. Raises OSError."""
    lock = os.open(directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _base() -> Path:
    """Where labs have their directories; not below /run, which each lab covers with its own."""
    base = Path(tempfile.gettempdir()).resolve()
    return Path("/tmp") if base.is_relative_to("/run") else base  # noqa: S108  mkdtemp makes it safe


def _is_abandoned(directory: Path) -> bool:
    try:
        status = directory.lstat()
        age_s = time.time() - status.st_mtime
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or age_s < _YOUNG_SECONDS:
            return False
        with (directory / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
