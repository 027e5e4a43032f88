"""Runs that the person asked to have kept: a journal a file, in a folder of their own. Off until asked for."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

_SUFFIX = ".ndjson"
_OWN_NAME = re.compile(r"\d{4}-\d{2}-\d{2}-\d{6}-[0-9a-f]{4}\.ndjson")


def folder() -> Path:
    """Where kept runs stand; nothing is made there until one is kept."""
    return Path(os.environ.get("CALLCHECK_DATA_DIR") or platformdirs.user_data_path("callcheck")) / "runs"


def new_path() -> Path:
    """A file name for a run of now; its folder is made. Raises OSError where it cannot be."""
    folder().mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    return folder() / f"{stamp}-{secrets.token_hex(2)}{_SUFFIX}"


def kept() -> list[Path]:
    """Every kept run, the newest first. What has no name of ours is not callcheck's, whoever put it there."""
    return sorted((path for path in _inside() if _OWN_NAME.fullmatch(path.name)), reverse=True)


def wipe() -> bool:
    """Remove every kept run, and the folders that are empty then. True if there was any run; raises OSError where one
    cannot be removed."""
    found = kept()
    for path in found:
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # what is not empty stays, as somebody else's
        folder().rmdir()
        folder().parent.rmdir()
    return bool(found)


def others() -> list[Path]:
    """What else stands in the folder of kept runs: callcheck did not make it, or somebody renamed it."""
    return sorted(path for path in _inside() if not _OWN_NAME.fullmatch(path.name))


def _inside() -> list[Path]:
    try:
        return list(folder().iterdir())
    except OSError:
        return []
