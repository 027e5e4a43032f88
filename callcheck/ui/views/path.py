"""The way of a call from this device to the service, with the stretch marked on which it breaks."""

from __future__ import annotations

from typing import Final

from callcheck.locale import N_
from callcheck.model import Report, Verdict
from callcheck.ui.paint import Line, Tone, line
from callcheck.ui.views.look import Look, wrapped
from callcheck.verdict.explain import service_name
from callcheck.verdict.figures import decimal
from callcheck.verdict.findings import number_of
from callcheck.words import Claim, Where

# Stretches between the five stations, in order: home lies between this device and the router, and so on.
_STRETCHES: Final[tuple[Where, ...]] = ("home", "access", "provider", "beyond")
_UNTOLD: Final = N_("The measurements do not tell where on the way it happens.")
_INNOCENT: Final[frozenset[str]] = frozenset({"none", "offline", "device", "captive_portal"})
_LEAST_STRETCH: Final = 3


def path_lines(report: Report, verdict: Verdict | None, look: Look) -> list[Line]:
    """Two lines, stations and how far away they are, and a third where the broken stretch is not known."""
    if verdict is None:
        return []
    names = [look.translate(name) for name in (N_("you"), N_("router"), N_("provider"), N_("beyond"))]
    names.append(service_name(verdict.service))
    is_broken = verdict.outcome in {"fails", "degraded"} and verdict.cause not in _INNOCENT
    broken = _STRETCHES.index(verdict.where) if is_broken and verdict.where in _STRETCHES else None
    room = (look.columns - 4 - sum(map(len, names)) - 2 * len(_STRETCHES)) // len(_STRETCHES)
    stretch = max(_LEAST_STRETCH, min(room, 14))
    pieces: list[tuple[str, Tone]] = [("  ", "")]
    columns = [2]
    for at, name in enumerate(names):
        is_behind = broken is not None and at > broken
        pieces.append((name, "dim" if is_behind else "strong"))
        if at < len(_STRETCHES):
            pieces += [(" ", ""), _drawn(at, broken, stretch, look, is_unsure=is_broken and broken is None), (" ", "")]
            columns.append(columns[-1] + len(name) + stretch + 2)
    lines: list[Line] = [tuple(pieces)]
    figures = _figures(report, verdict, columns, look)
    if figures:
        lines.append(line((figures, "dim")))
    if is_broken and broken is None:
        lines += wrapped(look.translate(_UNTOLD), look, first="  ", rest="  ", tone="doubt")
    return lines


def _drawn(at: int, broken: int | None, stretch: int, look: Look, *, is_unsure: bool) -> tuple[str, Tone]:
    if is_unsure:
        middle = look.glyphs.doubt if at in {1, 2, 3} else look.glyphs.line
        side = look.glyphs.line * ((stretch - 1) // 2)
        return (side + middle).ljust(stretch, look.glyphs.line), "doubt" if at in {1, 2, 3} else ""
    if broken is None or at < broken:
        return look.glyphs.line * stretch, "good" if broken is None else ""
    if at > broken:
        return look.glyphs.dotted * stretch, "dim"
    half = (stretch - 1) // 2
    return look.glyphs.line * half + look.glyphs.broken + look.glyphs.dotted * (stretch - half - 1), "bad strong"


def _figures(report: Report, verdict: Verdict, columns: list[int], look: Look) -> str:
    """How far away the stations are, each number under its name, as far as they were measured."""
    shown = "".ljust(columns[0])
    for column, delay_ms in zip(columns[1:], _delays_ms(report, verdict), strict=True):
        if delay_ms is not None:
            shown = shown.ljust(column) + look.translate("{rtt_ms} ms").format(rtt_ms=decimal(delay_ms, look.language))
    return shown.rstrip()


def _delays_ms(report: Report, verdict: Verdict) -> list[float | None]:
    """To the router, the provider, the neutral hosts and the service's call servers; None where it is not known."""
    return [
        _fact(report, Claim.gateway_healthy, "", "rtt_ms"),
        None,
        _fact(report, Claim.controls_answer, "", "rtt_ms"),
        _fact(
            report,
            Claim.relays_answer if verdict.function == "calls" else Claim.text_answers,
            verdict.service,
            "rtt_ms",
        ),
    ]


def _fact(report: Report, claim: Claim, service: str, name: str) -> float | None:
    found = (number_of(item.facts, name) for item in report.evidence if (item.claim, item.service) == (claim, service))
    return next((number for number in found if number is not None), None)
