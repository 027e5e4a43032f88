"""A report in the form that was asked for."""

from __future__ import annotations

import io

from callcheck.api import Reporter
from callcheck.cli.output import USAGE, fail
from callcheck.engine import plugins
from callcheck.engine.errors import PluginError
from callcheck.model import Report


def load_reporter(form: str) -> Reporter:
    """The reporter of that name; exits 64 where there is none."""
    try:
        return plugins.load_reporter(form)
    except PluginError as error:
        fail(USAGE, str(error))


def written(reporter: Reporter, report: Report, language: str) -> bytes:
    buffer = io.BytesIO()
    reporter.write(report, language, buffer)
    return buffer.getvalue()
