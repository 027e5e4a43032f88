"""The report for a chat: what is wrong, how sure that is, how it was found and what to do, and the same in short."""

from __future__ import annotations

from typing import BinaryIO

from callcheck.api import Report, Reporter
from callcheck_text.brief import brief
from callcheck_text.page import page
from callcheck_text.taming import tamed


class TextReporter:
    """At most 1200 characters (`page.LIMIT`), in short paragraphs that no chat program reads as markup."""

    name = "text"
    suffix = ".txt"
    reads_observations = False

    def write(self, report: Report, language: str, out: BinaryIO) -> None:
        out.write(page(tamed(report), language).encode("utf-8"))


class ShortReporter:
    """At most 280 characters (`brief.LIMIT`): the answer, how sure it is, and one step."""

    name = "short"
    suffix = ".txt"
    reads_observations = False

    def write(self, report: Report, language: str, out: BinaryIO) -> None:
        out.write(brief(tamed(report), language).encode("utf-8"))


REPORTER: Reporter = TextReporter()
SHORT: Reporter = ShortReporter()
