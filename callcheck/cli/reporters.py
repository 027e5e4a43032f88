"""A report in the form that was asked for."""

from __future__ import annotations

import io

from callcheck.api import Reporter
from callcheck.model import Report


def written(reporter: Reporter, report: Report, language: str) -> bytes:
    buffer = io.BytesIO()
    reporter.write(report, language, buffer)
    return buffer.getvalue()
