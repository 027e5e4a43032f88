"""The call as a picture: what was lost and how long packets took, second by second, services against neutral hosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from callcheck.digest.course import CONTROLS, Call, Death, Round
from callcheck.locale import N_
from callcheck.ui.paint import Line, Tone, line
from callcheck.ui.plot import axis, axis_columns, chart, column_seconds, spread
from callcheck.ui.views.look import Look, cut
from callcheck.verdict.figures import decimal
from callcheck.verdict.names import service_name

_PARTS: Final = {
    "stream": N_("numbered packets like those of a call, all at once"),
    "twins": N_("doubled packets: is each lost by itself?"),
    "single": N_("doubled packets: is each lost by itself?"),
    "ladder": N_("rising speed to one call server"),
}
_LABEL_COLUMNS: Final = 14
_FIGURE_COLUMNS: Final = 13
# By then every flow of a round has been heard of.
_SETTLED_S: Final = 3
# The narrowest span of delays that a chart is drawn over: less is no news to a call.
_LEAST_SPAN_MS: Final = 60.0


def call_lines(
    call: Call, look: Look, *, rows: int = 1, round_index: int = -1, services: Sequence[str] = ()
) -> list[Line]:
    """The chosen round (the last), with `rows` lines a chart; nothing before the first packet. A service of `services`
    to whose servers nothing could be sent is named."""
    if not call.rounds:
        return []
    one = call.rounds[round_index]
    room = max(10, look.columns - _LABEL_COLUMNS - _FIGURE_COLUMNS)
    columns = axis_columns(one.span_s, room)
    lines = [_title(call, one, look), _axis(one, columns, look)]
    sides = [side for side in call.sides() if side in one.sides]
    delays = [span for side in sides if (span := one.delays_ms(side))]
    low_ms = min((span[0] for span in delays), default=0.0)
    frame = _Frame(low_ms, max([low_ms + _LEAST_SPAN_MS, *(span[1] for span in delays)]), columns, rows)
    if one.seconds >= _SETTLED_S:
        lines += [_absent(service, look) for service in services if service not in call.sides()]
    for side in sides:
        lines += _side_lines(one, side, frame, look)
    return lines


def _title(call: Call, one: Round, look: Look) -> Line:
    what = look.translate(_PARTS.get(one.part, _PARTS["stream"]))
    number = look.translate("round {number}").format(number=call.rounds.index(one) + 1) if len(call.rounds) > 1 else ""
    text = f" {number}: {what}" if number else f" {what}"
    return line((cut(text, look.columns, look), "dim"))


def _axis(one: Round, columns: int, look: Look) -> Line:
    unit = look.translate(N_("s"))
    return line((f"{' ' * _LABEL_COLUMNS}{axis(one.span_s, columns)} {unit}", "dim"))


def _absent(service: str, look: Look) -> Line:
    text = look.translate("no call server answered, so there is nothing to send to")
    lead = f" {service_name(service)}".ljust(_LABEL_COLUMNS)
    return line(lead, (cut(text, look.columns - _LABEL_COLUMNS, look), "bad"))


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all charts of one picture share: the span of delays in milliseconds, and the room."""

    low_ms: float
    high_ms: float
    columns: int
    rows: int


def _side_lines(one: Round, side: str, frame: _Frame, look: Look) -> list[Line]:
    """A chart of loss and one of delay; where flows fell silent, their ends are marked."""
    name = look.translate("others") if side == CONTROLS else service_name(side)
    losses = [None if m.loss_ratio is None else sqrt(m.loss_ratio) for m in one.moments(side)]
    bars = chart(spread(losses, one.span_s, frame.columns), 0.0, 1.0, look.glyphs, rows=frame.rows)
    deaths = one.deaths(side)
    bars[-1] = _marked(bars[-1], deaths, one.span_s, frame.columns, look)
    lost = one.loss_ratio(side)
    percent = "" if lost is None else decimal(100 * lost, look.language)
    figure = look.translate("{percent} % lost").format(percent=percent) if percent else ""
    lines = _charted(name, bars, figure, "dim" if side == CONTROLS or not lost else "bad", frame.columns)
    if deaths:
        text = cut(_death_text(deaths, look), look.columns - _LABEL_COLUMNS, look)
        lines.append(line(" " * _LABEL_COLUMNS, (text, "bad")))
    return lines + _delay_lines(one, side, frame, look)


def _delay_lines(one: Round, side: str, frame: _Frame, look: Look) -> list[Line]:
    found = one.delays_ms(side)
    if found is None:
        return []
    delays = spread([m.delay_ms for m in one.moments(side)], one.span_s, frame.columns)
    bars = chart(delays, frame.low_ms, frame.high_ms, look.glyphs, rows=frame.rows)
    figure = span_text(*found, look)
    return _charted(look.translate("  delay"), bars, figure, "dim" if side == CONTROLS else "accent", frame.columns)


def span_text(low_ms: float, high_ms: float, look: Look) -> str:
    """From the shortest delay to the longest; one figure where both read the same."""
    low, high = (decimal(value, look.language) for value in (low_ms, high_ms))
    if low == high:
        return look.translate("{rtt_ms} ms").format(rtt_ms=low)
    return look.translate("{low} to {high} ms").format(low=low, high=high)


def _charted(label: str, bars: Sequence[str], figure: str, tone: Tone, columns: int) -> list[Line]:
    """The rows of a chart, its label and figure beside the lowest."""
    lead = f" {label}"[: _LABEL_COLUMNS - 1].ljust(_LABEL_COLUMNS)
    above = [line(" " * _LABEL_COLUMNS, (row, tone)) for row in bars[:-1] if row.strip()]
    return [*above, line(lead, (bars[-1].ljust(columns), tone), f"  {figure}" if figure else "")]


def _marked(bars: str, deaths: Sequence[Death], seconds: int, columns: int, look: Look) -> str:
    per_second, per_column = column_seconds(seconds, columns)
    marked = list(bars)
    for death in deaths:
        at = int(death.at_s * per_second / per_column)
        if at < len(marked):
            marked[at] = look.glyphs.death
    return "".join(marked)


def _death_text(deaths: Sequence[Death], look: Look) -> str:
    first = deaths[0]
    text = look.translate("{sign} silent after {packets} packets ({seconds} s)").format(
        sign=look.glyphs.death, packets=first.packets, seconds=decimal(first.lived_s, look.language)
    )
    again = len(deaths) - 1
    return text + (look.translate("; {count} more flows too").format(count=again) if again else "")
