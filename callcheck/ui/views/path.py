"""The way of a call from this device to the service, with the stretch marked on which it breaks."""

from __future__ import annotations

from typing import Final

from callcheck.digest.model import Way
from callcheck.digest.way import way_of
from callcheck.model import Report, Verdict
from callcheck.ui.paint import Line, Tone, line
from callcheck.ui.views.look import Look, wrapped
from callcheck.verdict.figures import decimal

_LEAST_STRETCH: Final = 3


def path_lines(report: Report, verdict: Verdict | None, look: Look) -> list[Line]:
    """Two lines, stations and how far away they are, and a third where the broken stretch is not known."""
    if verdict is None:
        return []
    way = way_of(report, verdict, look.language)
    broken, gaps = way.broken, len(way.stretches)
    names = [station.name for station in way.stations]
    room = (look.columns - 4 - sum(map(len, names)) - 2 * gaps) // gaps
    stretch = max(_LEAST_STRETCH, min(room, 14))
    pieces: list[tuple[str, Tone]] = [("  ", "")]
    columns = [2]
    for at, name in enumerate(names):
        is_behind = broken is not None and at > broken
        pieces.append((name, "dim" if is_behind else "strong"))
        if at < gaps:
            pieces += [(" ", ""), _drawn(at, way, stretch, look), (" ", "")]
            columns.append(columns[-1] + len(name) + stretch + 2)
    lines: list[Line] = [tuple(pieces)]
    figures = _figures(way, columns, look)
    if figures:
        lines.append(line((figures, "dim")))
    if broken is None and not way.is_whole:
        lines += wrapped(way.sentence, look, first="  ", rest="  ", tone="doubt")
    return lines


def _drawn(at: int, way: Way, stretch: int, look: Look) -> tuple[str, Tone]:
    broken = way.broken
    if way.is_unknown:
        middle = look.glyphs.doubt if at in {1, 2, 3} else look.glyphs.line
        side = look.glyphs.line * ((stretch - 1) // 2)
        return (side + middle).ljust(stretch, look.glyphs.line), "doubt" if at in {1, 2, 3} else ""
    if broken is None or at < broken:
        return look.glyphs.line * stretch, "good" if way.is_whole else ""
    if at > broken:
        return look.glyphs.dotted * stretch, "dim"
    half = (stretch - 1) // 2
    return look.glyphs.line * half + look.glyphs.broken + look.glyphs.dotted * (stretch - half - 1), "bad strong"


def _figures(way: Way, columns: list[int], look: Look) -> str:
    """How far away the stations are, each number under its name, as far as they were measured."""
    shown = "".ljust(columns[0])
    for column, station in zip(columns, way.stations, strict=True):
        if station.delay_ms is not None:
            rtt_ms = decimal(station.delay_ms, look.language)
            shown = shown.ljust(column) + look.translate("{rtt_ms} ms").format(rtt_ms=rtt_ms)
    return shown.rstrip()
