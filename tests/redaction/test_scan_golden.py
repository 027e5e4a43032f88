"""Exports of real runs pass the last look, and what was not redacted does not."""

from __future__ import annotations

import io

import msgspec
import pytest

from callcheck.engine import plugins
from callcheck.redaction.leaving import LeakError, checked
from callcheck.redaction.own import secrets_of
from callcheck.redaction.redact import redact
from callcheck.session import report_of
from tests.journals.golden import all_golden


@pytest.mark.parametrize("family", sorted(all_golden()))
def test_exports_of_every_golden_journal_pass(family: str) -> None:
    report = report_of(all_golden()[family].events(), plugins.load_checks()[0], "en")
    assert secrets_of(report)
    redacted = redact(report)
    for form, language in (("json", "en"), ("plain", "en"), ("plain", "ru")):
        out = io.BytesIO()
        plugins.load_reporter(form).write(redacted, language, out)
        assert checked(out.getvalue(), report) == out.getvalue()
    compact = msgspec.json.encode(redacted)
    assert checked(compact, report) == compact
    # And what was not redacted does not.
    with pytest.raises(LeakError):
        checked(msgspec.json.encode(report), report)
