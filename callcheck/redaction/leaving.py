"""What leaves: the bytes of one form in one language, redacted before they are written and looked through after.

It is the last gate of an export: what is not safe to show does not leave.
"""

from __future__ import annotations

import io
from typing import Final

import msgspec

from callcheck.api import Reporter
from callcheck.locale import N_, Translate
from callcheck.model import Report
from callcheck.redaction.own import secrets_of
from callcheck.redaction.redact import redact
from callcheck.redaction.scan import Finding, scan
from callcheck.verdict.explain import with_sentences

_REFUSED: Final = N_(
    "The report was not written: something in it looks like an address or a name that must not leave ({kinds})."
    " Please tell callcheck's makers."
)


class LeakError(ValueError):
    """The export holds something that must not leave: a defect of callcheck. The message names kinds, not values."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.kinds = ", ".join(sorted({finding.kind for finding in findings}))
        super().__init__(self.kinds)
        self.findings = findings

    def sentence(self, translate: Translate) -> str:
        """What a person is told."""
        return translate(_REFUSED).format(kinds=self.kinds)


class Export(msgspec.Struct, frozen=True):
    """`report` is what it was made of, with its sentences; `redacted` is what the reporter was given."""

    data: bytes
    report: Report
    redacted: Report


def export(report: Report, reporter: Reporter, language: str, *, is_shown_beside: bool = False) -> Export:
    """The report in the reporter's form, safe to share. Raises LeakError, and whatever the reporter raises.

    A reporter of sentences alone says `reads_observations = False` and is handed none, as a long run has thousands;
    where what was removed `is_shown_beside`, they are redacted all the same.
    """
    spoken = msgspec.structs.replace(report, verdicts=with_sentences(report.verdicts, report.evidence, language))
    is_whole = is_shown_beside or getattr(reporter, "reads_observations", True)
    redacted = redact(spoken if is_whole else msgspec.structs.replace(spoken, observations=()))
    return Export(checked(written(redacted, reporter, language), report), spoken, redacted)


def written(report: Report, reporter: Reporter, language: str) -> bytes:
    """The report as it is, in the reporter's form."""
    buffer = io.BytesIO()
    reporter.write(report, language, buffer)
    return buffer.getvalue()


def checked(data: bytes, report: Report) -> bytes:
    """The bytes of a redacted export, in any form, as they are. `report` is the run before it was redacted: what it
    knew of the line and the device is looked for as well. Raises LeakError."""
    findings = scan(data, secrets_of(report))
    if findings:
        raise LeakError(findings)
    return data
