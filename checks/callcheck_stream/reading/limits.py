"""Is a service's stream held to a rate, as a policer does it: what comes through is the same at any rate above it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec

from callcheck.api import Claim, Evidence
from callcheck.stats.delay import percentile, rises_before_loss
from callcheck.stats.intervals import Interval, wilson
from callcheck.stats.ladder import LadderStep, Saturation, ladder_step, saturation
from callcheck.stats.policer import PolicerSignature, policer_signature
from callcheck_stream.reading.shared import by_endpoint, by_round, seqs_of
from callcheck_stream.series import Series

_BPS_PER_KBPS: Final = 1000
_MOST_CHANCE: Final = 1e-4
_LITTLE_LOSS_RATIO: Final = 0.02
# Where delay rises before most losses a queue filled up: a slow line or a shaper, not a policer.
_QUEUE_SHARE: Final = 0.5
# So many losses make a mark; and before fewer of them any packet may have waited.
_FEWEST_LOSSES: Final = 20
# A queue that stands full delays even its fast packets by so much (as `rises_before_loss` has it).
_STANDING_RATIO: Final = 1.3
_STANDING_US: Final = 20_000
_FAST_SHARE: Final = 0.1

# What a limit may count: one flow, all flows to one endpoint, all flows of the service.
Kind = Literal["flow", "endpoint", "service"]


class _Mark(msgspec.Struct, frozen=True):
    """A policer's mark on the flows of one kind. Marks of a kind share no packet."""

    kind: Kind
    in_ladder: bool
    found: PolicerSignature


def stream_rate_limited(service: str, streams: Sequence[Series], controls: Sequence[Series]) -> Evidence | None:
    """The claim for one service; None where no flow lost enough to show a limit, nor a ladder that there is none.

    The limit is what came through one way, at the IP layer. Its interval allows for as much other loss behind the
    policer as the controls had. A bucket that counts both ways of a loop holds more: what it let through on the way
    there and dropped on the way back is not seen.
    """
    marks = _policed(list(_marks(streams)))
    ladder = _ladder(streams)
    saturates = ladder is not None and ladder.saturates
    if not marks and not saturates:
        return _no_limit(service, streams)
    best = min(marks, key=lambda mark: mark.found.chance, default=None)
    limit, offered_bps, loss_ratio = _limit(best, ladder, streams)
    controls_marked = _policed(list(_marks(controls)))
    facts: dict[str, Any] = {
        "limit_low_kbps": round(limit.low / _BPS_PER_KBPS, 1),
        "limit_high_kbps": round(limit.high / (1 - _other_loss(controls)) / _BPS_PER_KBPS, 1),
        "offered_kbps": round(offered_bps / _BPS_PER_KBPS, 1),
        "loss_ratio": round(loss_ratio, 4),
        "flows": len(_agreeing(best, marks)),
        "controls_limited": len(controls_marked),
        "line_kbps": round(_carried_bps([*streams, *controls]) / _BPS_PER_KBPS, 1),
        "delay_rises_ratio": round(_delay_rises(streams), 2),
    }
    is_shared = bool(controls_marked) or _is_of_the_line(best, streams, controls)
    strength = 1 if is_shared or facts["delay_rises_ratio"] >= _QUEUE_SHARE else _strength(best, marks, facts)
    return _evidence(service, streams, facts, strength)


def _strength(best: _Mark | None, marks: Sequence[_Mark], facts: dict[str, Any]) -> int:
    """3: flows that controls ran beside show one limit twice. 2: they show it once; or only the ladder does, which no
    control runs beside, at less than the line carried in another round. 1: the line may end there."""
    agreeing = _agreeing(best, marks)
    if any(not mark.in_ladder for mark in agreeing):
        return 3 if len(agreeing) > 1 else 2
    return 2 if agreeing and facts["limit_high_kbps"] < facts["line_kbps"] else 1


def _agreeing(best: _Mark | None, marks: Sequence[_Mark]) -> list[_Mark]:
    """Marks of the same limit that share no packet. The ladder's flows have the relay to themselves, so that they meet
    a limit of any kind."""
    if best is None:
        return []
    overlapping = [
        mark
        for mark in marks
        if mark.found.rate_bps.low <= best.found.rate_bps.high and best.found.rate_bps.low <= mark.found.rate_bps.high
    ]
    matched = [mark for mark in overlapping if not mark.in_ladder]
    clearest = min(matched, key=lambda mark: mark.found.chance, default=best)
    return [mark for mark in overlapping if mark.in_ladder or mark.kind == clearest.kind]


def _no_limit(service: str, streams: Sequence[Series]) -> Evidence | None:
    """At rates up to the ladder's next to nothing was lost: there is no limit below."""
    ladder = [stream for stream in streams if stream.part == "ladder"]
    sent = sum(stream.sent for stream in ladder)
    lost = sent - sum(stream.received for stream in ladder)
    if not sent or lost > _LITTLE_LOSS_RATIO * sent:
        return None
    offered_kbps = max(_offered_bps(stream) for stream in ladder) / _BPS_PER_KBPS
    return _evidence(
        service, streams, {"offered_kbps": round(offered_kbps, 1), "loss_ratio": round(lost / sent, 4)}, -2
    )


