"""How the calls of a run would sound: the flows that carried voice-like packets through a call relay, scored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from callcheck.model import FlowSecond, Observation, Quality, Target
from callcheck.quality.call import LEAST_PACKETS, CallQuality, call_quality, word_for
from callcheck.quality.emodel import mean_opinion
from callcheck.quality.playout import Packet, interval_us
from callcheck.report.flows import PLAN_OP, flow_second

# Only a loop through a call relay takes the way of a voice; questions and their answers do not (DESIGN 6).
_VOICE_FORM = "loop"
_VOICE_PART = "stream"

_Flow = tuple[str, str, int, str]
"""Service, endpoint, round and arm."""


def qualities_of(observations: Iterable[Observation]) -> tuple[Quality, ...]:
    """One for each service whose relays carried a stream of at least 100 packets: the relay that an app would choose,
    as it is the nearest, and there the flow with a call's rate, in the round in which it fared worst. WhatsApp's relays
    carry no stranger's media.

    A flow during which this machine slept, had its clock set or changed its network tells nothing of a call's sound.
    The seconds of a quick round do not count beside half a minute that was played when the run was continued.
    """
    flows: dict[_Flow, list[FlowSecond]] = defaultdict(list)
    quick: set[_Flow] = set()
    is_quick = False
    for observation in observations:
        if observation.op == PLAN_OP:
            is_quick = observation.data.get("depth") == "quick"
        target = observation.target
        # To read a second takes longer than to see whether it is one of a voice.
        if target is None or not _is_voice(observation, target):
            continue
        if (second := flow_second(observation)) is not None:
            flow = (target.service, target.endpoint, _round_of(observation), second.arm)
            flows[flow].append(second)
            if is_quick:
                quick.add(flow)
    found = []
    for service in dict.fromkeys(service for service, *_ in flows):
        own = {flow: seconds for flow, seconds in flows.items() if flow[0] == service}
        scored = _nearest(_fastest(_longer({flow: own[flow] for flow in own if flow not in quick}, own)))
        if scored is not None:
            found.append(_quality(service, scored))
    return tuple(found)


def _is_voice(observation: Observation, target: Target) -> bool:
    part = observation.data.get("part", _VOICE_PART)
    return target.role == "subject" and observation.form == _VOICE_FORM and bool(part == _VOICE_PART)


def _round_of(observation: Observation) -> int:
    number = observation.data.get("round", 0)
    return number if isinstance(number, int) else 0


def _longer(
    longer: Mapping[_Flow, Sequence[FlowSecond]], every: Mapping[_Flow, Sequence[FlowSecond]]
) -> Mapping[_Flow, Sequence[FlowSecond]]:
    """The flows of longer rounds, if there is enough of them; else every one."""
    is_enough = any(_count(seconds) >= 2 * LEAST_PACKETS for seconds in longer.values())
    return longer if is_enough else every


def _fastest(flows: Mapping[_Flow, Sequence[FlowSecond]]) -> Mapping[str, list[Sequence[Packet]]]:
    """Of each endpoint the packets of its fastest flow of each round, where these are enough and nothing befell it."""
    fastest: dict[tuple[str, int], Sequence[FlowSecond]] = {}
    for (_, endpoint, number, _), seconds in flows.items():
        if _count(seconds) > _count(fastest.get((endpoint, number), ())):
            fastest[endpoint, number] = seconds
    by_endpoint: dict[str, list[Sequence[Packet]]] = defaultdict(list)
    for (endpoint, _), seconds in fastest.items():
        packets = _packets(seconds)
        if len(packets) >= LEAST_PACKETS and not any(second.events for second in seconds):
            by_endpoint[endpoint].append(packets)
    return by_endpoint


def _count(seconds: Iterable[FlowSecond]) -> int:
    return sum(len(second.sent_us) for second in seconds)


def _nearest(by_endpoint: Mapping[str, Sequence[Sequence[Packet]]]) -> CallQuality | None:
    """The worst flow to the endpoint with the shortest way; None where nothing came through to any."""
    ways_us = {endpoint: way for endpoint, flows in by_endpoint.items() if (way := _shortest_way_us(flows)) is not None}
    return _worst(by_endpoint[min(ways_us, key=ways_us.__getitem__)]) if ways_us else None


def _shortest_way_us(flows: Iterable[Sequence[Packet]]) -> int | None:
    """None where nothing came through: nobody knows how far away that endpoint is."""
    return min((came - sent for packets in flows for sent, came in packets if came is not None), default=None)


def _worst(flows: Sequence[Sequence[Packet]]) -> CallQuality | None:
    """The lowest score among flows to one endpoint; None where none of them brought anything."""
    scored = [(packets, call_quality(packets)) for packets in flows]
    heard = [quality for _, quality in scored if quality is not None]
    mute = [_mute(heard[0], packets) for packets, quality in scored if quality is None and heard]
    return min([*mute, *heard], key=lambda quality: quality.mos, default=None)


def _mute(like: CallQuality, packets: Sequence[Packet]) -> CallQuality:
    """A round in which nothing came through, where others did: R falls to 0 at total loss, whatever the delay."""
    score = mean_opinion(0)
    return msgspec.structs.replace(
        like,
        mos=score,
        mos_low=score,
        mos_high=score,
        r=0.0,
        word=word_for(score),
        heard="gaps",
        loss_ratio=1.0,
        late_ratio=0.0,
        packets=len(packets),
        seconds=(packets[-1][0] - packets[0][0] + interval_us([sent_us for sent_us, _ in packets])) / 1e6,
        assumptions=tuple(dict.fromkeys((*like.assumptions, "loss_beyond_model"))),
    )


def _packets(seconds: Sequence[FlowSecond]) -> list[Packet]:
    """In sending order, without those that our own system refused to send."""
    return [
        (sent_us, received_us)
        for second in sorted(seconds, key=lambda one: one.second)
        for number, (sent_us, received_us) in enumerate(
            zip(second.sent_us, second.received_us, strict=False), start=second.first_number
        )
        if number not in second.unsent
    ]


def _quality(service: str, scored: CallQuality) -> Quality:
    return Quality(
        service=service,
        function="calls",
        mos=round(scored.mos, 2),
        mos_low=round(scored.mos_low, 2),
        mos_high=round(scored.mos_high, 2),
        word=scored.word,
        heard=scored.heard,
        loss_ratio=round(scored.loss_ratio, 4),
        late_ratio=round(scored.late_ratio, 4),
        delay_ms=round(scored.delay_ms, 1),
        packets=scored.packets,
        seconds=round(scored.seconds, 1),
        assumptions=scored.assumptions,
    )
