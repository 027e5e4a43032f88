"""A run out of a file, as the app looks at it."""

from __future__ import annotations

from collections.abc import Sequence

from callcheck.engine.events import Event
from callcheck.model import Report
from callcheck.report.refold import journal_of
from callcheck.ui.model import Run


def run_of(name: str, saved: Report | None, events: Sequence[Event]) -> Run:
    """What `report.saved.load` gave, as a run. A report without addresses cannot be read anew: it is shown as it is."""
    run = Run(name)
    for event in events if saved is None else journal_of(saved):
        run.take(event)
    if saved is not None:
        run.shown.verdicts = saved.verdicts
        run.shown.complete = saved.run.complete
        run.saved = saved if saved.run.redacted else None
    if run.shown.complete is None:
        run.shown.complete = False  # a killed run is still a run, and this one will not go on
    return run
