"""Saved runs as lines of a list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from callcheck.locale import N_
from callcheck.report.sniff import Sniffed
from callcheck.ui.paint import Line, Piece, Tone, safe
from callcheck.ui.views.look import Look, cut, fitting, outcome_sign
from callcheck.ui.views.progress import DEPTHS
from callcheck.verdict.names import function_name, outcome_name, service_name
from callcheck.words import Outcome

_TONES: Final[dict[Outcome, Tone]] = {"works": "good", "degraded": "doubt", "fails": "bad", "unknown": "doubt"}
_DEPTH_COLUMNS: Final = 13


def name_columns(names: Iterable[str], look: Look) -> int:
    """How wide the names of files stand in a list."""
    return min(max((len(safe(name)) for name in names), default=0), max(8, look.columns // 3))


def run_line(sniffed: Sniffed, name: str, columns: int, look: Look, zone: dt.tzinfo | None) -> Line:
    """When, how closely, and what was found. `name` is the file's and takes `columns`; a kept run has none to remember
    it by (""). `zone` is that of the clock on the wall, None for this machine's."""
    moment = local_time(sniffed.started_utc, zone) or look.translate("time not known")
    depth = look.translate(DEPTHS[sniffed.depth]) if sniffed.depth else ""
    pieces: list[Piece] = []
    if name:
        pieces.append((cut(safe(name), columns, look).ljust(columns) + "  ", ""))
    pieces += [(f"{moment:16}  ", "dim" if name else ""), (depth.ljust(_DEPTH_COLUMNS), "dim")]
    if not sniffed.is_complete:
        pieces.append((look.translate(N_("unfinished")) + "  ", "doubt"))
    room = look.columns - sum(len(text) for text, _tone in pieces)
    long, short = (_outcomes(sniffed, look, is_long=is_long) for is_long in (True, False))
    pieces += long if sum(len(text) for text, _tone in long) - 2 <= room else short
    return fitting(tuple(pieces), look.columns, look)


def folder_line(name: str, look: Look) -> Line:
    return fitting(((f"{safe(name)}/", "accent"),), look.columns, look)


def local_time(utc: str, zone: dt.tzinfo | None) -> str:
    """`2026-11-22 16:57` by the clock on the wall; "" for no moment. A moment to the hour is shown so."""
    try:
        moment = dt.datetime.fromisoformat(utc)
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


def _outcomes(sniffed: Sniffed, look: Look, *, is_long: bool) -> list[Piece]:
    """Calls alone, as these are what a run is made for; messages where there are no calls."""
    calls = [one for one in sniffed.outcomes if one.function == "calls"]
    pieces: list[Piece] = []
    for one in calls or sniffed.outcomes:
        said = f"{outcome_sign(one.outcome, look)} {service_name(one.service)}"
        if is_long:
            said += f": {function_name(one.function, look.language)} {outcome_name(one.outcome, look.language)}"
        pieces.append((f"{said}  ", _TONES[one.outcome]))
    return pieces
