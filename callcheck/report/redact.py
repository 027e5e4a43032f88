"""A report that is safe to show: rebuilt from an allow-list, never cut down from the original (DESIGN 8)."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import get_args

import msgspec

from callcheck.catalog import load as catalog
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
    Target,
    Tool,
    Verdict,
)
from callcheck.quality.call import Assumption, Heard, Word
from callcheck.report import allowlist
from callcheck.report.allowed_keys import GROUPS
from callcheck.report.allowlist import OTHER
from callcheck.report.leaks import leaks
from callcheck.report.problems import problem_line, split_problem
from callcheck.report.schema import REPORT_SCHEMA
from callcheck.verdict.explain import WouldChange, headline
from callcheck.words import Knowledge

__all__ = ["leaks", "redact"]

_DISTRIBUTION = "callcheck"
_PUBLIC_ROLES = {"subject", "control", "domestic"}
_PUBLIC_SOURCE = "catalogue"

_T_STEP_US = 10_000
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
_SCORE_WORDS: frozenset[str] = frozenset(get_args(Word))
_HEARD: frozenset[str] = frozenset(get_args(Heard))
_ASSUMPTIONS: frozenset[str] = frozenset(get_args(Assumption))


def redact(report: Report, *, new_id: Callable[[], str] = lambda: os.urandom(16).hex()) -> Report:
    """The report with only what DESIGN 8 allows. `new_id` makes the run's id, so that two exports cannot be linked.

    Observations and problems are kept for the checks that come with callcheck itself, as the report lists them:
    what a foreign plugin writes is nobody's closed list. Redacting twice changes nothing but the id.
    """
    plugins = tuple(filter(None, map(_plugin, report.tool.plugins)))
    checks = {plugin.name for plugin in plugins}
    observations = _observations(report.observations, checks)
    kept = {observation.seq for observation in observations}
    evidence = tuple(_evidence(item, kept) for item in report.evidence)
    return Report(
        schema=REPORT_SCHEMA,
        tool=Tool(name="callcheck", version=allowlist.version(report.tool.version), plugins=plugins),
        run=_run(report.run, new_id()),
        network=_network(report.network),
        instrument=_instrument(report.instrument),
        verdicts=tuple(_verdict(verdict, evidence) for verdict in report.verdicts),
        quality=tuple(filter(None, map(_quality, report.quality))),
        evidence=evidence,
        observations=observations,
        problems=tuple(filter(None, (_problem(line, checks) for line in report.problems))),
    )


def _plugin(plugin: Plugin) -> Plugin | None:
    if plugin.distribution != _DISTRIBUTION or not allowlist.word(plugin.name):
        return None
    kind = plugin.kind if plugin.kind in {"check", "reporter", "tracker"} else OTHER
    return msgspec.structs.replace(plugin, kind=kind, version=allowlist.version(plugin.version))


def _run(run: Run, new_id: str) -> Run:
    return msgspec.structs.replace(
        run,
        id=new_id,
        redacted=True,
        started_utc=_to_the_hour(run.started_utc),
        duration_s=allowlist.rounded(run.duration_s, 0) or 0.0,
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


def _verdict(verdict: Verdict, evidence: tuple[Evidence, ...]) -> Verdict:
    """The sentence is made anew in the language it was in: a saved one could hold anything."""
    language = "ru" if re.search("[\u0400-\u04ff]", verdict.sentence) else "en"
    known = msgspec.structs.replace(
        verdict,
        service=allowlist.service(verdict.service),
        confidence=allowlist.rounded(verdict.confidence, 3) or 0.0,
        causes={cause: allowlist.rounded(share, 3) or 0.0 for cause, share in verdict.causes.items()},
        would_change=tuple(name for name in verdict.would_change if name in get_args(WouldChange)),
    )
    return msgspec.structs.replace(known, sentence=headline(known, evidence, language))


def _instrument(instrument: Instrument) -> Instrument:
    return Instrument(
        send_lateness_p99_ms=allowlist.rounded(instrument.send_lateness_p99_ms, 1),
        valid=instrument.valid,
        events=allowlist.events(instrument.events),
    )


def _quality(quality: Quality) -> Quality | None:
    """The score with what it rests on; None where it holds a word or number that callcheck does not write."""
    numbers = {name: allowlist.rounded(getattr(quality, name), digits) for name, digits in _QUALITY_DIGITS.items()}
    if any(number is None or not 0 <= number <= _LARGEST_QUALITY for number in numbers.values()):
        return None
    if quality.word not in _SCORE_WORDS or quality.heard not in _HEARD or not 0 <= quality.packets <= _LARGEST_QUALITY:
        return None
    if not _ASSUMPTIONS.issuperset(quality.assumptions):
        return None
    return msgspec.structs.replace(quality, service=allowlist.service(quality.service), **numbers)


def _evidence(item: Evidence, kept: set[int]) -> Evidence:
    name, _, service = item.group.partition(":")
    group = name if name in GROUPS else OTHER
    return msgspec.structs.replace(
        item,
        service=allowlist.service(item.service),
        facts=allowlist.facts(item.facts),
        group=f"{group}:{allowlist.service(service)}" if service else group,
        seqs=tuple(seq for seq in item.seqs if seq in kept),
    )


def _observations(observations: Iterable[SavedObservation], checks: set[str]) -> tuple[SavedObservation, ...]:
    arms: dict[Json, str] = {}
    targets: dict[bytes, Target | None] = {}
    return tuple(
        _observation(observation, arms, targets)
        for observation in observations
        if observation.check in checks and allowlist.operation(observation.op)
    )


def _observation(
    observation: SavedObservation, arms: dict[Json, str], targets: dict[bytes, Target | None]
) -> SavedObservation:
    data = allowlist.facts(observation.data)
    arm = observation.data.get("arm")
    if isinstance(arm, str):
        # Flows are told apart by number, in order of appearance: a flow's own name may hold an address.
        data["arm"] = arms.setdefault(arm, f"arm{len(arms) + 1}")
    return SavedObservation(
        op=observation.op,
        target=_target(observation.target, targets),
        form=allowlist.word(observation.form),
        failure=observation.failure,
        data=data,
        seq=observation.seq,
        t_us=allowlist.time_of_run(observation.t_us, _T_STEP_US),
        check=observation.check,
    )


def _target(target: Target | None, known: dict[bytes, Target | None]) -> Target | None:
    """As `_public`; each once, as thousands of packets have the same few."""
    if target is None:
        return None
    key = msgspec.json.encode(target)
    if key not in known:
        known[key] = _public(target)
    return known[key]


def _public(target: Target) -> Target | None:
    """An endpoint of the shipped catalogue: one that a person added tells of that person. Of a name, the address is
    left out: a resolver's answer tells of its user."""
    if target.role not in _PUBLIC_ROLES or _place(target) not in _shipped_places():
        return None
    host = allowlist.host(target.host)
    address = target.address if not target.host and _is_public(target.address) else ""
    if not host and not address:
        return None
    answers: dict[str, Knowledge] = {form: known for form, known in target.answers.items() if allowlist.word(form)}
    return Target(
        service=allowlist.service(target.service),
        function=target.function,
        role=target.role,
        host=host,
        address=address,
        port=target.port if 0 < target.port < 65536 else 0,
        transport=target.transport,
        protocol=allowlist.word(target.protocol),
        network=allowlist.word(target.network),
        source=_PUBLIC_SOURCE,
        answers=answers,
        large=target.large,
    )


def _place(target: Target) -> tuple[str, int, str]:
    return (target.host or target.address, target.port, target.transport)


@cache
def _shipped_places() -> frozenset[tuple[str, int, str]]:
    return frozenset(_place(target) for target in catalog.shipped())


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and str(parsed) == address


def _problem(line: str, checks: set[str]) -> str:
    split = split_problem(line)
    return problem_line(split[0], split[1]) if split and split[0] in checks else ""
