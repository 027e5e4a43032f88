"""A kept journal judged as of today: its report, when each verdict was announced, and what each check contributed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from callcheck import session
from callcheck.api import Check
from callcheck.engine.events import Event, JournalError, decode_lines
from callcheck.engine.plugins import load_checks
from callcheck.lab.score.announced import Function, announced
from callcheck.model import Evidence, Numbered, Observation, Report, Verdict


@dataclass(frozen=True, slots=True)
class Reading:
    """`announced_s` is run time in seconds, for functions with a cause; `without` has, for each check that observed
    something, the verdicts when its observations are left out."""

    report: Report
    announced_s: Mapping[Function, float] = field(default_factory=dict)
    without: Mapping[str, Sequence[Verdict]] = field(default_factory=dict)


class _Remembering:
    """A check's `read` that reads the same beginning of a journal once.

    Observations are known by their numbers, so that one object serves one journal.
    """

    def __init__(self, check: Check[Any]) -> None:
        self._check = check
        self._read: dict[tuple[int, int], tuple[Evidence, ...]] = {}

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        extent = (len(observations), observations[-1].seq)
        if extent not in self._read:
            self._read[extent] = tuple(self._check.read(observations))
        return self._read[extent]


def journal_reading(journal: bytes, *, ablate: bool) -> Reading:
    """Judge a journal (NDJSON) with the installed checks and today's judge; `without` is filled if `ablate`.

    Raises JournalError for what is no finished run.
    """
    return reading_of(tuple(decode_lines(journal)), _checks(), ablate=ablate)


def reading_of(events: Sequence[Event], checks: Mapping[str, Check[Any]], *, ablate: bool) -> Reading:
    """As `journal_reading`, with these checks. Raises JournalError."""
    # Of a check, a report asks for nothing but `read`.
    once = {name: cast("Check[Any]", _Remembering(check)) for name, check in checks.items()}

    def verdicts_of(part: Sequence[Event]) -> Sequence[Verdict]:
        return session.report_of(part, once, "en").verdicts

    report = whole(session.report_of(events, once, "en"))
    observed = _observed(events)

    def verdicts_before(part: Sequence[Event]) -> Sequence[Verdict]:
        return report.verdicts if _observed(part) == observed else verdicts_of(part)

    without = {name: verdicts_of(_left_out(events, name)) for name in (_observers(events) if ablate else ())}
    return Reading(report, announced(events, verdicts_before), without)


def whole(report: Report) -> Report:
    """The report. Raises JournalError if its run did not end: half a journal's verdicts are not what callcheck said."""
    if not report.run.complete:
        raise JournalError("the journal ends before the run does")
    return report


@cache
def _checks() -> Mapping[str, Check[Any]]:
    return load_checks()[0]


def _observed(events: Iterable[Event]) -> int:
    return sum(event.kind == "observed" for event in events)


def _observers(events: Iterable[Event]) -> list[str]:
    return sorted({event.check for event in events if event.kind == "observed"})


def _left_out(events: Iterable[Event], name: str) -> list[Event]:
    return [event for event in events if event.kind != "observed" or event.check != name]
