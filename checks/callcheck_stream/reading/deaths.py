"""Are flows cut off, after how many packets or seconds, and does a new port revive them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

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
_PACKETS_APART: Final = 1
_SECONDS_APART: Final = 0.3
_US: Final = 1_000_000

Unit = Literal["packets", "seconds", "unknown"]


@dataclass(frozen=True, slots=True)
class Death:
    """A flow that came through and then fell silent for good.

    `packets` is how many datagrams had passed: at least those that we sent on the 5-tuple up to the last that came
    through, at most these and the answers to them, as a rule may count both directions. `seconds` counts from the
    5-tuple's first datagram to the last that passed, and to the first that did not. `ended_us` is when that was.
    """

    series: Series
    packets: Interval
    seconds: Interval
    ended_us: int


def death_of(series: Series) -> Death | None:
    """How a flow died; None where it did not, never lived, or changed its port all the time."""
    ending = ending_of(series.lost) if series.keeps_its_port else None
    if ending is None or ending.silent_packets < _SILENT_PACKETS or ending.chance > _MOST_CHANCE:
        return None
    last, first_lost = series.packets[ending.last_passed_index], series.packets[ending.last_passed_index + 1]
    if series.packets[-1].sent_us - first_lost.sent_us < _SILENT_S * _US:
        return None
    own = last.sent_before + 1
    answers = ending.last_passed_index + 1 if series.form != "loop" else last.sent_before - last.number
    return Death(
        series,
        packets=Interval(own, own + answers),
        seconds=Interval(_age_s(last), _age_s(first_lost)),
        ended_us=first_lost.sent_us,
    )


def stream_cut_off(service: str, streams: Sequence[Series], controls: Sequence[Series]) -> Evidence | None:
    """The claim for one service; None where no flow kept its port, so that nothing could be cut off."""
    lived = [stream for stream in streams if stream.keeps_its_port and stream.received]
    if not lived:
        return None
    deaths = [death for stream in lived if (death := death_of(stream)) is not None]
    controls_died = sum(death_of(control) is not None for control in controls)
    unit = unit_of(deaths)
    facts: dict[str, Any] = {
        "flows": len(lived),
        "died": len(deaths),
        "endpoints": len({death.series.target.endpoint for death in deaths}),
        "renewed": _renewed(deaths, lived),
        "controls": len({control.target.endpoint for control in controls}),
        "controls_died": controls_died,
        **_after(deaths, unit),
    }
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.stream_cut_off,
        facts=facts,
        strength=_strength(deaths, lived, facts, unit),
        group=f"stream:{service}",
        seqs=seqs_of(streams),
    )


def unit_of(deaths: Sequence[Death]) -> Unit:
    """Whether flows died after the same number of packets or the same time, told by flows of different rates."""
    if len(deaths) < 2:
        return "unknown"
    same_packets = _meet([death.packets for death in deaths], _PACKETS_APART)
    same_seconds = _meet([death.seconds for death in deaths], _SECONDS_APART)
    if same_packets == same_seconds:
        return "unknown"
    return "packets" if same_packets else "seconds"


def _meet(intervals: Sequence[Interval], apart: float) -> bool:
    return max(one.low for one in intervals) <= min(one.high for one in intervals) + apart


def _common(intervals: Sequence[Interval]) -> Interval:
    """What all intervals hold, or, where the network blurred them, the narrow gap between them."""
    low, high = max(one.low for one in intervals), min(one.high for one in intervals)
    return Interval(min(low, high), max(low, high))


def _after(deaths: Sequence[Death], unit: Unit) -> dict[str, Any]:
    if not deaths:
        return {"unit": "unknown"}
    if unit == "packets":
        packets = _common([one.packets for one in deaths])
        return {"unit": unit, "packets_low": round(packets.low), "packets_high": round(packets.high)}
    if unit == "seconds":
        seconds = _common([one.seconds for one in deaths])
        return {"unit": unit, "seconds_low": round(seconds.low, 2), "seconds_high": round(seconds.high, 2)}
    earliest = min(deaths, key=lambda one: one.seconds.low)
    return {
        "unit": unit,
        "earliest_packets": round(earliest.packets.low),
        "earliest_s": round(earliest.seconds.low, 2),
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


def _strength(deaths: Sequence[Death], lived: Sequence[Series], facts: dict[str, Any], unit: Unit) -> int:
    if not deaths:
        whole = [stream for stream in lived if _age_s(stream.packets[-1]) >= _LONG_ENOUGH_S]
        return -2 if len(whole) >= _MANY_FLOWS else 0
    alone = facts["controls_died"] == 0 and facts["controls"] >= FEWEST_CONTROLS
    if not alone or not facts["renewed"] or unit == "unknown":
        return 1 if facts["controls_died"] == 0 else 0
    return 3 if len(deaths) >= _MANY_FLOWS and facts["endpoints"] >= 2 else 2


def _age_s(packet: Sent) -> float:
    return (packet.sent_us - packet.opened_us) / _US
