"""Which flows run beside each other, when and how fast: pure arithmetic under the limits of politeness (DESIGN 6).

An arm is one endpoint. Its flows have ports of their own, start 0, 3 and 6 s into a round and share their rates and
ticks with the flows of every other arm of their pace. The first flow has a call's rate, a packet every 56 ms; the
others are slow, so that a cut-off after so many packets and one after so many seconds fall apart: 12 packets last 0.7,
4.8 and 8 s. A flow that died is followed by a new one, beside new flows of the controls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from callcheck.api import Arm, Depth, FlowCodec, Target

# To a relay, and to hosts of networks that bear a stream, at most 25 questions a second and 80 kbit/s: 25 x 188 x 8 is
# 37.6 kbit/s, and a relay that sends them on as well moves 75.2.
CALL_RATE_PPS: Final = 25.0
# Any other responder gets at most 10 questions a second, and 10 on one 5-tuple.
GENTLE_RATE_PPS: Final = 10.0
GENTLE_PACKETS_PER_PORT: Final = 10
# What `works` needs over all endpoints of a service (DESIGN 5.2).
PACKETS_NEEDED: Final[Mapping[Depth, int]] = {"quick": 125, "standard": 500, "deep": 500}

_TWINS_APART_S: Final = 0.005
_TWIN_RATE_PPS: Final = 11.0
_REVIVAL_RATE_PPS: Final = 3.0

Pace = Literal["call", "gentle"]
# stream: the call itself. revival: a new port after a death. single, twins: the doubled arm and the one it is held
# against. ladder: rising rates to one relay.
Part = Literal["stream", "revival", "single", "twins", "ladder"]
Round = Literal["whole", "twins", "ladder"]
ROUNDS: Final[Mapping[Depth, Sequence[Round]]] = {
    "quick": ("whole",),
    "standard": ("whole",),
    "deep": ("whole", "twins", "whole", "ladder"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """Who takes part: the target as the catalogue names it, its address, the form of its packets, and what makes them.

    `codec` makes a new one for each flow of a rate, as two flows of one key could be taken for each other.
    """

    target: Target
    address: str
    form: str
    pace: Pace
    codec: Callable[[float], FlowCodec]


@dataclass(frozen=True, slots=True)
class Flow:
    """One arm as the flow process runs it, and what it is for. `index` tells the flows of one endpoint apart."""

    arm: Arm
    endpoint: Endpoint
    part: Part
    index: int


@dataclass(frozen=True, slots=True)
class _Shape:
    """A flow that each endpoint of a pace has."""

    part: Part
    rate_pps: float
    start_s: float = 0.0
    stop_s: float | None = None
    twins_apart_s: float = 0.0


_QUICK: Final = (_Shape("stream", CALL_RATE_PPS),)
_WHOLE: Final = (_Shape("stream", 18.0), _Shape("stream", 2.5, 3.0), _Shape("stream", 1.5, 6.0))
_REVIVAL: Final = _Shape("revival", _REVIVAL_RATE_PPS)
_TWINS: Final = (_Shape("single", _TWIN_RATE_PPS), _Shape("twins", _TWIN_RATE_PPS, twins_apart_s=_TWINS_APART_S))
_GENTLE: Final = (_Shape("stream", GENTLE_RATE_PPS),)
# 150 and 300 kbit/s for 4 s each, the most that DESIGN 6 allows: a policer of up to 200 kbit/s with a burst of up to
# 50 kB shows in them.
_LADDER: Final = (_Shape("ladder", 100.0, 0.0, 4.0), _Shape("ladder", 200.0, 4.0, 8.0))


def rounds_left(depth: Depth, played: Iterable[Round]) -> list[Round]:
    """The depth's rounds that are still to be played, in order, where those were `played` before."""
    left = list(ROUNDS[depth])
    for kind in played:
        if kind in left:
            left.remove(kind)
    return left


def flows(endpoints: Sequence[Endpoint], *, depth: Depth, round_kind: Round, phase: Callable[[], float]) -> list[Flow]:
    """The flows of one round. `phase` draws from 0 to 1: one for each rate, so that arms of one rate share their ticks
    and two rates do not beat together."""
    if round_kind == "ladder":
        return _ladder(endpoints)
    phases: dict[float, float] = {}
    for shape in (*_QUICK, *_WHOLE, *_TWINS, *_GENTLE):
        if shape.rate_pps not in phases:
            phases[shape.rate_pps] = phase() / shape.rate_pps
    found = [
        _flow(endpoint, number, shape, index=index, phase_s=phases[shape.rate_pps])
        for number, endpoint in enumerate(endpoints, start=1)
        for index, shape in enumerate(_shapes(endpoint, depth, round_kind))
    ]
    return found if depth == "quick" or round_kind == "twins" else [*found, *_revivals(found)]


def _shapes(endpoint: Endpoint, depth: Depth, round_kind: Round) -> Sequence[_Shape]:
    if endpoint.pace == "gentle":
        return _GENTLE
    if round_kind == "twins":
        return _TWINS
    return _QUICK if depth == "quick" else _WHOLE


def _flow(
    endpoint: Endpoint, number: int, shape: _Shape, *, index: int, phase_s: float, after: tuple[str, ...] = ()
) -> Flow:
    name = f"{endpoint.target.service or endpoint.target.network}-{number}-{shape.part}-{index}"
    arm = Arm(
        name=name,
        target=endpoint.target,
        codec=endpoint.codec(shape.rate_pps),
        rate_pps=shape.rate_pps,
        start_s=shape.start_s + phase_s,
        stop_s=shape.stop_s,
        twins_apart_s=shape.twins_apart_s,
        after_death_of=after,
    )
    return Flow(arm, endpoint, shape.part, index)


def _revivals(found: Sequence[Flow]) -> Iterator[Flow]:
    """A new flow for each endpoint of a call's pace: after a death of its own, and with a subject's for a control."""
    endpoints = list(dict.fromkeys(flow.endpoint for flow in found))
    subjects = tuple(flow.arm.name for flow in found if flow.endpoint.pace == "call" and _is_subject(flow))
    if not subjects:
        return
    for number, endpoint in enumerate(endpoints, start=1):
        if endpoint.pace == "call":
            own = tuple(flow.arm.name for flow in found if flow.endpoint is endpoint)
            after = own if endpoint.target.role == "subject" else tuple(dict.fromkeys((*own, *subjects)))
            yield _flow(endpoint, number, _REVIVAL, index=0, phase_s=0.0, after=after)


def _is_subject(flow: Flow) -> bool:
    return flow.endpoint.target.role == "subject"


def _ladder(endpoints: Sequence[Endpoint]) -> list[Flow]:
    """Rising rates to the first relay of a call's pace; nobody else gets so much."""
    relay = next((one for one in endpoints if one.pace == "call" and one.target.role == "subject"), None)
    if relay is None:
        return []
    return [_flow(relay, 1, shape, index=index, phase_s=0.0) for index, shape in enumerate(_LADDER)]
