"""What a report is when it leaves: the bytes of one form in one language, and what was taken out before."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import msgspec

from callcheck.model import Report
from callcheck.report.removed import Group, removed
from callcheck.ui.views.removed import text_lines

# Forms that are easily read come first; those that are not named here follow by name.
_PREFERRED: Final = ("plain", "chat", "letter", "markdown", "html")


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
    """Takes up to some seconds. Raises what a reporter raises, and PluginError where it cannot be loaded."""
    from callcheck.engine import plugins  # noqa: PLC0415 - plugins are loaded when they are needed
    from callcheck.report.redact import redact  # noqa: PLC0415 - it reads the catalogue
    from callcheck.verdict.explain import with_sentences  # noqa: PLC0415 - as above

    reporter = plugins.load_reporter(form)
    spoken = msgspec.structs.replace(report, verdicts=with_sentences(report.verdicts, report.evidence, language))
    redacted = redact(spoken)
    buffer = io.BytesIO()
    reporter.write(redacted, language, buffer)
    data = buffer.getvalue()
    return Leaving(form, reporter.suffix, data, spoken, redacted, text_lines(data))


def taken_out(made: Leaving) -> tuple[Group, ...]:
    """What the report had that its redacted form has not. Takes up to some seconds."""
    return removed(made.report, made.redacted)


def installed() -> tuple[list[str], list[str]]:
    """The names of the forms, the preferred ones first, and those of the trackers. Raises PluginError."""
    from callcheck.engine import plugins  # noqa: PLC0415 - plugins are looked for when they are needed

    forms = [found.name for found in plugins.find(plugins.REPORTERS)]
    forms.sort(key=lambda name: _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED))
    return forms, [found.name for found in plugins.find(plugins.TRACKERS)]
