"""The judge: a verdict for each function of each service, from evidence alone (DESIGN 7).

Evidence is weighed against hypotheses (`posterior`), what may not be said is held back (`gates`), and the rest is read
off the findings (`outcome`). Callers depend on `judge` only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

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


class _About(msgspec.Struct, frozen=True):
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
    outcome = outcome_of(found, service, function, cause)
    if outcome == "unknown":  # where it is not known how they do, there is nothing yet that a cause would explain
        cause = "unknown"
    leading = _leading(hypotheses, seen, cause)
    decided = cause != "unknown"
    why = reasons.of(found, service, function, seen, leading, decided=decided)
    return Verdict(
        service=service,
        function=function,
        outcome=outcome,
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
    chances = causes_of(seen, kept_shares(about.found, about.service, about.function, instrument))
    rounded: dict[Cause, float] = {cause: round(chance, 4) for cause, chance in chances.items()}
    return {cause: chance for cause, chance in sorted(rounded.items(), key=lambda item: -item[1]) if chance > 0}


def kept_shares(found: Findings, service: str, function: Function, instrument: Instrument) -> dict[str, float]:
    """How much of its chance each hypothesis keeps at its gates, by its name."""
    return {one.name: gates.kept_share(one, found, service, function, instrument) for one in HYPOTHESES[function]}


def causes_of(seen: Weighed, kept: Mapping[str, float]) -> dict[Cause, float]:
    """The chances of hypotheses as chances of causes. A cause may be said where a hypothesis that may be said has a
    good part of its chance, whatever else of that cause may be at work beside it; what the others have to give up goes
    to the unknown."""
    chances: dict[Cause, list[tuple[float, float]]] = {}
    for name, chance in seen.chances.items():
        chances.setdefault(_BY_NAME[name].cause, []).append((chance, kept.get(name, 1.0)))
    causes: dict[Cause, float] = {}
    for cause, some in chances.items():
        total = math.fsum(chance for chance, _ in some)
        is_said = any(share == 1.0 and chance >= _SPEAKS_FOR * total for chance, share in some)
        causes[cause] = total if is_said else math.fsum(chance * min(share, gates.SUSPECTED) for chance, share in some)
    causes["unknown"] = 1.0 - math.fsum(chance for cause, chance in causes.items() if cause != "unknown")
    return causes


def _leading(hypotheses: Sequence[Hypothesis], seen: Weighed, cause: Cause) -> Hypothesis:
    """The likeliest hypothesis of the cause; of any cause but the unknown where nothing is decided."""
    fitting = [
        one
        for one in hypotheses
        if one.name in seen.chances and (one.cause == cause or (cause == "unknown" and one.cause != "unknown"))
    ]
    return max(fitting, key=lambda one: seen.chances[one.name], default=LEAKS[0])
