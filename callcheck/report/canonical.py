"""A report as JSON in its one form: the same report always gives the same bytes, so that files can be compared."""

from __future__ import annotations

import contextlib
import re
from typing import Final

import msgspec

from callcheck.model import Report
from callcheck.report.printable import escape_json

# A number stands alone at the end of its line; text ends there with a quotation mark.
_MINUS_NOTHING: Final = re.compile(rb"(?<= )-0\.0(?=,?$)", re.MULTILINE)


def as_json(report: Report) -> bytes:
    """Indented JSON that ends in a line end. Fields stand in the order of the model and keys of an object in that of
    the alphabet; lists keep their order, as it has a meaning. A number is written as short as it can be read back;
    where the model says number and not integer, it has a decimal point. Characters that act on a terminal are escaped.
    """
    data = msgspec.json.encode(report, order="deterministic")
    # A report that was not checked may hold what no reader takes; it is written as it is.
    with contextlib.suppress(msgspec.MsgspecError):
        # What is read back holds numbers as the model has them: 1.0 for a whole number that was given as 1.
        data = msgspec.json.encode(msgspec.json.decode(data, type=Report), order="deterministic")
    return _pretty(data)


def is_canonical(report: Report, text: bytes) -> bool:
    """Whether the text from which this report was read is the one that is written for it, indented or in one line: then
    it holds no more than the report does, and nothing twice."""
    data = msgspec.json.encode(report, order="deterministic")
    return text == data or text == _pretty(data)


def _pretty(data: bytes) -> bytes:
    text = escape_json(msgspec.json.format(data, indent=2).decode("utf-8")).encode("utf-8")
    return (_MINUS_NOTHING.sub(b"0.0", text) if b"-0.0" in text else text) + b"\n"
