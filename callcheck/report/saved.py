"""Reads saved files: a report, or the journal of a run. What comes from a file is foreign until it has been checked."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

import msgspec

from callcheck.engine.events import Event, JournalError, decode_lines
from callcheck.model import Report, Verdict
from callcheck.report import journal
from callcheck.report.journal import Journal
from callcheck.report.printable import printable
from callcheck.report.schema import REPORT_SCHEMA

T = TypeVar("T")

MAX_BYTES = 64 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_LINE = 200


class SavedError(ValueError):
    """The file cannot be used; the message is one printable line that says why."""


class _Name(msgspec.Struct, frozen=True):
    """Just enough of a JSON object to see what it is."""

    schema: str = ""
    kind: str = ""


def load(data: bytes) -> Report | list[Event]:
    """A saved report, or the events of a saved journal. Raises SavedError for anything else."""
    return _load(data, _that_can_be_read)


def load_run(data: bytes) -> Report | Journal:
    """As `load`, with a journal read as a whole: all that a report is made of."""
    return _load(data, journal.read_saved)


def _that_can_be_read(events: list[Event]) -> list[Event]:
    journal.read_saved(events)
    return events


def _load(data: bytes, read: Callable[[list[Event]], T]) -> Report | T:
    if len(data) > MAX_BYTES:
        raise SavedError(f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB, which no report or journal is")
    text = data.removeprefix(_BYTE_ORDER_MARK)
    if not text.strip():
        raise SavedError("the file is empty")
    if b"\0" in text or not _is_utf8(text):
        raise SavedError("the file is not text: it is no callcheck report or journal")
    try:
        return _load_text(text, read)
    except RecursionError:
        raise SavedError("the file is nested too deeply to be a callcheck report or journal") from None
    except (JournalError, msgspec.MsgspecError) as error:
        raise SavedError(_line(str(error))) from None


def _load_text(text: bytes, read: Callable[[list[Event]], T]) -> Report | T:
    name = _name(text)
    if name is None or name.kind:
        return read(_events(text))
    if name.schema == REPORT_SCHEMA:
        return _checked(msgspec.json.decode(text, type=Report))
    if name.schema:
        raise SavedError(_line(f"the file says it is {name.schema!r}, and this callcheck reads {REPORT_SCHEMA!r}"))
    raise SavedError("the file is JSON, but no callcheck report or journal")


def _name(text: bytes) -> _Name | None:
    """What the whole text is, if it is one JSON value; None if it is not, as a journal of several lines."""
    try:
        return msgspec.json.decode(text, type=_Name)
    except msgspec.ValidationError:
        raise SavedError("the file is JSON, but no callcheck report or journal") from None
    except msgspec.DecodeError:
        return None


def _events(text: bytes) -> list[Event]:
    first_line = text.lstrip().partition(b"\n")[0]
    if not _is_json(first_line):
        if text.lstrip().startswith(b"{"):
            raise SavedError("the file is cut short or damaged: it is no whole callcheck report or journal")
        raise SavedError("the file is no callcheck report or journal")
    return list(decode_lines(text))


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def _checked(report: Report) -> Report:
    """What the types cannot say: indices point at something, probabilities are probabilities, times are of a run."""
    for verdict in report.verdicts:
        _check_verdict(verdict, len(report.evidence))
    numbers = [observation.seq for observation in report.observations]
    if any(later <= earlier for earlier, later in pairwise([-1, *numbers])):
        raise SavedError("the report is damaged: its observations are not in order")
    if any(abs(observation.t_us) > journal.LONGEST_US for observation in report.observations):
        raise SavedError("the report is damaged: an observation stands at an impossible time")
    if any(abs(item.strength) > 3 for item in report.evidence):
        raise SavedError("the report is damaged: evidence has a strength beyond 3")
    return report


def _check_verdict(verdict: Verdict, evidence_count: int) -> None:
    if any(not 0 <= position < evidence_count for position in (*verdict.supporting, *verdict.against)):
        raise SavedError("the report is damaged: a verdict rests on evidence that is not there")
    if any(not 0 <= probability <= 1 for probability in (verdict.confidence, *verdict.causes.values())):
        raise SavedError("the report is damaged: a probability is not between 0 and 1")


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _line(text: str) -> str:
    return printable(" ".join(text.split()))[:_LONGEST_LINE]
