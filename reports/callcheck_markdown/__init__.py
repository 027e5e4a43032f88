"""The whole report as Markdown, for a forum or an issue tracker."""

from __future__ import annotations

from typing import BinaryIO

from callcheck.api import Report, Reporter
from callcheck_markdown.page import page


class MarkdownReporter:
    """CommonMark, and pipe tables (GFM) for what is a table. Nothing foreign in it acts: see `escape`."""

    name = "markdown"
    suffix = ".md"

    def write(self, report: Report, language: str, out: BinaryIO) -> None:
        out.write(page(report, language).encode("utf-8"))


REPORTER: Reporter = MarkdownReporter()
