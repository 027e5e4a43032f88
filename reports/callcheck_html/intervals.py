"""Loss and delay of every side with their bounds: the rows of a table, and a drawing of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callcheck.digest import CONTROLS, Measured
from callcheck.locale import N_, translator
from callcheck.verdict.figures import count, decimal
from callcheck_html.scales import LONGEST_MS, Axis, Tick, delay_top, share_ticks, share_top, value_ticks
from callcheck_html.values import cut, percent_text

_MOST_SIDES: Final = 12
_ROW, _LABEL, _LINE = 42.0, 14.0, 27.0
_LEAST_BAND: Final = 1.5
_BETWEEN: Final = N_("{low} to {high}")
_UNKNOWN: Final = N_("not measured")


@dataclass(frozen=True, slots=True)
class Figures:
    """A row of the table, as text."""

    name: str
    sent: str
    received: str
    lost: str
    bounds: str
    delay: str
    span: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One side in a plot: a line from `low` to `high` and a dot at `middle`, None where nothing was measured."""

    name: str
    figure: str
    is_neutral: bool
    label: float
    y: float
    low: float | None
    middle: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Plot:
    """Sides below each other on one axis; the band is where the neutral servers are."""

    ident: str
    height: float
    band: tuple[float, float] | None
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    described: str


@dataclass(frozen=True, slots=True)
class Totals:
    rows: tuple[Figures, ...]
    loss: Plot
    delay: Plot


def totals_of(measured: Sequence[Measured], language: str) -> Totals | None:
    """None where no packets of a call were sent."""
    sides = list(measured)
    if len(sides) > _MOST_SIDES:
        sides = [*sides[: _MOST_SIDES - 1], sides[-1]]
    if not sides:
        return None
    rows = tuple(_figures(one, language) for one in sides)
    return Totals(rows, _loss_plot(sides, rows, language), _delay_plot(sides, rows, language))


def _figures(one: Measured, language: str) -> Figures:
    _ = translator(language)
    bounds = _between(one.loss_low_ratio, one.loss_high_ratio, language)
    is_known = one.delay_ms is not None and one.delay_low_ms is not None and one.delay_high_ms is not None
    return Figures(
        cut(one.name, 24),
        count(one.sent, language),
        count(one.received, language),
        f"{percent_text(one.loss_ratio, language)} %",
        f"{bounds} %",
        _("{rtt_ms} ms").format(rtt_ms=_ms(one.delay_ms, language)) if is_known else _(_UNKNOWN),
        _("{low} to {high} ms").format(low=_ms(one.delay_low_ms, language), high=_ms(one.delay_high_ms, language))
        if is_known
        else "",
    )


def _between(low: float, high: float, language: str) -> str:
    return translator(language)(_BETWEEN).format(low=percent_text(low, language), high=percent_text(high, language))


def _ms(value: float | None, language: str) -> str:
    return decimal(min(value or 0.0, LONGEST_MS), language)


def _loss_plot(sides: Sequence[Measured], rows: Sequence[Figures], language: str) -> Plot:
    axis = Axis(share_top([one.loss_high_ratio for one in sides]))
    bars = [
        _bar(place, one, f"{row.lost} ({row.bounds})", (one.loss_low_ratio, one.loss_ratio, one.loss_high_ratio), axis)
        for place, (one, row) in enumerate(zip(sides, rows, strict=True))
    ]
    return _plot("totals-loss", bars, share_ticks(axis, language))


def _delay_plot(sides: Sequence[Measured], rows: Sequence[Figures], language: str) -> Plot:
    axis = Axis(delay_top([one.delay_high_ms for one in sides if one.delay_high_ms is not None]))
    bars = [
        _bar(
            place,
            one,
            f"{row.delay} ({row.span})" if row.span else row.delay,
            (one.delay_low_ms, one.delay_ms, one.delay_high_ms),
            axis,
        )
        for place, (one, row) in enumerate(zip(sides, rows, strict=True))
    ]
    return _plot("totals-delay", bars, value_ticks(axis, 1, language, parts=2))


_Ends = tuple[float | None, float | None, float | None]


def _bar(place: int, one: Measured, figure: str, ends: _Ends, axis: Axis) -> Bar:
    low, middle, high = (None if value is None else round(axis.x(value), 1) for value in ends)
    label, y = _ROW * place + _LABEL, _ROW * place + _LINE
    return Bar(cut(one.name, 24), figure, one.service == CONTROLS, label, y, low, middle, high)


def _plot(ident: str, bars: Sequence[Bar], ticks: Sequence[Tick]) -> Plot:
    bands = [
        (bar.low, max(_LEAST_BAND, round(bar.high - bar.low, 1)))
        for bar in bars
        if bar.is_neutral and bar.low is not None and bar.high is not None
    ]
    described = "; ".join(f"{bar.name}: {bar.figure}" for bar in bars)
    return Plot(ident, _ROW * len(bars) + 20, bands[0] if bands else None, tuple(bars), tuple(ticks), described)
