"""The exit code that a run's verdicts ask for (DESIGN 5.1)."""

from __future__ import annotations

from collections.abc import Iterable

from callcheck.model import Verdict

WORKS, POOR, SINGLED_OUT, CANNOT_TELL = 0, 1, 2, 3
_ORDER = (SINGLED_OUT, POOR, CANNOT_TELL, WORKS)


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """The first of 2, 1, 3, 0 that the calls of any service have; 3 if no service has any information."""
    codes = {code_of(verdict) for verdict in verdicts if verdict.function == "calls" and is_informed(verdict)}
    return next((code for code in _ORDER if code in codes), CANNOT_TELL)


def is_informed(verdict: Verdict) -> bool:
    """A verdict that rests on nothing is listed, and does not count."""
    return bool(verdict.supporting or verdict.against)


def code_of(verdict: Verdict) -> int:
    if verdict.cause == "selective":
        return SINGLED_OUT
    if verdict.cause == "unknown":
        return CANNOT_TELL
    return WORKS if verdict.outcome == "works" else POOR
