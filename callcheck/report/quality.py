"""How the calls of a run would sound: the flows that carried voice-like packets through a call relay, scored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from callcheck.model import FlowSecond, Observation, Quality, Target
from callcheck.quality.call import CallQuality, call_quality
from callcheck.quality.playout import Packet
from callcheck.report.flows import flow_second

# Only a loop through a call relay takes the way of a voice; questions and their answers do not (DESIGN 6).
_VOICE_FORM = "loop"
_VOICE_PARTS = frozenset({"stream"})


def qualities_of(observations: Iterable[Observation]) -> tuple[Quality, ...]:
    """One for each service whose relays carried a stream of at least 100 packets: the relay that an app would choose,
    as it is the nearest, and there the flow with a call's rate. WhatsApp's relays carry no stranger's media."""
    flows: dict[tuple[str, str, int, str], list[FlowSecond]] = defaultdict(list)
    for observation in observations:
        second = flow_second(observation)
        target = observation.target
        if second is not None and target is not None and _is_voice(observation, target):
            number = observation.data.get("round", 0)
            flows[target.service, target.endpoint, number, second.arm].append(second)
    found = []
    for service in dict.fromkeys(service for service, *_ in flows):
        scored = _nearest({key: seconds for key, seconds in flows.items() if key[0] == service})
        if scored is not None:
            found.append(_quality(service, scored))
    return tuple(found)


def _is_voice(observation: Observation, target: Target) -> bool:
    part = observation.data.get("part", "stream")
    return target.role == "subject" and observation.form == _VOICE_FORM and part in _VOICE_PARTS


def _nearest(flows: Mapping[tuple[str, str, int, str], Sequence[FlowSecond]]) -> CallQuality | None:
    """Of each endpoint its fastest flow, the worst over the rounds; of these the one with the shortest way."""
    by_endpoint: dict[str, list[tuple[int, CallQuality]]] = defaultdict(list)
    for (_, endpoint, _, _), seconds in flows.items():
        packets = _packets(seconds)
        scored = call_quality(packets)
        if scored is not None:
            way_us = min(came - sent for sent, came in packets if came is not None)
            by_endpoint[endpoint].append((way_us, scored))
    if not by_endpoint:
        return None
    nearest = min(by_endpoint.values(), key=lambda found: min(way_us for way_us, _ in found))
    most = max(scored.packets for _, scored in nearest)
    return min((scored for _, scored in nearest if 2 * scored.packets >= most), key=lambda scored: scored.mos)


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
