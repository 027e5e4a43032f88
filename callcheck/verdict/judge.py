"""The judge: a verdict for each function of each service, from evidence alone (DESIGN 7).

It knows gross cases and abstains everywhere else. Callers depend on `judge` only; what happens inside is free.
"""

from __future__ import annotations

from collections.abc import Sequence

from callcheck.model import Evidence, Instrument, Verdict
from callcheck.verdict.cases import CALLS_CASES, MESSAGING_CASES, Case, undecided
from callcheck.verdict.findings import Finding, Findings
from callcheck.words import Cause, Depth, Function

ACCUSE_AT = 0.9
DECIDE_AT = 0.8
_LATE_CAP = 0.5


def judge(evidence: Sequence[Evidence], depth: Depth, instrument: Instrument) -> tuple[Verdict, ...]:
    """Verdicts for `messaging` and `calls` of every service that the evidence speaks of; sentences are left empty.

    `depth` and `instrument` are gates: a late instrument accuses nobody.
    """
    del depth  # the gross cases may be told at every depth; claims already hold what the depth allows
    findings = Findings(evidence)
    late = instrument.valid is False
    return tuple(
        _verdict(findings, service, function, cases, late)
        for service in findings.services()
        for function, cases in _functions()
    )


def _functions() -> tuple[tuple[Function, tuple[Case, ...]], ...]:
    return (("messaging", MESSAGING_CASES), ("calls", CALLS_CASES))


def _verdict(
    findings: Findings, service: str, function: Function, cases: tuple[Case, ...], instrument_late: bool
) -> Verdict:
    finding = next(
        (found for case in cases if (found := case(findings, service)) is not None),
        undecided(findings, service, function),
    )
    causes = _normalised(finding, instrument_late=instrument_late)
    cause, confidence = max(causes.items(), key=lambda item: item[1])
    if confidence < (ACCUSE_AT if cause == "selective" else DECIDE_AT):
        cause, confidence = "unknown", max(causes.get("unknown", 0.0), 0.0)
    decided = cause != "unknown"
    return Verdict(
        service=service,
        function=function,
        outcome=finding.outcome,
        cause=cause,
        mechanism=finding.mechanism if decided else "unknown",
        where=finding.where if decided else "unknown",
        confidence=round(confidence, 3),
        causes=causes,
        supporting=findings.cited(finding.supporting),
        against=findings.cited(finding.against),
        would_change=finding.would_change,
    )


def _normalised(finding: Finding, *, instrument_late: bool) -> dict[Cause, float]:
    """The finding's probabilities, with what is left over given to the unknown; a late instrument accuses nobody."""
    causes = dict(finding.causes)
    if instrument_late and "selective" in causes:
        causes["selective"] = min(causes["selective"], _LATE_CAP)
    causes["unknown"] = causes.get("unknown", 0.0) + max(0.0, 1.0 - sum(causes.values()))
    return {cause: round(probability, 4) for cause, probability in causes.items() if probability > 0}
