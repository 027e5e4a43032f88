"""Are flows cut off, after how many packets or seconds, and does a new port revive them?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

import msgspec

from callcheck.api import Claim, Evidence
from callcheck.stats.ending import ending_of
from callcheck.stats.intervals import Interval
from callcheck_stream.reading.shared import FEWEST_CONTROLS, seqs_of
from callcheck_stream.series import Sent, Series

# So long, and so many packets, a flow is silent to its end before it is called dead. Radio links stall for less, and
# what stalls everybody shows in the controls.
_SILENT_S: Final = 1.5
_SILENT_PACKETS: Final = 6
_MOST_CHANCE: Final = 0.1
_MANY_FLOWS: Final = 3
# What 12 packets at 1.5 a second need, so that a flow that outlived this was not cut off early.
_LONG_ENOUGH_S: Final = 10.0
# How unlikely it must be that other loss took the last packets that a common limit lets through.
_LEAST_CHANCE: Final = 0.01
# How far flows may differ though one limit stopped them: hellos on the way, and delay that varies.
_APART: Final = {"packets": 1.0, "seconds": 0.3}

_US: Final = 1_000_000

Axis = Literal["packets", "seconds"]
Unit = Literal["packets", "seconds", "unknown"]


class Death(msgspec.Struct, frozen=True):
    """A flow that came through and then fell silent for good: its last packet that came, and those behind it.

    `answers` is how many datagrams had come back on the 5-tuple until then, as a rule may count both directions.
    """

    series: Series
    last: Sent
    silent: tuple[Sent, ...]
    answers: int

    @property
    def ended_us(self) -> int:
        """When the first packet left that did not come back."""
        return self.silent[0].sent_us


class Cut(msgspec.Struct, frozen=True):
    """A limit that all deaths agree on: the packets that a 5-tuple carried, or its seconds when the last one passed."""

    unit: Axis
    held: Interval


def death_of(series: Series) -> Death | None:
    """How a flow died; None where it did not, never lived, or changed its port all the time."""
    ending = ending_of(series.lost) if series.keeps_its_port else None
    if ending is None or ending.silent_packets < _SILENT_PACKETS or ending.chance > _MOST_CHANCE:
        return None
    last, *silent = series.packets[ending.last_passed_index :]
    if silent[-1].sent_us - silent[0].sent_us < _SILENT_S * _US:
        return None
    # The far side of a loop hears the data on a 5-tuple of its own, so only hellos are answered on this one.
    answers = last.sent_before - last.number if series.form == "loop" else ending.last_passed_index + 1
    return Death(series, last, tuple(silent), max(0, answers))


def stream_cut_off(service: str, streams: Sequence[Series], controls: Sequence[Series]) -> Evidence | None:
    """The claim for one service; None where no flow kept its port, so that nothing could be cut off."""
    lived = _lived(streams)
    if not lived:
        return None
    deaths = [death for stream in lived if (death := death_of(stream)) is not None]
    witnesses = _lived(controls)
    cut = cut_of(deaths, lived)
    outlived = [control for control in witnesses if cut is not None and _outlived(control, cut)]
    facts: dict[str, Any] = {
        "flows": len(lived),
        "died": len(deaths),
        "endpoints": _endpoints(death.series for death in deaths),
        "renewed": _renewed(deaths, lived),
        "controls": _endpoints(witnesses),
        "controls_died": sum(death_of(control) is not None for control in witnesses),
        "controls_outlived": _endpoints(outlived),
        **_after(deaths, cut),
    }
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.stream_cut_off,
        facts=facts,
        strength=_strength(deaths, lived, facts),
        group=f"stream:{service}",
        seqs=seqs_of([*streams, *controls]),
    )


def cut_of(deaths: Sequence[Death], lived: Sequence[Series]) -> Cut | None:
    """The number of packets, or the time, that stopped all of them, told by flows of different rates.

    None where both or neither explain the deaths, or where a flow to one of the same endpoints went on beyond: a rule
    stops every flow, while a far end or a NAT that forgets stops those which were quiet.
    """
    if len(deaths) < 2:
        return None
    endpoints = {death.series.target.endpoint for death in deaths}
    at_risk = [stream for stream in lived if stream.target.endpoint in endpoints]
    units: tuple[Axis, ...] = ("packets", "seconds")
    cuts = [cut for unit in units if (cut := _common(deaths, unit)) and not any(_outlived(one, cut) for one in at_risk)]
    return cuts[0] if len(cuts) == 1 else None


def _common(deaths: Sequence[Death], unit: Axis) -> Cut | None:
    """Where one limit could have stopped all flows: behind the furthest packet that came, as far as other loss may have
    taken the next ones. None if that would have to have taken more from a flow that stopped earlier."""
    furthest = max(deaths, key=lambda death: _place(death.last, unit))
    low, lost_by_chance = _place(furthest.last, unit), _by_chance(deaths)
    beyond: list[float] = []
    for death in deaths:
        places = [_place(packet, unit) for packet in death.silent]
        if sum(place <= low - _APART[unit] for place in places) > lost_by_chance:
            return None
        beyond += [place for place in places if place > low]
    # Behind all deaths together no more packets than these are lost by chance, so the next one was stopped.
    beyond.sort()
    stopped = beyond[min(lost_by_chance, len(beyond) - 1)]
    return Cut(unit, Interval(low, stopped if unit == "seconds" else stopped - 1 + furthest.answers))


def _by_chance(deaths: Sequence[Death]) -> int:
    """How many packets in a row the other loss of these flows may take."""
    before = [
        packet.is_lost
        for death in deaths
        for packet in death.series.packets[: len(death.series.packets) - len(death.silent)]
    ]
    ratio = (sum(before) + 1) / (len(before) + 2)
    return int(math.log(_LEAST_CHANCE) / math.log(ratio))


def _place(packet: Sent, unit: Axis) -> float:
    """The packet's place among the datagrams of its 5-tuple, from 1, or the age of the 5-tuple when it left."""
    return packet.sent_before + 1 if unit == "packets" else _age_s(packet)


