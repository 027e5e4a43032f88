"""What the app is looking at: one run, its events, what they fold to, and its report as far as it has been read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from callcheck.api import Check
from callcheck.engine.events import Event, JournalError
from callcheck.model import Report
from callcheck.ui.state import RunShown


@dataclass(slots=True)
class Run:
    """`report` is as of the last reading; `is_read` when that was of the whole run. `name` says where the run is from,
    "" for one of now. `argv` is the command that measures it, if one
    does, and `exit_code` what that ended with. `scenario` names the lab's, where it was one.
    `saved` is the report of a file that was saved without its addresses, which nobody can read anew."""

    name: str = ""
    scenario: str = ""
    events: list[Event] = field(default_factory=list)
    shown: RunShown = field(default_factory=RunShown)
    report: Report | None = None
    is_read: bool = False
    saved: Report | None = None
    argv: tuple[str, ...] = ()
    exit_code: int | None = None
    said: tuple[str, ...] = ()

    def take(self, event: Event) -> None:
        self.events.append(event)
        self.shown.apply(event)

    def take_report(self, report: Report, events: int) -> None:
        """The reading of the first so many events."""
        self.report = report
        self.is_read = self.shown.is_over and events == len(self.events)
        if self.is_read:
            self.shown.verdicts = report.verdicts


def read(events: Iterable[Event], checks: Mapping[str, Check[Any]], language: str) -> Report | None:
    """The report that the events amount to so far; None where they are no run yet. Takes up to a second: call it
    beside the screen, not on it."""
    from callcheck import session  # noqa: PLC0415 - loading it takes longer than the first paint may

    try:
        return session.report_of(list(events), checks, language)
    except JournalError:
        return None
