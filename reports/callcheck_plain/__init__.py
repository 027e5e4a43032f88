"""The report as plain text: what a person reads at the end of a run, or pastes into a message."""

from __future__ import annotations

from typing import BinaryIO

from callcheck.api import Report, Reporter
from callcheck.digest import digest_of
from callcheck_plain.sections import page


class PlainReporter:
    """At most 80 columns, no colour, no character that acts on a terminal. The sentences are made in `language`."""

    name = "plain"
    suffix = ".txt"
    reads_observations = False

    def write(self, report: Report, language: str, out: BinaryIO) -> None:
        out.write(page(digest_of(report, language)).encode("utf-8"))


REPORTER: Reporter = PlainReporter()
