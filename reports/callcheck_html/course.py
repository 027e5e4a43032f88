"""A round of packets as two drawings on one time axis: the loss and the delay of each second. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from callcheck.digest import CONTROLS, Call, Moment, Round
from callcheck.locale import N_, translator
from callcheck.verdict.figures import decimal
from callcheck.verdict.names import service_name
from callcheck_html.scales import LONGEST_MS, Axis, Tick, delay_top, second_ticks, share_top
from callcheck_html.values import coordinate, cut, percent_text
from callcheck_html.words import round_title

SHOWN_ROUNDS: Final = 3
_FOLDED_ROUNDS: Final = 9
_MOST_SIDES: Final = 6
_TABLE_ROWS: Final = 120
_STRIP, _PLOT, _LABEL, _FOOT = 76.0, 46.0, 15.0, 32.0
_LEFT: Final = 30.0
_LEAST_BAR: Final = 1.6
# Crosses closer than this would be one blot.
_APART: Final = 3.0
_FELL_SILENT: Final = N_(
    "{name}: flows of packets that fell silent and stayed so until the end of the round: {flows}; the first of them"
    " {seconds} s after it began."
)
_LOST: Final = N_("{percent} % lost")
_SPAN: Final = N_("{low} to {high} ms")
_ONE_DELAY: Final = N_("{rtt_ms} ms")
_NOTHING_BACK: Final = N_("nothing came back")


@dataclass(frozen=True, slots=True)
class Strip:
    """One side in a drawing: its name and figure above, its frame from `top` to `foot`, and paths of SVG.

    `known` lies under the seconds in which anything was sent, `marks` are bars or a line, `gone` are seconds of which
    nothing came back, `deaths` the places of the crosses."""

    name: str
    figure: str
    is_neutral: bool
    label: float
    top: float
    foot: float
    known: str
    marks: str
    gone: str
    deaths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Strips above each other on one time axis; `described` says in words what they show."""

    ident: str
    height: float
    left: float
    right: float
    high: str
    low: str
    strips: tuple[Strip, ...]
    ticks: tuple[Tick, ...]
    described: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """One round: both drawings, what fell silent, and its seconds as rows of text (a lost-of-sent and a delay each)."""

    title: str
    loss: Drawing
    delay: Drawing
    silent: tuple[str, ...]
    sides: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    has_more_rows: bool


@dataclass(frozen=True, slots=True)
class Course:
    """All rounds: those shown, those folded, and how many of rounds and sides are left out."""

    shown: tuple[Drawn, ...]
    folded: tuple[Drawn, ...]
    rounds_left: int
    sides_left: int


def course_of(call: Call, language: str) -> Course:
    """The rounds of a call in drawings that share their scales, so that one can be held against another."""
    sides = _chosen(call)
    rounds = call.rounds[: SHOWN_ROUNDS + _FOLDED_ROUNDS]
    moments = [moment for one in rounds for side in sides for moment in one.sides.get(side, {}).values()]
    pen = _Pen(
        language,
        share_top([ratio for moment in moments if (ratio := moment.loss_ratio) is not None]),
        delay_top([delay for moment in moments if (delay := moment.delay_ms) is not None]),
    )
    drawn = [
        _drawn(number, one, [side for side in sides if side in one.sides], pen) for number, one in enumerate(rounds)
    ]
    left = len(call.sides()) - len(sides)
    return Course(tuple(drawn[:SHOWN_ROUNDS]), tuple(drawn[SHOWN_ROUNDS:]), len(call.rounds) - len(rounds), left)


def _chosen(call: Call) -> list[str]:
    """The sides to draw; the neutral servers are the last, and never left out."""
    sides = list(call.sides())
    return sides if len(sides) <= _MOST_SIDES else [*sides[: _MOST_SIDES - 1], sides[-1]]


@dataclass(frozen=True, slots=True)
class _Pen:
    """What all drawings share: the language, and the tops of both scales (a ratio, milliseconds)."""

    language: str
    loss_top: float
    delay_top_ms: float

    def name(self, side: str) -> str:
        return translator(self.language)(N_("neutral servers")) if side == CONTROLS else cut(service_name(side), 24)

    def percent(self, ratio: float) -> str:
        return percent_text(ratio, self.language)

    def said(self, text: str, **values: str) -> str:
        return translator(self.language)(text).format(**values)


