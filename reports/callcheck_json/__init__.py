"""The report as JSON, for scripts and for saving."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from callcheck.api import Report, Reporter
from callcheck.report.printable import escape_json


class JsonReporter:
    """Indented JSON that ends in a line end. The language has no say: sentences stay as the report holds them."""

    name = "json"
    suffix = ".json"

    def write(self, report: Report, language: str, out: BinaryIO) -> None:  # noqa: ARG002 - the protocol's signature
        text = msgspec.json.format(msgspec.json.encode(report), indent=2).decode("utf-8")
        out.write(escape_json(text).encode("utf-8") + b"\n")


REPORTER: Reporter = JsonReporter()
