"""Removes whatever callcheck has kept on this machine, for the command and for the screen alike (DESIGN 8)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from callcheck.locale import translator
from callcheck.submit import consent, runs, settings


class Wiped(msgspec.Struct, frozen=True):
    """Whether there was anything, and what stands among the kept runs that callcheck did not make."""

    existed: bool
    left: tuple[Path, ...]


def wipe_all() -> Wiped:
    """Remove settings, kept runs and consent, and their folders where nothing else is in them.

    What can be removed is removed even where something else cannot; the first OSError is raised at the end.
    """
    existed = False
    failed: OSError | None = None
    # The consent is the last one, as it removes the folder that the settings stand in.
    for wipe in (settings.wipe, runs.wipe, consent.wipe):
        try:
            existed = wipe() or existed
        except OSError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return Wiped(existed, tuple(runs.others()))


def beyond_reach(language: str) -> str:
    """One sentence on what no program can take back."""
    return translator(language)(
        "What callcheck cannot reach: reports you saved elsewhere, your shell's history, package caches, and "
        "what your provider has recorded."
    )


def left_text(wiped: Wiped, language: str) -> str:
    """One sentence on what was left in the folder of kept runs, "" where nothing was."""
    if not wiped.left:
        return ""
    text = translator(language)("Left in {folder}, as callcheck did not name it so: {names}")
    return text.format(folder=runs.folder(), names=", ".join(path.name for path in wiped.left))
