"""A letter to the provider's support: what was measured, and what they are asked to check. It accuses nobody."""

from __future__ import annotations

from typing import BinaryIO

from callcheck.api import Report, Reporter
from callcheck_letter.page import page


class LetterReporter:
    """Plain text with [brackets] to fill in. Where the run gives no ground for a complaint, it says so instead."""

    name = "letter"
    suffix = ".txt"

    def write(self, report: Report, language: str, out: BinaryIO) -> None:
        out.write(page(report, language).encode("utf-8"))


REPORTER: Reporter = LetterReporter()
