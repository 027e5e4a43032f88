"""What a report is when it leaves: the bytes of one form in one language, and what was taken out before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from callcheck.model import Report
from callcheck.redaction.removed import Group, removed
from callcheck.ui.views.removed import text_lines

# Forms that are easily read come first; those that are not named here follow by name.
_PREFERRED: Final = ("plain", "text", "short", "letter", "markdown", "html")


@dataclass(frozen=True, slots=True)
class Leaving:
    """The bytes of one form in one language, made of `redacted`, which was made of `report`. `lines` is None where
    they are no text."""

    form: str
    suffix: str
    data: bytes
    report: Report
    redacted: Report
    lines: list[str] | None


def make(report: Report, form: str, language: str) -> Leaving:
    """Takes up to some seconds. Raises what a reporter raises, LeakError, and PluginError where there is none."""
    from callcheck.engine import plugins  # noqa: PLC0415 - plugins are loaded when they are needed
    from callcheck.redaction.leaving import export  # noqa: PLC0415 - it reads the catalogue

    reporter = plugins.load_reporter(form)
    made = export(report, reporter, language, is_shown_beside=True)
    return Leaving(form, reporter.suffix, made.data, made.report, made.redacted, text_lines(made.data))


def taken_out(made: Leaving) -> tuple[Group, ...]:
    """What the report had that its redacted form has not. Takes up to some seconds."""
    return removed(made.report, made.redacted)


def installed() -> tuple[list[str], list[str]]:
    """The names of the forms, the preferred ones first, and those of the trackers. Raises PluginError."""
    from callcheck.engine import plugins  # noqa: PLC0415 - plugins are looked for when they are needed

    forms = [found.name for found in plugins.find(plugins.REPORTERS)]
    forms.sort(key=lambda name: _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED))
    return forms, [found.name for found in plugins.find(plugins.TRACKERS)]
