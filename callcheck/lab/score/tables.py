"""A tally for people (Markdown, for callcheck/lab/README.md) and for programs (JSON)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from callcheck.lab.score.lines import Line
from callcheck.lab.score.matrix import CauseQuality, Matrix
from callcheck.lab.score.reliability import Reliability
from callcheck.lab.score.tally import FalseAccusations, FamilyRow, Tally
from callcheck.report.printable import printable

SCHEMA: Final = "callcheck-score/1"
BEGIN: Final = "<!-- callcheck lab score: begin -->"
END: Final = "<!-- callcheck lab score: end -->"
UPPER_BOUND: Final = (
    "Accuracy in the lab is an upper bound: the lab tests our model of the interference, not the interference itself."
)
_NOTHING: Final = "–"


def as_json(tally: Tally) -> bytes:
    """All of the tally, its runs included, as one JSON object with a `schema`; indented, line end included."""
    content = {"schema": SCHEMA, "upper_bound": UPPER_BOUND, **msgspec.to_builtins(tally)}
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def as_markdown(tally: Tally) -> str:
    """The tally as Markdown between markers, so that a file's older tally can be replaced."""
    parts = [
        [BEGIN],
        [_headline(tally)],
        _family_table(tally),
        _sentences(tally),
        *(_matrix_table(matrix) for matrix in tally.matrices if matrix.rows),
        _cause_table(tally.causes),
        _reliability_table(tally.reliability),
        _list("Not right:", _run_notes(tally.lines)),
        _list("Void goes, by reason:", (f"{_text(why)}: {count}" for why, count in tally.void_reasons.items())),
        [UPPER_BOUND],
        [END],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _headline(tally: Tally) -> str:
    total = tally.total
    of = f"callcheck {', '.join(tally.versions)}, depth {', '.join(tally.depths)}, {', '.join(tally.servers)} servers"
    return (
        f"**{of}**: {_many(total.scenarios, 'scenario')} of {_many(len(tally.families), 'family', 'families')}, "
        f"{_many(total.runs, 'run')}; {total.right} right, {total.abstained} abstained, {total.wrong} wrong, "
        f"{total.stayed_void} void, {total.failed} failed."
        if total.runs
        else "No run was finished."
    )


def _family_table(tally: Tally) -> list[str]:
    heads = (
        *("family", "scenarios", "runs", "right", "abstained", "wrong", "false accusations", "95 % bound"),
        *("stayed void", "failed", "void goes"),
    )
    return _table(heads, [_family_cells(row) for row in (*tally.families, tally.total)])


def _family_cells(row: FamilyRow) -> list[object]:
    accused = row.false_accusations
    return [
        *(_text(row.family), row.scenarios, row.runs, row.right, row.abstained, row.wrong),
        *(f"{accused.runs} of {accused.of}", _bound(accused), row.stayed_void, row.failed, row.void_goes),
    ]


def _sentences(tally: Tally) -> list[str]:
    lines = [f"- False accusations: {_accusations(tally.total.false_accusations)}."]
    if tally.worst_family is not None:
        worst = tally.worst_family
        lines.append(f"- Worst family, {_text(worst.family)}: {_accusations(worst.false_accusations)}.")
    abstained = _ratio(tally.abstention.hits, tally.abstention.of)
    lines.append(f"- Verdicts that abstain where there was something to tell: {abstained}.")
    lines += [
        f"- {matrix.aspect.capitalize()} right: {_ratio(matrix.right, matrix.of)}."
        for matrix in tally.matrices
        if matrix.rows
    ]
    if tally.seconds_to_verdict is not None:
        took = tally.seconds_to_verdict
        lines.append(f"- Seconds to the verdict: median {took.median:.1f}, p95 {took.p95:.1f}, max {took.max:.1f}.")
    return lines


def _accusations(accused: FalseAccusations) -> str:
    return f"{accused.runs} of {accused.of} runs with somebody innocent (one-sided 95 % bound {_bound(accused)})"


def _bound(accused: FalseAccusations) -> str:
    return f"{accused.upper_95:.2%}".replace("%", " %") if accused.of else _NOTHING


def _matrix_table(matrix: Matrix) -> list[str]:
    heads = (f"{matrix.aspect}: truth \\ said", *matrix.said, "right")
    return _table(
        heads,
        [
            [row.truth, *(row.said[word] or "" for word in matrix.said), f"{row.right} of {row.of}"]
            for row in matrix.rows
        ],
    )


def _cause_table(causes: Iterable[CauseQuality]) -> list[str]:
    rows = [[one.cause, _ratio(one.found, one.truths), _ratio(one.rightly_said, one.said)] for one in causes]
    return _table(("cause", "recall", "precision"), rows) if rows else []


def _reliability_table(found: Reliability) -> list[str]:
    if found.brier is None or found.ece is None:
        return []
    rows = [
        [
            f"{one.low:g} to {one.high:g}",
            one.count,
            f"{one.mean_confidence:.3f}",
            f"{one.right_ratio:.3f}",
            f"{one.right_low:.3f} to {one.right_high:.3f}",
        ]
        for one in found.bins
        if one.count
    ]
    heads = ("stated confidence", "verdicts", "mean", "share right", "95 % interval")
    said = f"{_many(found.verdicts, 'verdict')} with a cause: Brier score {found.brier:.3f}, ECE {found.ece:.3f}."
    return [*_table(heads, rows), "", said]


def _run_notes(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        name = f"{_text(line.key.scenario)} seed {line.key.seed} {line.key.depth}"
        if line.result == "void":
            yield f"{name} (void): {_text(line.voids[-1]) if line.voids else 'no reason kept'}"
        elif line.result != "right":
            word = line.standing if line.is_valid else line.result
            yield f"{name} ({word}): {'; '.join(map(_text, line.notes))}"


def _list(title: str, items: Iterable[str]) -> list[str]:
    listed = [f"- {item}" for item in items]
    return [title, "", *listed] if listed else []


def _table(heads: tuple[str, ...], rows: Iterable[Iterable[object]]) -> list[str]:
    return [
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
    ]


def _ratio(hits: int, of: int) -> str:
    return f"{hits} of {of} ({hits / of:.1%})".replace("%", " %") if of else _NOTHING


def _many(count: int, noun: str, nouns: str = "") -> str:
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"


def _text(text: str) -> str:
    """Text that may quote a file or a program: it ends no cell and makes no markup."""
    shown = printable(" ".join(text.split()))
    return "".join(f"\\{character}" if character in "\\|`*_[]<>#&!" else character for character in shown)
