"""The checks of a run, a line each: its state, its name, what it said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from callcheck.locale import N_
from callcheck.model import Evidence, Report
from callcheck.ui.glyphs import Glyphs
from callcheck.ui.paint import Line, Tone, line, safe
from callcheck.ui.plot import bar
from callcheck.ui.state import CheckPhase, CheckShown, RunShown
from callcheck.ui.views.look import Look, cut, fitting
from callcheck.ui.views.short_text import short_line

_BAR_COLUMNS: Final = 12
_TONES: Final[dict[CheckPhase, Tone]] = {
    "waiting": "dim",
    "running": "accent",
    "done": "good",
    "left_out": "dim",
    "failed": "doubt",
}
_ENDINGS: Final[dict[str, str]] = {
    "skipped": N_("left out: it could have shown nothing here"),
    "over_budget": N_("stopped: it was about to send more than it may"),
    "timed_out": N_("stopped: it took too long"),
    "crashed": N_("failed by an error of its own"),
    "interrupted": N_("interrupted"),
}


def checks_lines(shown: RunShown, titles: Mapping[str, str], report: Report | None, look: Look) -> list[Line]:
    """One line a check, in the order of the plan. `titles` are the checks' names for people; `report` is what is known
    so far, if anything was read yet."""
    said = _by_check(report) if report is not None else {}
    named = {name: look.translate(titles[name]) if name in titles else safe(name) for name in shown.checks}
    widest = min(max(map(len, named.values()), default=0), max(12, look.columns // 3))
    return [_check_line(one, named[one.name], widest, said.get(one.name, ()), look) for one in shown.checks.values()]


def _check_line(one: CheckShown, title: str, widest: int, evidence: Sequence[Evidence], look: Look) -> Line:
    sign = _sign(one.phase, look.glyphs)
    lead = line(
        (f" {sign} ", _TONES[one.phase]),
        (cut(title, widest, look).ljust(widest), "" if one.phase != "waiting" else "dim"),
        "  ",
    )
    room = look.columns - widest - 5
    return (*lead, *fitting(_rest(one, evidence, look), room, look))


def _rest(one: CheckShown, evidence: Sequence[Evidence], look: Look) -> Line:
    known = short_line(evidence, look.language)
    if one.phase == "running" and not one.first_look:
        filled, empty = bar(one.fraction, _BAR_COLUMNS, look.glyphs)
        return line((filled, "accent"), (empty, "dim"), "  ", (safe(one.note), "dim"), *known)
    if one.phase in {"left_out", "failed"}:
        ending = look.translate(_ENDINGS.get(one.outcome, _ENDINGS["interrupted"]))
        note = f" ({safe(one.note)})" if one.note and one.phase == "failed" else ""
        return line((ending + note, _TONES[one.phase]))
    return known


def _sign(phase: CheckPhase, glyphs: Glyphs) -> str:
    return {
        "waiting": glyphs.waiting,
        "running": glyphs.running,
        "done": glyphs.done,
        "left_out": glyphs.left_out,
        "failed": glyphs.doubt,
    }[phase]


def _by_check(report: Report) -> dict[str, list[Evidence]]:
    """The evidence of each check, by way of the first observation that it rests on."""
    whose = {observation.seq: observation.check for observation in report.observations}
    found: dict[str, list[Evidence]] = {}
    for item in report.evidence:
        if item.seqs and item.seqs[0] in whose:
            found.setdefault(whose[item.seqs[0]], []).append(item)
    return found