def _marks(streams: Sequence[Series]) -> Iterator[_Mark]:
    """Round by round, of all groups of flows that a limit may count together."""
    for own in by_round(streams).values():
        together = [stream for stream in own if stream.part != "ladder"]
        groups: list[tuple[Kind, Sequence[Series]]] = [("flow", [stream]) for stream in own]
        endpoints = by_endpoint(together)
        groups += [("endpoint", group) for group in endpoints.values() if len(group) > 1]
        groups += [("service", together)] if len(endpoints) > 1 else []
        for kind, group in groups:
            found = _mark(group)
            if found is not None:
                yield _Mark(kind, group[0].part == "ladder", found)


def _policed(marks: Sequence[_Mark]) -> list[_Mark]:
    """Those of a policer; none where the clearest of so many may be a find of chance."""
    found = [mark for mark in marks if mark.found.is_policed]
    return found if any(mark.found.chance * len(marks) <= _MOST_CHANCE for mark in found) else []


def _mark(streams: Sequence[Series]) -> PolicerSignature | None:
    if sum(stream.sent - stream.received for stream in streams) < _FEWEST_LOSSES:
        return None
    packets = sorted(
        (packet.sent_us, stream.ip_bytes, packet.is_lost) for stream in streams for packet in stream.packets
    )
    sent_us, sizes, lost = zip(*packets, strict=True)
    return policer_signature(sent_us, sizes, lost)


def _is_of_the_line(best: _Mark | None, streams: Sequence[Series], controls: Sequence[Series]) -> bool:
    """Whether service and controls together keep to one rate, more closely than the service alone."""
    by_number = by_round(controls)
    merged = (
        _mark([*(stream for stream in own if stream.part != "ladder"), *by_number.get(number, [])])
        for number, own in by_round(streams).items()
    )
    return any(mark is not None and best is not None and mark.chance < best.found.chance for mark in merged)


def _ladder(streams: Sequence[Series]) -> Saturation | None:
    """All rates to the endpoint that bore the ladder: its steps, and its fastest flow of a whole round."""
    steps = [stream for stream in streams if stream.part == "ladder"]
    if not steps:
        return None
    endpoint = steps[0].target.endpoint
    calls = [stream for stream in streams if stream.part == "stream" and stream.target.endpoint == endpoint]
    fastest = max(calls, key=_offered_bps, default=None)
    found = [_step(stream) for stream in [*([fastest] if fastest else []), *steps]]
    return saturation([step for step in found if step is not None])


def _step(stream: Series) -> LadderStep | None:
    return ladder_step(stream.sent_us, [stream.ip_bytes] * stream.sent, stream.lost)


def _limit(best: _Mark | None, ladder: Saturation | None, streams: Sequence[Series]) -> tuple[Interval, float, float]:
    """The limit, and the rate at which it showed with its loss: by the clearest mark, else by the ladder."""
    if best is not None:
        return best.found.rate_bps, best.found.offered_bps, best.found.loss_ratio
    assert ladder is not None
    fastest = max((stream for stream in streams if stream.part == "ladder"), key=_offered_bps)
    return ladder.rate_bps, _offered_bps(fastest), 1 - fastest.received / max(1, fastest.sent)


def _other_loss(controls: Sequence[Series]) -> float:
    """As much as the controls may lose; 0 without any."""
    sent = sum(stream.sent for stream in controls)
    lost = sent - sum(stream.received for stream in controls)
    return wilson(lost, sent).high if 0 < sent != lost else 0.0


def _carried_bps(streams: Sequence[Series]) -> float:
    """The most that came through in any round but the ladder, in the mean from its first packet to its last."""
    rates = [0.0]
    for group in by_round([stream for stream in streams if stream.part != "ladder" and stream.sent]).values():
        first_us = min(stream.sent_us[0] for stream in group)
        seconds = (max(stream.sent_us[-1] for stream in group) - first_us) / 1e6
        if seconds > 0:
            rates.append(sum(stream.received * stream.ip_bytes for stream in group) * 8 / seconds)
    return max(rates)


def _offered_bps(stream: Series) -> float:
    if stream.sent < 2:
        return 0.0
    seconds = (stream.sent_us[-1] - stream.sent_us[0]) / 1e6
    return (stream.sent - 1) * stream.ip_bytes * 8 / seconds if seconds > 0 else 0.0


def _delay_rises(streams: Sequence[Series]) -> float:
    """The largest share of losses, over the flows, before which a queue had filled; all of them where one stands."""
    shares = [0.0]
    for endpoint in by_endpoint([stream for stream in streams if not stream.clock_set]).values():
        least_us = min((rtt_us for stream in endpoint for rtt_us in stream.rtts_us), default=0)
        shares += [
            1.0 if _queue_stands(stream, least_us) else rises_before_loss(_rtts_us(stream)) or 0.0
            for stream in endpoint
            if stream.received and stream.sent - stream.received >= _FEWEST_LOSSES
        ]
    return max(shares)


def _queue_stands(stream: Series, least_us: int) -> bool:
    """Whether even the fast packets waited: a queue that is always full does not rise before a loss any more."""
    begin = stream.lost.index(True)
    waited_us = [rtt_us for rtt_us in _rtts_us(stream)[begin:] if rtt_us is not None]
    if not waited_us:
        return False
    return percentile(waited_us, _FAST_SHARE) > max(_STANDING_RATIO * least_us, least_us + _STANDING_US)


def _rtts_us(stream: Series) -> list[int | None]:
    return [None if packet.received_us is None else packet.received_us - packet.sent_us for packet in stream.packets]


def _evidence(service: str, streams: Sequence[Series], facts: dict[str, Any], strength: int) -> Evidence:
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.stream_rate_limited,
        facts=facts,
        strength=strength,
        group=f"stream:{service}",
        seqs=seqs_of(streams),
    )
