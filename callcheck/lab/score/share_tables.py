"""The single figures of a score as Markdown: sentences and small tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from callcheck.lab.score.ablation import Ablation
from callcheck.lab.score.markdown import NOTHING, many, plain, ratio, table
from callcheck.lab.score.shares import SOON_S, Innocents
from callcheck.lab.score.tally import Tally

ABLATION: Final = (
    "What each check is worth: the same runs judged without its observations, against the full judge. What other "
    "checks did because of it (`needs`) and the time that it takes are ignored. pp: percentage points."
)


def decided_sentences(tally: Tally) -> Iterator[str]:
    """Of the answers that can be decided at their depth, and of those whose truth says where."""
    asked, found = tally.decidable, tally.located
    yield f"- Decidable answers that abstain: {ratio(asked.abstained, asked.of)}."
    yield f"- Cause right of decidable: {ratio(asked.right, asked.of)}."
    if found.of:
        yield (
            f"- Where right or unknown: {ratio(found.right_or_unknown, found.of)}; "
            f"where named: {ratio(found.known, found.of)}, rightly: {ratio(found.right, found.known)}."
        )


def innocents_table(tally: Tally) -> list[str]:
    heads = ("depth", "runs with nothing selective", "accused in them", "95 % bound", "accused, anybody innocent")
    return table(heads, [_innocents_cells(row) for row in tally.innocents]) if tally.innocents else []


def _innocents_cells(row: Innocents) -> list[object]:
    bound = f"{row.upper_95:.2%}".replace("%", " %") if row.runs.of else NOTHING
    return [row.depth, row.runs.of, row.runs.hits, bound, f"{row.partly.hits} of {row.partly.of}"]


def detection_table(tally: Tally) -> list[str]:
    rows = [[row.mechanism, ratio(row.found.hits, row.found.of)] for row in tally.detections]
    return table(("selective by (truth's first mechanism)", "said to be selective"), rows) if rows else []


def announcement_table(tally: Tally) -> list[str]:
    """Run time from which on the verdict stood."""
    heads = ("depth", "announced", "answers", "median s", "p95 s", f"within {SOON_S:g} s")
    rows = [
        [row.depth, row.what, row.count, f"{row.median_s:.1f}", f"{row.p95_s:.1f}", ratio(row.soon, row.count)]
        for row in tally.announcements
    ]
    return table(heads, rows) if rows else []


def ablation_table(tally: Tally) -> list[str]:
    if not tally.ablations:
        return []
    heads = (
        *("ablation: without", "observed in", "cause right, pp", "mechanism right, pp", "where right, pp"),
        *("abstentions, pp", "false accusations, pp", "right to not right", "not right to right", "words changed"),
    )
    return [ABLATION, "", *table(heads, [_ablation_cells(row) for row in tally.ablations])]


def _ablation_cells(row: Ablation) -> list[object]:
    points = (
        *(row.cause_right_points, row.mechanism_right_points, row.where_right_points),
        *(row.abstained_points, row.false_accusation_points),
    )
    return [
        *(plain(row.check), many(row.runs, "run"), *(f"{one:+.1f}" if one else "0" for one in points)),
        *(row.lost, row.gained, "buys nothing here" if row.is_idle else row.changed),
    ]
