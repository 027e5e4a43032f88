"""Two runs side by side, and what the difference between them says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from callcheck.digest.comparing import run_text
from callcheck.locale import N_
from callcheck.ui.paint import Line, Tone, line, safe, width_of
from callcheck.ui.views.look import Look, cut, wrapped
from callcheck.verdict.compare_text import loss_text
from callcheck.verdict.comparison import Compared, Comparison, Lack, Side
from callcheck.verdict.names import cause_name, function_name, outcome_name, service_name
from callcheck.words import Outcome

_TONES: Final[dict[Outcome, Tone]] = {"works": "good", "degraded": "doubt", "fails": "bad", "unknown": "doubt"}
# Three columns of less than this are harder to read than one below the other.
_BESIDE_COLUMNS: Final = 64
_GAP: Final = "  "


def sides_lines(comparison: Comparison, names: tuple[str, str], look: Look) -> list[Line]:
    """What each run found of each function of each service, in two columns where there is room. `names` are those of
    the files, "" where a run has none."""
    if look.columns < _BESIDE_COLUMNS:
        return _below(comparison, names, look)
    labels = [_label(one, look) for one in comparison.conclusions]
    first = max(map(len, labels), default=0)
    column = (look.columns - first - 2 * len(_GAP)) // 2
    narrow = Look(look.language, look.glyphs, column)
    lines = _beside(" " * first, *_heads(comparison, names, narrow), column)
    for label, one in zip(labels, comparison.conclusions, strict=True):
        lines += _beside(label.ljust(first), _cell(one.a, narrow), _cell(one.b, narrow), column)
    return lines


def said_lines(comparison: Comparison, look: Look) -> list[Line]:
    """What the difference says, a sentence for each function of each service."""
    lines: list[Line] = []
    for one in comparison.conclusions:
        lines += wrapped(safe(one.sentence), look, first=f"{look.glyphs.bullet} ", rest="  ")
        if one.loss is not None:
            lines += wrapped(loss_text(one.loss, look.language), look, first="  ", rest="  ", tone="dim")
    if not lines:
        text = look.translate("Neither run looked at any service, so there is nothing to compare.")
        lines += wrapped(text, look, tone="doubt")
    return lines


def found_lines(comparison: Comparison, look: Look) -> list[Line]:
    """The sentence of each run on each function, one below the other."""
    lines: list[Line] = []
    for one in comparison.conclusions:
        lines.append(line((_label(one, look), "strong")))
        for letter, side in (("A", one.a), ("B", one.b)):
            lines += wrapped(safe(side.sentence), look, first=f"  {letter}  ", rest="     ")
    return lines


def caveats_lines(comparison: Comparison, look: Look) -> list[Line]:
    """What weakens the comparison."""
    lines: list[Line] = []
    for one in comparison.caveats:
        lines += wrapped(safe(one.sentence), look, first=f"{look.glyphs.bullet} ", rest="  ")
    return lines


def _heads(comparison: Comparison, names: tuple[str, str], look: Look) -> tuple[list[Line], list[Line]]:
    heads = []
    for letter, name, facts in zip("AB", names, (comparison.a, comparison.b), strict=True):
        title = look.translate(N_("Network {here}")).format(here=letter)
        said = [line((title, "strong")), *([line((cut(safe(name), look.columns, look), "dim"))] if name else [])]
        heads.append([*said, *wrapped(safe(run_text(facts, look.language)), look, tone="dim"), ()])
    return heads[0], heads[1]


def _below(comparison: Comparison, names: tuple[str, str], look: Look) -> list[Line]:
    narrow = Look(look.language, look.glyphs, max(10, look.columns - 2))
    lines: list[Line] = []
    sides = ([one.a for one in comparison.conclusions], [one.b for one in comparison.conclusions])
    for head, some in zip(_heads(comparison, names, look), sides, strict=True):
        lines += head[:-1]
        for one, side in zip(comparison.conclusions, some, strict=True):
            lines.append(line(_label(one, look)))
            lines += [(("  ", ""), *cell) for cell in _cell(side, narrow)]
        lines.append(())
    return lines[:-1]


def _beside(label: str, a: Sequence[Line], b: Sequence[Line], column: int) -> list[Line]:
    lines: list[Line] = []
    for at in range(max(len(a), len(b))):
        left = a[at] if at < len(a) else ()
        right = b[at] if at < len(b) else ()
        lead = label if at == 0 else " " * len(label)
        pad = " " * max(0, column - width_of(left))
        lines.append(((lead + _GAP, ""), *left, (pad + _GAP, ""), *right))
    return lines


def _cell(side: Side, look: Look) -> list[Line]:
    """The outcome, and the cause where there is one to name."""
    if Lack.not_measured in side.lacks:
        return wrapped(f"{look.glyphs.left_out} {look.translate(N_('not measured'))}", look, rest="  ", tone="dim")
    signs = {"works": look.glyphs.done, "degraded": "!", "fails": look.glyphs.failed, "unknown": look.glyphs.doubt}
    said = f"{signs[side.outcome]} {outcome_name(side.outcome, look.language)}"
    if side.cause not in {"none", "unknown"}:
        said += f": {cause_name(side.cause, look.language)}"
    return wrapped(said, look, rest="  ", tone=_TONES[side.outcome])


def _label(one: Compared, look: Look) -> str:
    return f"{service_name(one.service)}: {function_name(one.function, look.language)}"
