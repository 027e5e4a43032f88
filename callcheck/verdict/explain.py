"""Verdicts and evidence in plain words, English and Russian: sentences are made of claim ids and numbers only.

This module is the door; the sentences themselves stand in `headline_text`, `claims_text`, `stream_text`,
`quality_text`, `advice_text`, `gaps_text` and `names`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from callcheck.locale import translator
from callcheck.model import Evidence, Verdict
from callcheck.verdict.advice_text import WouldChange, steps_for, would_change_text
from callcheck.verdict.claims_text import claim_text
from callcheck.verdict.gaps_text import what_was_not_measured
from callcheck.verdict.headline_text import headline
from callcheck.verdict.names import (
    SERVICES,
    cause_name,
    function_name,
    mechanism_text,
    outcome_name,
    service_name,
)
from callcheck.verdict.quality_text import quality_text
from callcheck.words import Depth

__all__ = [
    "SERVICES",
    "WouldChange",
    "cause_name",
    "claim_text",
    "function_name",
    "headline",
    "leading_text",
    "mechanism_text",
    "next_steps",
    "outcome_name",
    "percent",
    "quality_text",
    "service_name",
    "sureness_text",
    "what_was_not_measured",
    "with_sentences",
    "would_change_text",
]

# A hypothesis below this is not worth a worried reader's thought.
_WORTH_NAMING = 0.1


def percent(probability: float) -> int:
    """Whole percent, rounded down, 1 to 99: a measurement is never certain."""
    return min(99, max(1, int(min(max(probability, 0.0), 1.0) * 100 + 1e-9)))


def sureness_text(verdict: Verdict, language: str) -> str:
    """How sure the verdict is of its cause; where it has none, which hypotheses lead ("" where none does)."""
    if verdict.cause == "unknown":
        return leading_text(verdict, language)
    return translator(language)("{percent} % sure").format(percent=percent(verdict.confidence))


def leading_text(verdict: Verdict, language: str) -> str:
    """The likeliest known causes with their probabilities; "" where none stands out, or the unknown leads.

    "Nothing wrong" is a candidate only where it is open how things are: beside "work" it says nothing new, and it does
    not explain why they do not.
    """
    _ = translator(language)
    ranked = sorted(verdict.causes.items(), key=lambda item: -item[1])
    if verdict.outcome != "unknown":
        ranked = [item for item in ranked if item[0] != "none"]
    if not ranked or ranked[0][0] == "unknown":
        return ""  # what nobody knows leads; to name whoever comes next would point a finger
    named = [
        _("{cause} ({percent} %)").format(cause=cause_name(cause, language), percent=percent(probability))
        for cause, probability in ranked[:3]
        if probability >= _WORTH_NAMING and cause != "unknown"
    ]
    if not named:
        return ""
    if verdict.outcome == "works":
        return _("possible trouble all the same, not settled: {causes}").format(causes=", ".join(named))
    return _("not settled; most likely so far: {causes}").format(causes=", ".join(named))


def next_steps(verdict: Verdict, language: str, depth: Depth) -> list[str]:
    """What the person can do after a run of this depth: sentences of `language`, the most useful first."""
    return steps_for(verdict, service_name(verdict.service), language, depth)


def with_sentences(verdicts: Sequence[Verdict], evidence: Sequence[Evidence], language: str) -> tuple[Verdict, ...]:
    """The verdicts, each with its one sentence in `language`."""
    return tuple(
        msgspec.structs.replace(verdict, sentence=headline(verdict, evidence, language)) for verdict in verdicts
    )
