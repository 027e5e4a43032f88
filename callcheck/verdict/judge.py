"""The judge: a verdict for each function of each service, from evidence alone (DESIGN 7).

Evidence is weighed against hypotheses (`posterior`), what may not be said is held back (`gates`), and the rest is read
off the findings (`outcome`). Callers depend on `judge` only.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final

from callcheck.model import Evidence, Instrument, Verdict
from callcheck.verdict import calibration as calibrations
from callcheck.verdict import gates, reasons
from callcheck.verdict.calibration import Calibration
from callcheck.verdict.findings import Findings
from callcheck.verdict.hypotheses import HYPOTHESES, LEAKS
from callcheck.verdict.hypothesis import Hypothesis
from callcheck.verdict.outcome import mechanism_of, outcome_of, where_of
from callcheck.verdict.posterior import Weighed, seen_of, weighed
from callcheck.words import Cause, Depth, Function

# A name that both functions know stands for one cause in both.
_BY_NAME: Final = {one.name: one for one in (*LEAKS, *HYPOTHESES["messaging"], *HYPOTHESES["calls"])}
ACCUSE_AT: Final = 0.9
_SPEAKS_FOR: Final = 1 / 3
DECIDE_AT: Final = 0.8


def judge(
    evidence: Sequence[Evidence], depth: Depth, instrument: Instrument, calibration: Calibration | None = None
) -> tuple[Verdict, ...]:
    """Verdicts for `messaging` and `calls` of every service that the evidence speaks of; sentences are left empty.

    `calibration` is the shipped one unless another is given. `depth` decides which test would change the verdict: what
    a depth may say is already in the strength of its claims.
    """
    found = Findings(evidence)
    fitted = calibration if calibration is not None else calibrations.shipped()
    return tuple(
        _verdict(_About(found, service, function, depth), instrument, fitted)
        for service in found.services()
        for function in HYPOTHESES
    )


@dataclass(frozen=True, slots=True)
class _About:
    """What one verdict is about."""

    found: Findings
    service: str
    function: Function
    depth: Depth


def _verdict(about: _About, instrument: Instrument, fitted: Calibration) -> Verdict:
    found, service, function = about.found, about.service, about.function
    hypotheses = HYPOTHESES[function]
    seen = weighed(seen_of(found, service, function), hypotheses, fitted)
    causes = _causes(about, seen, instrument)
    cause, probability = max(causes.items(), key=lambda item: item[1])
    if probability < (ACCUSE_AT if cause == "selective" else DECIDE_AT):
        cause = "unknown"
    leading = _leading(hypotheses, seen, cause)
    decided = cause != "unknown"
    why = reasons.of(found, service, function, seen, leading, decided=decided)
    return Verdict(
        service=service,
        function=function,
        outcome=outcome_of(found, service, function, cause),
        cause=cause,
        mechanism=mechanism_of(found, service, function, leading) if decided else "unknown",
        where=where_of(found, service, function, cause),
        confidence=round(causes.get(cause, 0.0), 3),
        causes=causes,
        supporting=why.supporting,
        against=why.against,
        would_change=reasons.would_change(cause, leading, about.depth),
    )


def _causes(about: _About, seen: Weighed, instrument: Instrument) -> dict[Cause, float]:
    """The chance of each cause, the likeliest first; they sum to 1."""
    chances = causes_of(seen, sayable(about.found, about.service, about.function, instrument))
    rounded: dict[Cause, float] = {cause: round(chance, 4) for cause, chance in chances.items()}
    return {cause: chance for cause, chance in sorted(rounded.items(), key=lambda item: -item[1]) if chance > 0}


def sayable(found: Findings, service: str, function: Function, instrument: Instrument) -> frozenset[str]:
    """The names of the hypotheses that pass their gates."""
    return frozenset(
        one.name for one in HYPOTHESES[function] if gates.passes(one, found, service, function, instrument)
    )


def causes_of(seen: Weighed, may_be_said: Container[str]) -> dict[Cause, float]:
    """The chances of hypotheses as chances of causes. A cause may be said where a hypothesis that may be said has a
    good part of its chance, whatever else of that cause may be at work beside it; what another has to give up goes to
    the unknown."""
    causes: dict[Cause, float] = {}
    leading: dict[Cause, float] = {}
    for name, chance in seen.chances.items():
        cause = _BY_NAME[name].cause
        causes[cause] = causes.get(cause, 0.0) + chance
        if name in may_be_said:
            leading[cause] = max(leading.get(cause, 0.0), chance)
    for cause, chance in list(causes.items()):
        if cause != "unknown" and leading.get(cause, 0.0) < _SPEAKS_FOR * chance:
            causes[cause] = gates.KEPT * chance
            causes["unknown"] = causes.get("unknown", 0.0) + chance - gates.KEPT * chance
    return causes


def _leading(hypotheses: Sequence[Hypothesis], seen: Weighed, cause: Cause) -> Hypothesis:
    """The likeliest hypothesis of the cause; of any cause but the unknown where nothing is decided."""
    return max(
        (one for one in hypotheses if one.cause == cause or (cause == "unknown" and one.cause != "unknown")),
        key=lambda one: seen.chances.get(one.name, 0.0),
    )
