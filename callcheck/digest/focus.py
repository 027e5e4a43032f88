"""Which of a report's verdicts comes first."""

from __future__ import annotations

from collections.abc import Iterable

from callcheck.model import Verdict


def focus(verdicts: Iterable[Verdict]) -> Verdict | None:
    """The verdict that a person waits for: on calls, one that is not fine first, an accusation before all."""
    ranked = sorted(
        verdicts,
        key=lambda one: (
            one.function != "calls",
            one.outcome == "works",
            one.cause != "selective",
            one.outcome == "unknown",
        ),
    )
    return ranked[0] if ranked else None


def by_weight(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """What does not work comes first, calls before messages, and among these what is known before what is not clear."""
    return sorted(
        verdicts,
        key=lambda one: (
            one.outcome == "works",
            one.function != "calls",
            one.cause != "selective",
            one.outcome == "unknown",
        ),
    )
