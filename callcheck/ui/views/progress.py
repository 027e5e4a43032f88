"""How far a run is, and what went wrong with it."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.ui.model import Run
from callcheck.ui.paint import Line, line, safe, width_of
from callcheck.ui.plot import bar
from callcheck.ui.views.look import Look, cut, wrapped
from callcheck.words import Depth

DEPTHS: Final[dict[Depth, str]] = {"quick": N_("quick"), "standard": N_("standard"), "deep": N_("deep")}
_MINUTE_S: Final = 90


def head_lines(run: Run, pace: tuple[float, bool] | None, look: Look) -> list[Line]:
    """One line: what runs, how far it is, and how much is left. `pace` is the speed of a playback and whether it is
    paused; None where it is measured now."""
    shown = run.shown
    depth = look.translate(DEPTHS[shown.depth]) if shown.plan else ""
    about = "  ".join(filter(None, (depth, _origin(run, look))))
    lead = line((" callcheck ", "strong"), (cut(about, max(10, look.columns // 2), look), "dim"), "  ")
    time = f"  {_time(run, look)}"
    if pace is not None:
        time += f"  {look.translate('paused') if pace[1] else f'x{pace[0]:g}'}"
    room = look.columns - width_of(lead) - len(time) - 1
    filled, empty = bar(shown.share_done(), max(4, min(40, room)), look.glyphs)
    return [(*lead, (filled, "accent"), (empty, "dim"), (cut(time, max(room, len(time)), look), ""))]


def run_lines(run: Run, look: Look) -> list[Line]:
    """One line about a run that is over: where it is from, how closely it looked, when, and for how long."""
    shown = run.shown
    when = shown.started_utc.removesuffix("Z").replace("T", " ")[:16]
    parts = (
        look.translate(DEPTHS[shown.depth]),
        f"{safe(when)} UTC" if when else "",
        look.translate("{seconds} s").format(seconds=round(shown.t_us / 1e6)),
        _origin(run, look),
    )
    text = "  ".join(filter(None, parts))
    return [line((" callcheck  ", "strong"), (cut(text, look.columns - 13, look), "dim"))]


def _origin(run: Run, look: Look) -> str:
    """Where the run is from: a scenario of the lab, a file; "" for one of now."""
    return safe(look.translate("lab: {scenario}").format(scenario=run.scenario) if run.scenario else run.name)


def _time(run: Run, look: Look) -> str:
    shown = run.shown
    if shown.is_over:
        return look.translate("{seconds} s, done").format(seconds=round(shown.t_us / 1e6))
    left_s = shown.seconds_left()
    if not shown.plan:
        return look.translate("starting")
    if left_s >= _MINUTE_S:
        return look.translate("about {minutes} min left").format(minutes=round(left_s / 60))
    return look.translate("about {seconds} s left").format(seconds=max(1, round(left_s)))


def trouble_lines(run: Run, *, is_over: bool, look: Look, trouble: str = "") -> list[Line]:
    """A plugin that could not be used; or a measurement that ended without a word, and what it said last. `trouble` is
    why the evidence could not be read."""
    lines: list[Line] = []
    if trouble:
        text = look.translate("What was measured could not be read: {reason}").format(reason=safe(trouble))
        lines += wrapped(text, look, first=f" {look.glyphs.failed} ", rest="   ", tone="bad")
    for problem in run.shown.problems:
        text = look.translate("left out: {problem}").format(problem=safe(problem))
        lines += wrapped(text, look, first=f" {look.glyphs.doubt} ", rest="   ", tone="doubt")
    if is_over and not run.shown.is_over:
        text = look.translate("The measurement ended before it was done.")
        lines += wrapped(text, look, first=f" {look.glyphs.failed} ", rest="   ", tone="bad strong")
        for said in run.said[-6:]:
            lines += wrapped(safe(said), look, first="   ", rest="   ", tone="dim")
    return lines
