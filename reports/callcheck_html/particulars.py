"""The rest of the data: findings with their numbers, chances of the explanations, the run and its instrument. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from callcheck.locale import translator
from callcheck.model import Evidence, Plugin, Report, Verdict
from callcheck.verdict import explain
from callcheck_html.scales import Axis
from callcheck_html.values import cut, facts_text, value_text

_MOST_EVIDENCE: Final = 120
_MOST_VERDICTS: Final = 16
_MOST_PLUGINS: Final = 40
# Less than a half percent is no news in a table of whole percents.
_LEAST_CHANCE: Final = 0.005
_CHANCE_WIDTH: Final = 100.0


@dataclass(frozen=True, slots=True)
class Finding:
    sentence: str
    claim: str
    about: str
    strength: str
    facts: str
    records: int
    group: str


@dataclass(frozen=True, slots=True)
class Chance:
    """One explanation; `wide` is its bar's length out of 100."""

    cause: str
    percent: str
    wide: float


@dataclass(frozen=True, slots=True)
class Chances:
    about: str
    rows: tuple[Chance, ...]


def findings_of(evidence: Sequence[Evidence], language: str) -> tuple[tuple[Finding, ...], int]:
    """The findings in the report's order, and how many are left out."""
    shown = evidence[:_MOST_EVIDENCE]
    return tuple(_finding(item, language) for item in shown), len(evidence) - len(shown)


def _finding(item: Evidence, language: str) -> Finding:
    strength = min(3, max(-3, item.strength))
    return Finding(
        explain.claim_text(item, language),
        item.claim.value,
        _about(item.service, explain.function_name(item.function, language), language),
        f"{strength:+d}" if strength else "0",
        facts_text(item.facts),
        len(item.seqs),
        cut(item.group, 40),
    )


def _about(service: str, function: str, language: str) -> str:
    _ = translator(language)
    if not service:
        return _("the network itself")
    return _("{service} {function}").format(service=cut(explain.service_name(service), 24), function=function)


def chances_of(verdicts: Sequence[Verdict], language: str) -> tuple[Chances, ...]:
    """For every verdict that has any, the explanations from the likeliest down."""
    return tuple(_chances(one, language) for one in verdicts[:_MOST_VERDICTS] if one.causes)


def _chances(verdict: Verdict, language: str) -> Chances:
    axis = Axis(1.0, left=0.0, right=_CHANCE_WIDTH)
    ranked = sorted(verdict.causes.items(), key=lambda one: -one[1])
    rows = (
        Chance(
            explain.cause_name(cause, language),
            f"{explain.percent(share)} %" if share >= _LEAST_CHANCE else "<1 %",
            round(axis.x(share), 1),
        )
        for cause, share in ranked
    )
    return Chances(_about(verdict.service, explain.function_name(verdict.function, language), language), tuple(rows))


def fields_of(report: Report) -> tuple[tuple[str, str], ...]:
    """Run, network and instrument as the JSON form names them."""
    return tuple((name, value_text(value)) for name, value in _fields(report))


def _fields(report: Report) -> Iterator[tuple[str, object]]:
    run, network, instrument = report.run, report.network, report.instrument
    yield "schema", report.schema
    yield "tool.name", report.tool.name
    yield "tool.version", report.tool.version
    yield "run.id", run.id
    yield "run.started_utc", run.started_utc
    yield "run.duration_s", run.duration_s
    yield "run.depth", run.depth
    yield "run.complete", run.complete
    yield "run.redacted", run.redacted
    for name in network.__struct_fields__:
        yield f"network.{name}", getattr(network, name)
    yield "instrument.send_lateness_p99_ms", instrument.send_lateness_p99_ms
    yield "instrument.valid", instrument.valid
    yield "instrument.events", list(instrument.events)


def plugins_of(plugins: Sequence[Plugin]) -> tuple[tuple[str, ...], ...]:
    """Name, kind, version and distribution."""
    shown = plugins[:_MOST_PLUGINS]
    return tuple(
        (cut(one.name, 40), cut(one.kind, 24), cut(one.version, 24), cut(one.distribution, 40)) for one in shown
    )
