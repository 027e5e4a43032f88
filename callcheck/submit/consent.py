"""The person's consent to measuring: a versioned text, and a small file that says which version was accepted."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import platformdirs

# Raise it when what a run contacts or discloses changes: an older consent then no longer counts.
CONSENT_VERSION = 3
_FILE = "consent.json"


def folder() -> Path:
    """Where callcheck keeps what it was told; nothing is made there until something is kept."""
    return Path(os.environ.get("CALLCHECK_CONFIG_DIR") or platformdirs.user_config_path("callcheck"))


def accepted_version() -> int:
    """The version that was accepted on this machine, 0 for none or an unreadable file."""
    try:
        version = json.loads((folder() / _FILE).read_text(encoding="utf-8"))["measuring"]
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return version if isinstance(version, int) else 0


def is_given() -> bool:
    return accepted_version() == CONSENT_VERSION


def accept() -> Path:
    """Remember the consent. Returns the file that was written; raises OSError where it cannot be."""
    path = folder() / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"measuring": CONSENT_VERSION}) + "\n", encoding="utf-8")
    return path


def wipe() -> bool:
    """Take the consent back: remove its file, and the folder if nothing else is in it, as it may be somebody's own.

    True if there was any; raises OSError where it cannot be removed.
    """
    kept = folder() / _FILE
    existed = kept.exists()
    kept.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder().rmdir()
    return existed
