"""The report as JSON, for scripts and for saving."""

from __future__ import annotations

from typing import BinaryIO

from callcheck.api import Report, Reporter
from callcheck.report.canonical import as_json


class JsonReporter:
    """The report's one form as JSON. The language has no say: sentences stay as the report holds them."""

    name = "json"
    suffix = ".json"

    def write(self, report: Report, language: str, out: BinaryIO) -> None:  # noqa: ARG002 - the protocol's signature
        out.write(as_json(report))


REPORTER: Reporter = JsonReporter()
