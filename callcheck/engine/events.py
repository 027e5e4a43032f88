"""The journal: what happened in a run, in order, as plain values (DESIGN 5.4)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec

from callcheck.locale import N_, Translate
from callcheck.model import Json

JOURNAL_SCHEMA = "callcheck-journal/1"

Kind = Literal["run_started", "check_started", "progress", "observed", "check_finished", "judged", "run_finished"]
CheckOutcome = Literal["completed", "over_budget", "timed_out", "crashed", "interrupted", "skipped"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journal. `t_us` is run time; `data` holds only JSON values, so that a replay equals the run."""

    seq: int
    t_us: int
    kind: Kind
    check: str = ""
    data: dict[str, Json] = {}


class JournalError(ValueError):
    """The text is no journal of ours; the message is one line that says where and why.

    `template` is that line in English, which can be translated, with gaps for the `values`: foreign text."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values) if values else template)
        self.template = template
        self.values = values

    def sentence(self, translate: Translate) -> str:
        """What a person is told; it may quote the file."""
        text = translate(self.template)
        return text.format(**self.values) if self.values else text


Sink = Callable[[Event], None]


class Pump:
    """A sink that works in a thread of its own: a slow reader, disk or screen never slows a measurement.

    `close` waits until every event has been handled. `failure` is what the sink raised, after which it hears no more.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="callcheck-sink", daemon=True)
        self.failure: Exception | None = None
        self._thread.start()

    def __call__(self, event: Event) -> None:
        self._waiting.put(event)

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (event := self._waiting.get()) is not None:
            if self.failure is None:
                try:
                    self._sink(event)
                except Exception as error:
                    self.failure = error


class Bus:
    """Numbers events and hands each to every sink in order. A sink that raises is dropped: it may not cost the run."""

    def __init__(self, now_us: Callable[[], int], sinks: Iterable[Sink] = ()) -> None:
        self._now_us = now_us
        self._sinks = list(sinks)
        self.events: list[Event] = []

    def publish(self, kind: Kind, check: str = "", data: dict[str, Json] | None = None) -> Event:
        return self._hand_out(Event(seq=0, t_us=self._now_us(), kind=kind, check=check, data=data or {}))

    def repeat(self, event: Event) -> Event:
        """An event of the run that is continued: it keeps its time and gets a number of this journal."""
        return self._hand_out(event)

    def _hand_out(self, event: Event) -> Event:
        event = msgspec.structs.replace(event, seq=len(self.events))
        self.events.append(event)
        for sink in list(self._sinks):
            try:
                sink(event)
            except Exception:
                self._sinks.remove(sink)
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
            reason = N_("line {number} of the journal cannot be read ({detail})")
            raise JournalError(reason, number=number, detail=error) from None
