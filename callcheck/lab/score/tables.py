"""A tally for people (Markdown, for callcheck/lab/README.md) and for programs (JSON)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from callcheck.lab.score.lines import Line
from callcheck.lab.score.markdown import NOTHING, listed, many, plain, ratio, table
from callcheck.lab.score.matrix import CauseQuality, Matrix
from callcheck.lab.score.reliability import Reliability
from callcheck.lab.score.share_tables import (
    ablation_table,
    announcement_table,
    decided_sentences,
    detection_table,
    innocents_table,
)
from callcheck.lab.score.tally import FalseAccusations, FamilyRow, Tally

SCHEMA: Final = "callcheck-score/1"
BEGIN: Final = "<!-- callcheck lab score: begin -->"
END: Final = "<!-- callcheck lab score: end -->"
UPPER_BOUND: Final = (
    "Accuracy in the lab is an upper bound: the lab tests our model of the interference, not the interference itself."
)


def as_json(tally: Tally, apart: Sequence[Tally] = ()) -> bytes:
    """All of the tally, its runs included, as one JSON object with a `schema`; indented, line end included.
    `by_depth` has the same for each depth `apart`, without the runs, where there are several."""
    by_depth = {one.depths[0]: _without_lines(one) for one in apart} if len(apart) > 1 else {}
    content = {"schema": SCHEMA, "upper_bound": UPPER_BOUND, **msgspec.to_builtins(tally), "by_depth": by_depth}
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def _without_lines(tally: Tally) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(tally)
    del content["lines"]
    return content


def as_markdown(tally: Tally, apart: Sequence[Tally] = ()) -> str:
    """The tally as Markdown between markers, so that a file's older tally can be replaced. Where there are several
    depths `apart`, each has a table of its own, and `tally`, which is of all, comes last, without its list of runs."""
    parts: list[list[str]]
    if len(apart) > 1:
        parts = [part for one in apart for part in ([f"### {one.depths[0]}"], *_parts(one), *_lists(one))]
        parts += [["### all"], *_parts(tally)]
    else:
        parts = [*_parts(tally), *_lists(tally)]
    whole = [[BEGIN], *parts, [UPPER_BOUND], [END]]
    return "\n\n".join("\n".join(part) for part in whole if part) + "\n"


def _parts(tally: Tally) -> list[list[str]]:
    return [
        [_headline(tally)],
        _family_table(tally),
        _sentences(tally),
        innocents_table(tally),
        detection_table(tally),
        announcement_table(tally),
        *(_matrix_table(matrix) for matrix in tally.matrices if matrix.rows),
        _cause_table(tally.causes),
        _reliability_table(tally.reliability),
        ablation_table(tally),
    ]


def _lists(tally: Tally) -> list[list[str]]:
    return [
        listed("Not right:", _run_notes(tally.lines)),
        listed("Void goes, by reason:", (f"{plain(why)}: {count}" for why, count in tally.void_reasons.items())),
    ]


def _headline(tally: Tally) -> str:
    total = tally.total
    of = f"callcheck {', '.join(tally.versions)}, depth {', '.join(tally.depths)}, {', '.join(tally.servers)} servers"
    return (
        f"**{of}**: {many(total.scenarios, 'scenario')} of {many(len(tally.families), 'family', 'families')}, "
        f"{many(total.runs, 'run')}; {total.right} right, {total.abstained} abstained, {total.wrong} wrong, "
        f"{total.stayed_void} void, {total.failed} failed.{_then(tally.judged_then)}"
        if total.runs
        else "No run was finished."
    )


def _then(runs: int) -> str:
    if not runs:
        return ""
    whose = "its journal is" if runs == 1 else "their journals are"
    return f" {many(runs, 'run was', 'runs were')} judged then, not now: {whose} missing."


def _family_table(tally: Tally) -> list[str]:
    heads = (
        *("family", "scenarios", "runs", "right", "abstained", "wrong", "false accusations", "95 % bound"),
        *("stayed void", "failed", "void goes"),
    )
    return table(heads, [_family_cells(row) for row in (*tally.families, tally.total)])


def _family_cells(row: FamilyRow) -> list[object]:
    accused = row.false_accusations
    return [
        *(plain(row.family), row.scenarios, row.runs, row.right, row.abstained, row.wrong),
        *(f"{accused.runs} of {accused.of}", _bound(accused), row.stayed_void, row.failed, row.void_goes),
    ]


def _sentences(tally: Tally) -> list[str]:
    lines = [f"- False accusations: {_accusations(tally.total.false_accusations)}."]
    if tally.worst_family is not None:
        worst = tally.worst_family
        lines.append(f"- Worst family, {plain(worst.family)}: {_accusations(worst.false_accusations)}.")
    lines += decided_sentences(tally)
    lines += [
        f"- {matrix.aspect.capitalize()} right: {ratio(matrix.right, matrix.of)}."
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
    return f"{accused.upper_95:.2%}".replace("%", " %") if accused.of else NOTHING


def _matrix_table(matrix: Matrix) -> list[str]:
    heads = (f"{matrix.aspect}: truth \\ said", *matrix.said, "right")
    return table(
        heads,
        [
            [row.truth, *(row.said[word] or "" for word in matrix.said), f"{row.right} of {row.of}"]
            for row in matrix.rows
        ],
    )


def _cause_table(causes: Iterable[CauseQuality]) -> list[str]:
    rows = [[one.cause, ratio(one.found, one.truths), ratio(one.rightly_said, one.said)] for one in causes]
    return table(("cause", "recall", "precision"), rows) if rows else []


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
    said = f"{many(found.verdicts, 'verdict')} with a cause: Brier score {found.brier:.3f}, ECE {found.ece:.3f}."
    return [*table(heads, rows), "", said]


def _run_notes(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        name = f"{plain(line.key.scenario)} seed {line.key.seed} {line.key.depth}"
        if line.result == "void":
            yield f"{name} (void): {plain(line.voids[-1]) if line.voids else 'no reason kept'}"
        elif line.result != "right":
            word = line.standing if line.is_valid else line.result
            yield f"{name} ({word}): {'; '.join(map(plain, line.notes))}"
