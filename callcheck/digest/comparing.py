"""What two saved runs need before they are compared, and how a run is named in a comparison; the command's page and the
screen share it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from callcheck.engine.events import Event
from callcheck.locale import translator
from callcheck.model import Report
from callcheck.redaction.alike import differ_by_rounding
from callcheck.redaction.redact import redact
from callcheck.report import journal
from callcheck.verdict.comparison import RunFacts
from callcheck.verdict.explain import with_sentences
from callcheck.verdict.judge import judge
from callcheck.verdict.names import depth_name


def is_same_run(a: Report, b: Report) -> bool:
    """One run given twice: by its id, or, as an export gets an id of its own, by what two exports would share."""
    if a.run.id and a.run.id == b.run.id:
        return True
    if not a.run.redacted and not b.run.redacted:
        return False
    first, second = (redact(one, new_id=str) for one in (a, b))
    return differ_by_rounding(first, second)


def same_run_text(language: str) -> str:
    """Why one run given twice is refused."""
    return translator(language)("both files hold the same run; a comparison needs one of each network")


def catalogue_of(events: Iterable[Event]) -> str:
    """The ISO date of the list of servers that a journal was measured with, "" where it does not say. Raises
    JournalError where the events are no run."""
    return journal.read(events).header.catalogue_as_of


def judged_on_evidence(saved: Report, language: str) -> Report:
    """A report without addresses judged anew: its observations cannot be read again, so its evidence is taken."""
    verdicts = judge(saved.evidence, saved.run.depth, saved.instrument)
    return msgspec.structs.replace(saved, verdicts=with_sentences(verdicts, saved.evidence, language))


def run_text(facts: RunFacts, language: str) -> str:
    """With which callcheck a run was made, when, and how long a test it was."""
    translate = translator(language)
    moment = facts.started_utc[:13].replace("T", " ")
    parts = [
        f"callcheck {facts.tool_version}".strip(),
        translate("about {moment}:00 UTC").format(moment=moment) if moment else translate("time not known"),
        depth_name(facts.depth, language),
    ]
    return ", ".join(parts)
