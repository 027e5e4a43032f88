"""A report that is safe to show: rebuilt from an allow-list, never cut down from the original (DESIGN 8)."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable, Iterable
from random import Random
from typing import get_args

import msgspec

from callcheck.model import (
    Evidence,
    Instrument,
    Json,
    Network,
    Plugin,
    Quality,
    Report,
    Run,
    SavedObservation,
    Tool,
    Verdict,
)
from callcheck.quality.call import Assumption, Heard, Word
from callcheck.redaction import allowlist, coarse
from callcheck.redaction.allowed_words import GROUPS
from callcheck.redaction.allowlist import LARGEST_NUMBER, OTHER, STAMP_STEP_US
from callcheck.redaction.leaks import leaks
from callcheck.redaction.stamps import coarse_stamps
from callcheck.redaction.targets import Targets
from callcheck.report.flows import FLOW_OP
from callcheck.report.problems import problem_line, split_problem
from callcheck.report.schema import REPORT_SCHEMA
from callcheck.verdict.explain import WouldChange, headline
from callcheck.verdict.judge import judge
from callcheck.words import Cause

__all__ = ["leaks", "redact"]

_DISTRIBUTION = "callcheck"

_QUALITY_DIGITS = {
    "mos": 1,
    "mos_low": 1,
    "mos_high": 1,
    "loss_ratio": 3,
    "late_ratio": 3,
    "delay_ms": 0,
    "seconds": 0,
}
_LARGEST_QUALITY = 1_000_000
_STRONGEST = 3
_CAUSES: frozenset[str] = frozenset(get_args(Cause))
# So often chance is asked for figures that the judge reads as it read the exact ones; at last the nearest are taken.
_TRIES = 5
_NEAREST = 0.5
_SCORE_WORDS: frozenset[str] = frozenset(get_args(Word))
_HEARD: frozenset[str] = frozenset(get_args(Heard))
_ASSUMPTIONS: frozenset[str] = frozenset(get_args(Assumption))


def redact(
    report: Report, *, new_id: Callable[[], str] = lambda: os.urandom(16).hex(), random: Random | None = None
) -> Report:
    """The report with only what DESIGN 8 allows.

    Two exports of one run share no exact value of that run: `new_id` makes the id anew, and every measured value is
    rounded at random (see `coarse` and `stamps`); `random` is seeded by the system where none is given. What stays as
    it was is what the exports of other runs hold as well: words of closed lists, small counts, times to 0.1 s and the
    hour, and the nominal times of packets. Who holds two exports can still put them side by side: which packets were
    lost, how many observations of which kind there are in which order, and figures that are nearly the same. One run
    given twice is recognised like that (see `alike`), and nothing that tells of it can prevent it.

    The evidence is rounded so that the judge says of it what it says of the exact one. Observations and problems are
    kept for the checks that come with callcheck itself, as the report lists them: what a foreign plugin writes is
    nobody's closed list. Redacting twice changes nothing but the id.
    """
    chance = random or Random()
    dither_us = chance.randrange(STAMP_STEP_US)
    plugins = tuple(filter(None, map(_plugin, report.tool.plugins)))
    checks = {plugin.name for plugin in plugins}
    observations = _Observations(chance, dither_us).of(report.observations, checks)
    instrument = _instrument(report.instrument, chance.random())
    evidence = _all_evidence(report, {observation.seq for observation in observations}, instrument, chance)
    return Report(
        schema=REPORT_SCHEMA,
        tool=Tool(name="callcheck", version=allowlist.version(report.tool.version), plugins=plugins),
        run=_run(report.run, new_id()),
        network=_network(report.network),
        instrument=instrument,
        verdicts=tuple(_verdict(verdict, evidence, chance.random()) for verdict in report.verdicts),
        quality=tuple(filter(None, (_quality(quality, chance.random()) for quality in report.quality))),
        evidence=evidence,
        observations=observations,
        problems=tuple(filter(None, (_problem(line, checks) for line in report.problems))),
    )


def _plugin(plugin: Plugin) -> Plugin | None:
    if plugin.distribution != _DISTRIBUTION or not allowlist.plugin(plugin.name):
        return None
    kind = plugin.kind if plugin.kind in {"check", "reporter", "tracker"} else OTHER
    return msgspec.structs.replace(plugin, kind=kind, version=allowlist.version(plugin.version))


def _run(run: Run, new_id: str) -> Run:
    return msgspec.structs.replace(
        run,
        id=new_id,
        redacted=True,
        started_utc=_to_the_hour(run.started_utc),
        duration_s=allowlist.figure(run.duration_s, 0, _NEAREST) or 0.0,
    )


def _to_the_hour(moment: str) -> str:
    """ISO 8601 in UTC with minutes and seconds zero; "" for what is no time."""
    try:
        time = dt.datetime.fromisoformat(moment).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return ""
    return time.replace(minute=0, second=0, microsecond=0, tzinfo=None).isoformat() + "Z"


def _network(network: Network) -> Network:
    """Yes or no, and the country; the provider and the region leave only where somebody asks for it (submit)."""
    return Network(
        country=allowlist.country(network.country or "") or None,
        tunnel=network.tunnel,
        nat=network.nat,
        ipv6=network.ipv6,
        filters=network.filters,
    )


def _verdict(verdict: Verdict, evidence: tuple[Evidence, ...], share: float) -> Verdict:
    """The sentence is made anew in the language it was in: a saved one could hold anything."""
    language = "ru" if re.search("[\u0400-\u04ff]", verdict.sentence) else "en"
    known = msgspec.structs.replace(
        verdict,
        service=allowlist.service(verdict.service),
        confidence=allowlist.figure(verdict.confidence, 3, share) or 0.0,
        causes={
            cause: allowlist.figure(probability, 3, share) or 0.0
            for cause, probability in verdict.causes.items()
            if cause in _CAUSES
        },
        supporting=tuple(position for position in verdict.supporting if 0 <= position < len(evidence)),
        against=tuple(position for position in verdict.against if 0 <= position < len(evidence)),
        would_change=tuple(name for name in verdict.would_change if name in get_args(WouldChange)),
    )
    return msgspec.structs.replace(known, sentence=headline(known, evidence, language))


def _instrument(instrument: Instrument, share: float) -> Instrument:
    return Instrument(
        send_lateness_p99_ms=allowlist.figure(instrument.send_lateness_p99_ms, 1, share),
        valid=instrument.valid,
        events=allowlist.events(instrument.events),
    )


def _quality(quality: Quality, share: float) -> Quality | None:
    """The score with what it rests on; None where it holds a word or number that callcheck does not write."""
    numbers = {
        name: allowlist.figure(getattr(quality, name), digits, share) for name, digits in _QUALITY_DIGITS.items()
    }
    if any(number is None or not 0 <= number <= _LARGEST_QUALITY for number in numbers.values()):
        return None
    if quality.word not in _SCORE_WORDS or quality.heard not in _HEARD or not 0 <= quality.packets <= _LARGEST_QUALITY:
        return None
    if not _ASSUMPTIONS.issuperset(quality.assumptions):
        return None
    packets = coarse.count(quality.packets, share)
    return msgspec.structs.replace(quality, service=allowlist.service(quality.service), packets=packets, **numbers)


def _all_evidence(report: Report, kept: set[int], instrument: Instrument, chance: Random) -> tuple[Evidence, ...]:
    """Coarse figures of which the judge says what it says of the exact ones: a limit that it knows may lie between."""
    if not report.evidence:
        return ()
    said = _in_short(report.verdicts)
    evidence: tuple[Evidence, ...] = ()
    for attempt in range(_TRIES):
        is_last = attempt == _TRIES - 1
        evidence = tuple(_evidence(one, kept, _NEAREST if is_last else chance.random()) for one in report.evidence)
        judged = _in_short(judge(evidence, report.run.depth, instrument))
        if not attempt and judged != said:
            # What is saved may be another callcheck's word.
            said = _in_short(judge(report.evidence, report.run.depth, report.instrument))
        if judged == said:
            break
    return evidence


def _in_short(verdicts: Iterable[Verdict]) -> list[tuple[str, ...]]:
    """What is said of each service that callcheck knows."""
    return [
        (one.service, one.function, one.outcome, one.cause, one.mechanism, one.where)
        for one in verdicts
        if allowlist.service(one.service) == one.service
    ]


def _evidence(item: Evidence, kept: set[int], share: float) -> Evidence:
    name, _, service = item.group.partition(":")
    return msgspec.structs.replace(
        item,
        service=allowlist.service(item.service),
        facts=allowlist.facts(item.facts, share),
        strength=max(-_STRONGEST, min(item.strength, _STRONGEST)),
        group=_group(name, service),
        seqs=tuple(seq for seq in item.seqs if seq in kept),
    )


def _group(name: str, service: str) -> str:
    if name not in GROUPS:
        return OTHER
    return f"{name}:{allowlist.service(service)}" if service else name


class _Observations:
    """Redacts a run's observations. Times of run are all rounded by one chance, so that they keep their order."""

    def __init__(self, chance: Random, dither_us: int) -> None:
        self._chance = chance
        self._dither_us = dither_us
        self._arms: dict[Json, str] = {}
        self._targets = Targets()

    def of(self, observations: Iterable[SavedObservation], checks: set[str]) -> tuple[SavedObservation, ...]:
        return tuple(
            self._one(observation)
            for observation in observations
            if observation.check in checks
            and allowlist.operation(observation.op)
            and 0 <= observation.seq <= LARGEST_NUMBER
        )

    def _one(self, observation: SavedObservation) -> SavedObservation:
        data = allowlist.facts(observation.data, self._chance.random(), self._dither_us)
        if observation.op == FLOW_OP:
            data |= coarse_stamps(observation.data, self._dither_us, self._chance)
        arm = observation.data.get("arm")
        if isinstance(arm, str):
            # Flows are told apart by number, in order of appearance: a flow's own name may hold an address.
            data["arm"] = self._arms.setdefault(arm, f"arm{len(self._arms) + 1}")
        return SavedObservation(
            op=observation.op,
            target=self._targets.public(observation.target),
            form=allowlist.form(observation.form),
            failure=observation.failure,
            data=data,
            seq=observation.seq,
            t_us=allowlist.time_of_run(observation.t_us, self._dither_us),
            check=observation.check,
        )


def _problem(line: str, checks: set[str]) -> str:
    split = split_problem(line)
    return problem_line(split[0], split[1]) if split and split[0] in checks else ""
