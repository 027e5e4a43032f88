"""What must stand above every page, at length and in short, and what stands below it: when, and with what."""

from __future__ import annotations

import re
from typing import Final

from callcheck.digest import Digest, moment_text
from callcheck.locale import N_, translator
from callcheck.model import Report
from callcheck.verdict.names import depth_name

_FULL: Final = N_("Full report, not for sharing.")
_CUT_SHORT: Final = N_("The run was stopped early.")
_UNFIT: Final = N_("This device could not keep time, so nobody is accused.")
_TESTED: Final = N_("Tested with callcheck {version} ({depth}): {started}.")
_UNVERSIONED: Final = N_("Tested with callcheck ({depth}): {started}.")
_DAY: Final = N_("Tested with callcheck on {day}.")
_STARTS_WITH_DAY: Final = re.compile(r"(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?Z")


def warnings_in_short(report: Report, language: str) -> list[str]:
    """The same that `Digest.warnings` says, in half the room; that the report is whole comes first."""
    _ = translator(language)
    said = (
        (not report.run.redacted, _FULL),
        (not report.run.complete, _CUT_SHORT),
        (report.instrument.valid is False, _UNFIT),
    )
    return [_(text) for holds, text in said if holds]


def tested(digest: Digest, language: str) -> str:
    """When, with which version, and how long a test it was."""
    _ = translator(language)
    return _(_TESTED if digest.version else _UNVERSIONED).format(
        version=digest.version,
        depth=depth_name(digest.depth, language),
        started=moment_text(digest.started_utc, language, is_hour_only=not digest.is_full),
    )


def tested_on(report: Report, language: str) -> str:
    """The day alone; "" where the report does not know it."""
    found = _STARTS_WITH_DAY.fullmatch(report.run.started_utc)
    return translator(language)(_DAY).format(day=found[1]) if found else ""
