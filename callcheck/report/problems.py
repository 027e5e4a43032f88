"""What went wrong with a check, as lines of a report: `check: word`, or `check: word: note`."""

from __future__ import annotations

from typing import Literal, get_args

ProblemWord = Literal["over_budget", "timed_out", "crashed", "interrupted", "skipped", "not_installed", "not_readable"]
PROBLEM_WORDS: tuple[ProblemWord, ...] = get_args(ProblemWord)

_LONGEST_LINE = 300


def problem_line(check: str, word: ProblemWord, note: str = "") -> str:
    """One line for the report. The note may hold anything; a reader must take it for foreign text."""
    text = f"{check}: {word}: {note}" if note else f"{check}: {word}"
    return " ".join(text.split())[:_LONGEST_LINE]


def split_problem(line: str) -> tuple[str, ProblemWord, str] | None:
    """Check, word and note of such a line; None for a line of another kind."""
    check, _, rest = line.partition(": ")
    said, _, note = rest.partition(": ")
    for word in PROBLEM_WORDS:
        if word == said:
            return check, word, note
    return None