def _drawn(number: int, one: Round, sides: Sequence[str], pen: _Pen) -> Drawn:
    axis = Axis(float(max(1, one.span_s)), left=_LEFT)
    loss = _Kind("loss", f"{pen.percent(pen.loss_top)} %", _loss_paths, _lost_text)
    delay = _Kind("delay", decimal(pen.delay_top_ms, pen.language), _delay_paths, _delay_text)
    return Drawn(
        round_title(number + 1, one.part, pen.language),
        _drawing(number, one, sides, _Sheet(axis, pen, loss)),
        _drawing(number, one, sides, _Sheet(axis, pen, delay)),
        tuple(text for side in sides if (text := _silent_text(one, side, pen))),
        tuple(map(pen.name, sides)),
        tuple(_row(second, one, sides, pen) for second in range(min(one.seconds, _TABLE_ROWS))),
        one.seconds > _TABLE_ROWS,
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a drawing is of: its name, its scale's end, how a strip is drawn, and the figure above the strip."""

    name: str
    high: str
    paths: Callable[[Sequence[Moment], Axis, float, float, _Pen], tuple[str, str]]
    figure: Callable[[Round, str, _Pen], str]


@dataclass(frozen=True, slots=True)
class _Sheet:
    axis: Axis
    pen: _Pen
    kind: _Kind


def _drawing(number: int, one: Round, sides: Sequence[str], sheet: _Sheet) -> Drawing:
    strips = tuple(_strip(one, side, place, sheet) for place, side in enumerate(sides))
    return Drawing(
        f"round-{number + 1}-{sheet.kind.name}",
        _FOOT + _STRIP * len(strips),
        sheet.axis.left,
        sheet.axis.right,
        sheet.kind.high,
        "0",
        strips,
        tuple(second_ticks(sheet.axis, one.span_s)),
        "; ".join(f"{strip.name}: {strip.figure}" for strip in strips),
    )


def _strip(one: Round, side: str, place: int, sheet: _Sheet) -> Strip:
    label = _STRIP * place + _LABEL - 3
    top, foot = label + 12, label + 12 + _PLOT
    moments = one.moments(side)
    marks, gone = sheet.kind.paths(moments, sheet.axis, top, foot, sheet.pen)
    return Strip(
        name=sheet.pen.name(side),
        figure=sheet.kind.figure(one, side, sheet.pen),
        is_neutral=side == CONTROLS,
        label=label,
        top=top,
        foot=foot,
        known=_spans([moment.sent > 0 for moment in moments], sheet.axis, foot),
        marks=marks,
        gone=gone,
        deaths=_deaths(one, side, sheet.axis),
    )


def _spans(flags: Sequence[bool], axis: Axis, y: float) -> str:
    """A path along `y` under every second that is flagged, neighbours joined."""
    pieces: list[str] = []
    start: int | None = None
    for second, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = second
        elif not flag and start is not None:
            pieces.append(f"M{coordinate(axis.x(start))} {coordinate(y)}H{coordinate(axis.x(second))}")
            start = None
    return "".join(pieces)


def _loss_paths(moments: Sequence[Moment], axis: Axis, top: float, foot: float, pen: _Pen) -> tuple[str, str]:
    wide = axis.x(1) - axis.x(0)
    gap = min(1.0, wide * 0.18)
    pieces = []
    for second, moment in enumerate(moments):
        ratio = moment.loss_ratio
        if ratio:
            tall = max(_LEAST_BAR, (foot - top) * min(ratio / pen.loss_top, 1.0))
            start = f"M{coordinate(axis.x(second) + gap / 2)} {coordinate(foot)}"
            pieces.append(f"{start}v-{coordinate(tall)}h{coordinate(wide - gap)}v{coordinate(tall)}z")
    return "".join(pieces), ""


def _delay_paths(moments: Sequence[Moment], axis: Axis, top: float, foot: float, pen: _Pen) -> tuple[str, str]:
    pieces: list[str] = []
    is_down = False
    for second, moment in enumerate(moments):
        delay_ms = moment.delay_ms
        if delay_ms is None:
            is_down = False
            continue
        y = foot - (foot - top) * min(delay_ms / pen.delay_top_ms, 1.0)
        lead = f"V{coordinate(y)}" if is_down else f"M{coordinate(axis.x(second))} {coordinate(y)}"
        pieces.append(f"{lead}H{coordinate(axis.x(second + 1))}")
        is_down = True
    gone = _spans([moment.sent > 0 and not moment.received for moment in moments], axis, foot)
    return "".join(pieces), gone


def _deaths(one: Round, side: str, axis: Axis) -> tuple[str, ...]:
    places: list[float] = []
    for death in one.deaths(side):
        x = axis.x(death.at_s)
        if not places or x - places[-1] >= _APART:
            places.append(x)
    return tuple(map(coordinate, places))


def _lost_text(one: Round, side: str, pen: _Pen) -> str:
    ratio = one.loss_ratio(side)
    return "" if ratio is None else pen.said(_LOST, percent=pen.percent(ratio))


def _delay_text(one: Round, side: str, pen: _Pen) -> str:
    span = one.delays_ms(side)
    if span is None:
        return pen.said(_NOTHING_BACK)
    low, high = (decimal(min(value, LONGEST_MS), pen.language) for value in span)
    return pen.said(_ONE_DELAY, rtt_ms=low) if low == high else pen.said(_SPAN, low=low, high=high)


def _silent_text(one: Round, side: str, pen: _Pen) -> str:
    deaths = one.deaths(side)
    if not deaths:
        return ""
    first = deaths[0]
    seconds = decimal(first.lived_s, pen.language)
    return pen.said(_FELL_SILENT, name=pen.name(side), flows=str(len(deaths)), seconds=seconds)


def _row(second: int, one: Round, sides: Sequence[str], pen: _Pen) -> tuple[str, ...]:
    cells = [str(second)]
    for side in sides:
        moment = one.sides[side].get(second, Moment())
        delay_ms = moment.delay_ms
        cells.append(f"{moment.sent - moment.received}/{moment.sent}" if moment.sent else "–")
        cells.append("–" if delay_ms is None else decimal(min(delay_ms, LONGEST_MS), pen.language))
    return tuple(cells)
