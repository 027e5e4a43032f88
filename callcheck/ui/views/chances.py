"""The verdict as it forms: how likely each explanation is."""

from __future__ import annotations

from typing import Final

from callcheck.model import Verdict
from callcheck.ui.paint import Line, Tone, line
from callcheck.ui.plot import bar
from callcheck.ui.views.look import Look, cut
from callcheck.verdict.explain import cause_name, function_name, percent, service_name
from callcheck.words import Cause

_TONES: Final[dict[Cause, Tone]] = {"none": "good", "selective": "bad", "unknown": "dim"}
_NAME_COLUMNS: Final = 26
_LEAST: Final = 0.005


def chances_lines(verdict: Verdict | None, look: Look, *, most: int = 3) -> list[Line]:
    """A title and the likeliest explanations as bars, the likeliest first; nothing before the first judgement."""
    if verdict is None:
        return []
    title = look.translate("So far, {service} {function}:").format(
        service=service_name(verdict.service), function=function_name(verdict.function, look.language)
    )
    ranked = sorted(verdict.causes.items(), key=lambda one: -one[1])[:most]
    columns = max(8, look.columns - _NAME_COLUMNS - 8)
    return [line((f" {title}", "strong")), *(_bar_line(cause, share, columns, look) for cause, share in ranked)]


def _bar_line(cause: Cause, share: float, columns: int, look: Look) -> Line:
    filled, empty = bar(share, min(columns, 60), look.glyphs)
    named = look.translate("not known") if cause == "unknown" else cause_name(cause, look.language)
    name = cut(named, _NAME_COLUMNS - 2, look).ljust(_NAME_COLUMNS - 2)
    shown = f"{percent(share)} %" if share >= _LEAST else "<1 %"
    return line(f"   {name} ", (filled, _TONES.get(cause, "accent")), (empty, "dim"), f" {shown}")
