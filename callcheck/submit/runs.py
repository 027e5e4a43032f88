"""Runs that the person asked to have kept: a journal a file, in a folder of their own. Off until asked for."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

_SUFFIX = ".ndjson"


def folder() -> Path:
    """Where kept runs stand; nothing is made there until one is kept."""
    return Path(os.environ.get("CALLCHECK_DATA_DIR") or platformdirs.user_data_path("callcheck")) / "runs"


def new_path() -> Path:
    """A file name for a run of now; its folder is made. Raises OSError where it cannot be."""
    folder().mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    return folder() / f"{stamp}-{secrets.token_hex(2)}{_SUFFIX}"


def kept() -> list[Path]:
    """Every kept run, the newest first."""
    try:
        return sorted(folder().glob(f"*{_SUFFIX}"), reverse=True)
    except OSError:
        return []


def wipe() -> bool:
    """Remove every kept run. True if there was any; raises OSError where one cannot be removed."""
    found = kept()
    for path in found:
        path.unlink(missing_ok=True)
    for empty in (folder(), folder().parent):
        if empty.is_dir() and not any(empty.iterdir()):
            empty.rmdir()
    return bool(found)
