"""The way to each service as a drawing: stations, how far away they are, and the stretch that is broken. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from callcheck.digest import Way
from callcheck.locale import N_, translator
from callcheck.verdict.figures import decimal
from callcheck_html.scales import LONGEST_MS
from callcheck_html.values import cut

State = Literal["good", "broken", "past", "before", "unknown", "open"]

_FIRST, _APART = 20.0, 71.0
_MOST_WAYS: Final = 6
# Half of the room that "it happens here" takes in the longer language.
_MARK: Final = 70.0
_LONGEST_NAME: Final = 10
# Nobody looked so far, or the trouble is no stretch's: an unbroken line would say that the way is fine.
_NOT_MEASURED: Final = N_("not measured")


@dataclass(frozen=True, slots=True)
class Stop:
    """A station: its place, its name, and how far away it is ("" where that is not known)."""

    x: float
    name: str
    delay: str


@dataclass(frozen=True, slots=True)
class Stretch:
    start: float
    end: float
    state: State

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class DrawnWay:
    """A way with what stands below it; `mark` is where "it happens here" is written, None where nothing is."""

    ident: str
    service: str
    stops: tuple[Stop, ...]
    stretches: tuple[Stretch, ...]
    mark: float | None
    is_unknown: bool
    sentence: str
    described: str


def ways_of(ways: Sequence[Way], language: str) -> tuple[DrawnWay, ...]:
    """At most as many as a page can hold."""
    return tuple(_drawn(number, way, language) for number, way in enumerate(ways[:_MOST_WAYS], start=1))


def _drawn(number: int, way: Way, language: str) -> DrawnWay:
    places = [_FIRST + _APART * place for place in range(len(way.stations))]
    stops = tuple(
        Stop(x, cut(station.name, _LONGEST_NAME), _delay(station.delay_ms, language))
        for x, station in zip(places, way.stations, strict=True)
    )
    stretches = tuple(
        Stretch(places[place], places[place + 1], _state(place, way)) for place in range(len(way.stretches))
    )
    mark = None if way.broken is None else min(max(stretches[way.broken].middle, _MARK), 336.0 - _MARK)
    untold = translator(language)(_NOT_MEASURED)
    described = ", ".join(
        f"{cut(station.name)}: {stop.delay or untold}"
        for station, stop in zip(way.stations[1:], stops[1:], strict=True)
    )
    return DrawnWay(
        f"way-{number}",
        cut(way.stations[-1].name, 24),
        stops,
        stretches,
        mark,
        way.is_unknown,
        way.sentence,
        described,
    )  # fmt: skip


def _state(place: int, way: Way) -> State:
    if way.is_unknown:
        return "unknown"
    if way.broken is None:
        return "good" if way.is_whole else "open"
    return "broken" if place == way.broken else "before" if place < way.broken else "past"


def _delay(delay_ms: float | None, language: str) -> str:
    if delay_ms is None:
        return ""
    return translator(language)("{rtt_ms} ms").format(rtt_ms=decimal(min(delay_ms, LONGEST_MS), language))
