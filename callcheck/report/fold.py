"""From a journal to a report: a pure fold, the same for a live run and for its replay (DESIGN 5.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from callcheck.engine.events import Event
from callcheck.model import (
    Evidence,
    Instrument,
    Network,
    Numbered,
    Observation,
    Report,
    Run,
    SavedObservation,
    Verdict,
)
from callcheck.report import journal
from callcheck.report.across import read_across
from callcheck.report.instrument import instrument_of
from callcheck.report.journal import Journal
from callcheck.report.problems import problem_line
from callcheck.report.quality import qualities_of
from callcheck.report.schema import REPORT_SCHEMA
from callcheck.verdict.explain import with_sentences
from callcheck.words import Claim, Depth

Reader = Callable[[Sequence[Numbered[Observation]]], Iterable[Evidence]]
Judge = Callable[[Sequence[Evidence], Depth, Instrument], Sequence[Verdict]]

_STRONGEST = 3


def fold(events: Iterable[Event] | Journal, readers: Mapping[str, Reader], judge: Judge, language: str) -> Report:
    """The report of a run: evidence read anew from the observations, judged, put into sentences of `language`.

    A run is its events, or the journal that was read from them. `readers` holds each check's `read` by its name. A
    reader that raises, or hands back what is no evidence, costs that check's evidence alone. Raises JournalError where
    the events are not one run.
    """
    run = events if isinstance(events, Journal) else journal.read(events)
    evidence, problems = _evidence(run, readers)
    instrument = instrument_of(run.observations)
    verdicts = judge(evidence, run.header.depth, instrument)
    return Report(
        schema=REPORT_SCHEMA,
        tool=run.header.tool,
        run=Run(
            id=run.header.run_id,
            started_utc=run.header.started_utc,
            duration_s=round(run.duration_us / 1e6, 3),
            depth=run.header.depth,
            complete=run.complete,
        ),
        network=_network(run.observations, evidence),
        instrument=instrument,
        verdicts=with_sentences(verdicts, evidence, language),
        quality=qualities_of(run.observations),
        evidence=evidence,
        observations=run.observations,
        problems=(*run.header.problems, *_endings(run), *problems),
    )


def _evidence(run: Journal, readers: Mapping[str, Reader]) -> tuple[tuple[Evidence, ...], tuple[str, ...]]:
    found: list[Evidence] = []
    problems: list[str] = []
    by_check: dict[str, list[Numbered[Observation]]] = defaultdict(list)
    for saved in run.observations:
        by_check[saved.check].append(Numbered(saved.seq, _plain(saved)))
    for name in run.checks:
        own = by_check.get(name, [])
        reader = readers.get(name)
        if reader is None:
            if own or name in run.started:
                problems.append(problem_line(name, "not_installed"))
        elif own:
            # A plugin may raise anything; it costs its own evidence alone.
            try:
                found += _checked(reader(own), own)
            except Exception as error:
                problems.append(problem_line(name, "not_readable", f"{type(error).__name__}: {error}"))
    return (*found, *read_across(run.observations)), tuple(problems)


def _plain(saved: SavedObservation) -> Observation:
    """What the check emitted, without what the journal added."""
    return Observation(op=saved.op, target=saved.target, form=saved.form, failure=saved.failure, data=saved.data)


def _checked(evidence: Iterable[Evidence], own: Sequence[Numbered[Observation]]) -> list[Evidence]:
    """The evidence by way of JSON, as a saved report would give it back. Raises ValueError for a broken contract."""
    numbers = {observation.seq for observation in own}
    checked = [msgspec.json.decode(msgspec.json.encode(item), type=Evidence) for item in evidence]
    for item in checked:
        if abs(item.strength) > _STRONGEST:
            raise ValueError(f"{item.claim} has strength {item.strength}")
        if not numbers.issuperset(item.seqs):
            raise ValueError(f"{item.claim} rests on observations that are not this check's")
    return checked


def _endings(run: Journal) -> list[str]:
    """A line for each check that started and did not run to its end."""
    lines = []
    for name in run.checks:
        ending = run.endings.get(name)
        if ending is None and name in run.started:
            lines.append(problem_line(name, "interrupted"))
        elif ending is not None and ending.outcome != "completed":
            lines.append(problem_line(name, ending.outcome, ending.note))
    return lines


def _network(observations: Iterable[SavedObservation], evidence: Iterable[Evidence]) -> Network:
    return Network(tunnel=_tunnel(evidence), nat=_nat(observations))


def _tunnel(evidence: Iterable[Evidence]) -> bool | None:
    strengths = [item.strength for item in evidence if item.claim == Claim.tunnel_in_use]
    firmest = max(strengths, key=abs, default=0)
    return firmest > 0 if firmest else None


def _nat(observations: Iterable[SavedObservation]) -> bool | None:
    """Whether a STUN server sees another address than this device has (RFC 5780 section 4.1); None if none told."""
    compared = [
        observation.data["reflexive_address"] != observation.data["local_address"]
        for observation in observations
        if observation.op.startswith("stun.")
        and observation.data.get("reflexive_address")
        and observation.data.get("local_address")
    ]
    return any(compared) if compared else None
