"""The journal: what happened in a run, in order, as plain values (DESIGN 5.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec

from callcheck.model import Json

JOURNAL_SCHEMA = "callcheck-journal/1"

Kind = Literal["run_started", "check_started", "progress", "observed", "check_finished", "judged", "run_finished"]
CheckOutcome = Literal["completed", "over_budget", "timed_out", "crashed", "interrupted"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal. `t_us` is run time; `data` holds only JSON values, so that a replay equals the run."""

    seq: int
    t_us: int
    kind: Kind
    check: str = ""
    data: dict[str, Json] = {}


class JournalError(ValueError):
    """The text is no journal of ours; the message is one line that says where and why."""


Sink = Callable[[Event], None]


class Bus:
    """Numbers events and hands each to every sink in order. A sink that raises is dropped: it may not cost the run."""

    def __init__(self, now_us: Callable[[], int], sinks: Iterable[Sink] = ()) -> None:
        self._now_us = now_us
        self._sinks = list(sinks)
        self.events: list[Event] = []
        self.failed_sinks: list[str] = []

    def publish(self, kind: Kind, check: str = "", data: dict[str, Json] | None = None) -> Event:
        event = Event(seq=len(self.events), t_us=self._now_us(), kind=kind, check=check, data=data or {})
        self.events.append(event)
        for sink in list(self._sinks):
            try:
                sink(event)
            except Exception as error:
                self._sinks.remove(sink)
                self.failed_sinks.append(f"{type(error).__name__}: {error}")
        return event


def encode_line(event: Event) -> bytes:
    """One event as one line of NDJSON, line end included."""
    return msgspec.json.encode(event) + b"\n"


def decode_lines(text: bytes) -> Iterator[Event]:
    """Events of a journal. A last line that was cut short is left out: a killed run is still a run.

    Raises JournalError for anything else that is not a line of a journal.
    """
    lines = text.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield msgspec.json.decode(line, type=Event)
        except msgspec.DecodeError as error:
            if number == len(lines) and number > 1:
                return
            raise JournalError(f"line {number} is not a journal event: {error}") from None
