"""What the person chose to have remembered: a small file, written only when something is changed in the settings."""

from __future__ import annotations

from pathlib import Path

import msgspec

from callcheck.submit.consent import folder
from callcheck.words import Depth

_FILE = "settings.json"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`language` is "" where the environment decides. `theme` is "dark" or "light". `keeps_runs`: the journal of every
    run is kept on this machine; off until asked for."""

    language: str = ""
    theme: str = "dark"
    keeps_runs: bool = False
    depth: Depth = "standard"
    services: tuple[str, ...] = ()


def load() -> Settings:
    """What was chosen; the defaults where nothing was, or where the file cannot be read."""
    try:
        return msgspec.json.decode(path().read_bytes(), type=Settings)
    except (OSError, msgspec.MsgspecError):
        return Settings()


def save(settings: Settings) -> None:
    """Raises OSError where the file cannot be written."""
    path().parent.mkdir(parents=True, exist_ok=True)
    path().write_bytes(msgspec.json.encode(settings) + b"\n")


def path() -> Path:
    return folder() / _FILE


def wipe() -> bool:
    """True if there was a file; raises OSError where it cannot be removed."""
    existed = path().exists()
    path().unlink(missing_ok=True)
    return existed
