"""The report as one page of HTML: for a provider's support desk, a journalist, another engineer."""

from __future__ import annotations

from typing import BinaryIO

from callcheck.api import Report, Reporter


class HtmlReporter:
    """One file without a script and without an outside resource, the same bytes for the same report and language."""

    name = "html"
    suffix = ".html"

    def write(self, report: Report, language: str, out: BinaryIO) -> None:
        from callcheck_html.page import page  # noqa: PLC0415 - jinja2 is loaded only where a page is written

        out.write(page(report, language).encode("utf-8"))


REPORTER: Reporter = HtmlReporter()
