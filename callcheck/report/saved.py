"""Reads saved files: a report, or the journal of a run. What comes from a file is foreign until it has been checked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from itertools import pairwise
from typing import Final, TypeVar

import msgspec

from callcheck import __version__
from callcheck.engine.events import JOURNAL_SCHEMA, Event, JournalError, decode_lines
from callcheck.locale import N_, Translate
from callcheck.model import Report
from callcheck.report import journal, versions
from callcheck.report.canonical import is_canonical
from callcheck.report.journal import Journal
from callcheck.report.limits import beyond_in
from callcheck.report.once import is_as_written, journal_says_twice, says_twice
from callcheck.report.printable import printable
from callcheck.report.schema import REPORT_SCHEMA

T = TypeVar("T")

MAX_BYTES = 64 * 1024 * 1024
# Four times those of the longest run. Text of a few bytes becomes a value of a hundred: a limit in bytes alone would
# let a file take gigabytes.
MAX_VALUES: Final = 2_000_000
_SIGNS: Final = (b",", b"[", b"{", b"\n")
_SPARE_FRAMES: Final = 60
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LONGEST_VALUE = 120
_EVENTS: Final = msgspec.json.Decoder(Event)


class SavedError(ValueError):
    """The file cannot be used; the message is one printable line that says why.

    `template` is that line in English, which can be translated, with gaps for the `values`, which are printable too."""

    def __init__(self, template: str, **values: object) -> None:
        self.template = template
        self.values = {name: printable(" ".join(str(it).split()))[:_LONGEST_VALUE] for name, it in values.items()}
        super().__init__(self.sentence(str))

    def sentence(self, translate: Translate) -> str:
        """What a person is told."""
        text = translate(self.template)
        return text.format(**self.values) if self.values else text


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
        too_large = N_("the file is larger than {megabytes} MiB, which no report or journal is")
        raise SavedError(too_large, megabytes=MAX_BYTES // 1024 // 1024)
    text = data.removeprefix(_BYTE_ORDER_MARK)
    if not text.strip():
        raise SavedError(N_("the file is empty"))
    if b"\0" in text or not _is_utf8(text):
        raise SavedError(N_("the file is not text: it is no callcheck report or journal"))
    if sum(text.count(sign) for sign in _SIGNS) > MAX_VALUES:
        raise SavedError(N_("the file holds more than any run: it is no callcheck report or journal"))
    try:
        return _further_down(_SPARE_FRAMES, lambda: _load_text(text, read))
    except RecursionError:
        raise SavedError(N_("the file is nested too deeply to be a callcheck report or journal")) from None
    except (JournalError, msgspec.MsgspecError) as error:
        raise _refusal(text, error) from None


def _further_down(frames: int, act: Callable[[], T]) -> T:
    """What `act` gives when it is called with so many frames on the stack: what can be read there is not nested so
    deeply that a reporter, which is called further down than a reader, could not write it again."""
    return act() if not frames else _further_down(frames - 1, act)


def _refusal(text: bytes, error: JournalError | msgspec.MsgspecError) -> SavedError:
    """What is said of a file that cannot be decoded; what a newer callcheck wrote need not be damaged."""
    if version := versions.newer_writer(text):
        newer = N_(
            "the file was written by callcheck {version}, and this is {own}, which does not know all that stands there"
            " ({detail}): update callcheck"
        )
        return SavedError(newer, version=version, own=__version__, detail=error)
    if isinstance(error, JournalError):
        return SavedError(error.template, **error.values)
    return SavedError(N_("the report is damaged, or none of callcheck's ({detail})"), detail=error)


class _Name(msgspec.Struct, frozen=True):
    """Just enough of a JSON object to see what it is."""

    schema: str = ""
    kind: str = ""


def _load_text(text: bytes, read: Callable[[list[Event]], T]) -> Report | T:
    name = _name(text)
    if name is None or name.kind:
        return read(_events(text))
    if name.schema == REPORT_SCHEMA:
        report = msgspec.json.decode(text, type=Report)
        if not is_canonical(report, text) and says_twice(text):
            raise SavedError(_TWICE)
        return _checked(report)
    if name.schema and (reason := versions.why_not(name.schema, REPORT_SCHEMA)) is not None:
        raise SavedError(reason[0], **reason[1])
    raise SavedError(_STRANGE)


_STRANGE: Final = N_("the file is JSON, but no callcheck report or journal")
# One reader would take the first of them, and another the last: two people would read two reports in one file.
_TWICE: Final = N_(
    "the file says the same thing twice, so that it could be read in two ways: it was not written by callcheck"
)


def _name(text: bytes) -> _Name | None:
    """What the whole text is, if it is one JSON value; None if it is not, as a journal of several lines."""
    try:
        return msgspec.json.decode(text, type=_Name)
    except msgspec.ValidationError:
        raise SavedError(_STRANGE) from None
    except msgspec.DecodeError:
        return None


def _events(text: bytes) -> list[Event]:
    first_line = text.lstrip().partition(b"\n")[0]
    if not _is_json(first_line):
        if text.lstrip().startswith(b"{"):
            raise SavedError(N_("the file is cut short or damaged: it is no whole callcheck report or journal"))
        raise SavedError(N_("the file is no callcheck report or journal"))
    said = versions.journal_schema(first_line)
    if said is not None and (reason := versions.why_not(said, JOURNAL_SCHEMA)) is not None:
        raise SavedError(reason[0], **reason[1])
    with contextlib.suppress(msgspec.MsgspecError):
        # A journal as callcheck writes it is read in one go, and needs no closer look.
        events = _EVENTS.decode_lines(text)
        if is_as_written(text, events):
            return events
    events = list(decode_lines(text))
    if journal_says_twice(text, events):
        raise SavedError(_TWICE)
    return events


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def _checked(report: Report) -> Report:
    """What the types cannot say: indices point at something, probabilities are probabilities, times are of a run."""
    if name := beyond_in(report):
        raise SavedError(N_("the report is damaged: {name} is beyond what it can be"), name=name)
    for verdict in report.verdicts:
        if any(position >= len(report.evidence) for position in (*verdict.supporting, *verdict.against)):
            raise SavedError(N_("the report is damaged: a verdict rests on evidence that is not there"))
    numbers = [observation.seq for observation in report.observations]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise SavedError(N_("the report is damaged: its observations are not in order"))
    return report


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