def _outlived(stream: Series, cut: Cut) -> bool:
    beyond = cut.held.high + _APART[cut.unit]
    return any(_place(packet, cut.unit) > beyond for packet in stream.packets if not packet.is_lost)


def _after(deaths: Sequence[Death], cut: Cut | None) -> dict[str, Any]:
    unit: Unit = "unknown" if cut is None else cut.unit
    if cut is not None and cut.unit == "packets":
        return {"unit": unit, "packets_low": round(cut.held.low), "packets_high": round(cut.held.high)}
    if cut is not None:
        return {"unit": unit, "seconds_low": round(cut.held.low, 2), "seconds_high": round(cut.held.high, 2)}
    if not deaths:
        return {"unit": unit}
    earliest = min((death.last for death in deaths), key=_age_s)
    return {
        "unit": unit,
        "earliest_packets": earliest.sent_before + 1,
        "earliest_s": round(_age_s(earliest), 2),
    }


def _renewed(deaths: Sequence[Death], lived: Sequence[Series]) -> int:
    """How many flows on new ports were answered at an endpoint while an old flow there was silent."""
    return sum(
        stream.part == "revival"
        and any(
            death.series.part != "revival"
            and death.series.round == stream.round
            and death.series.target.endpoint == stream.target.endpoint
            and stream.packets[0].sent_us > death.ended_us
            for death in deaths
        )
        for stream in lived
    )


def _strength(deaths: Sequence[Death], lived: Sequence[Series], facts: dict[str, Any]) -> int:
    """3: at two relays, three flows, of two rates. 2: one of these is missing. 1: flows died, whatever the reason."""
    if not deaths:
        whole = [stream for stream in lived if max(map(_age_s, _came(stream))) >= _LONG_ENOUGH_S]
        return -2 if len(whole) >= _MANY_FLOWS else 0
    if facts["controls_died"]:
        return 0
    # A control that could not have died, as it changes its ports or fell short of the limit, says nothing.
    if facts["controls_outlived"] < FEWEST_CONTROLS or not facts["renewed"]:
        return 1
    return 3 if len(deaths) >= _MANY_FLOWS and facts["endpoints"] >= 2 else 2


def _lived(streams: Sequence[Series]) -> list[Series]:
    """Flows whose death could be seen: they kept their port, and something came back."""
    return [stream for stream in streams if stream.keeps_its_port and stream.received]


def _came(stream: Series) -> list[Sent]:
    return [packet for packet in stream.packets if not packet.is_lost]


def _endpoints(streams: Iterable[Series]) -> int:
    return len({stream.target.endpoint for stream in streams})


def _age_s(packet: Sent) -> float:
    return (packet.sent_us - packet.opened_us) / _US
