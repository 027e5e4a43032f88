"""From a saved report back to a journal, so that one fold serves both kinds of file."""

from __future__ import annotations

import msgspec

from callcheck.engine.events import JOURNAL_SCHEMA, Event
from callcheck.model import Observation, Report, SavedObservation

_LONGEST_S = 1e7


def journal_of(report: Report) -> list[Event]:
    """Events whose fold has the report's observations, numbers included. Progress and verdicts are not in a report."""
    names = list(dict.fromkeys(observation.check for observation in report.observations))
    last = max((observation.seq for observation in report.observations), default=0)
    end_us = int(min(max(report.run.duration_s, 0.0), _LONGEST_S) * 1e6)
    header = {
        "schema": JOURNAL_SCHEMA,
        "run_id": report.run.id,
        "started_utc": report.run.started_utc,
        "depth": report.run.depth,
        "tool": msgspec.to_builtins(report.tool),
        "plan": [[name] for name in names],
    }
    return [
        Event(seq=0, t_us=0, kind="run_started", data=header),
        *(Event(seq=0, t_us=0, kind="check_started", check=name) for name in names),
        *(_observed(observation) for observation in report.observations),
        *(
            Event(seq=last + 1, t_us=end_us, kind="check_finished", check=name, data={"outcome": "completed"})
            for name in names
        ),
        Event(seq=last + 2, t_us=end_us, kind="run_finished", data={"complete": report.run.complete}),
    ]


def _observed(saved: SavedObservation) -> Event:
    observation = Observation(op=saved.op, target=saved.target, form=saved.form, failure=saved.failure, data=saved.data)
    return Event(
        seq=saved.seq, t_us=saved.t_us, kind="observed", check=saved.check, data=msgspec.to_builtins(observation)
    )
