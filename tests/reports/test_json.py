"""The report as JSON."""

from __future__ import annotations

import io

from hypothesis import given, settings

from callcheck.model import Report
from callcheck.report.saved import load
from callcheck_json import REPORTER
from tests.report.made import a_report, hostile_reports, observed, verdict


def written(report: Report, language: str = "en") -> bytes:
    out = io.BytesIO()
    REPORTER.write(report, language, out)
    return out.getvalue()


def test_it_is_indented_json_with_a_line_end_that_can_be_loaded_again() -> None:
    report = a_report(verdicts=(verdict(sentence="Звонки"),), observations=(observed(),))
    data = written(report)
    assert data.endswith(b"}\n")
    assert data.startswith(b'{\n  "schema": "callcheck-report/1",\n')
    assert load(data) == report
    assert "Звонки".encode() in data


def test_the_language_changes_nothing() -> None:
    assert written(a_report(), "ru") == written(a_report(), "en")


@settings(max_examples=60, deadline=None)
@given(report=hostile_reports())
def test_nothing_in_it_acts_on_a_terminal(report: Report) -> None:
    text = written(report).decode()
    assert not [
        character for character in text if character != "\n" and not character.isprintable() and character < "\xa0"
    ]


def test_it_is_registered_as_json() -> None:
    assert (REPORTER.name, REPORTER.suffix) == ("json", ".json")
