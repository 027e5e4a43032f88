"""Is a service's stream held to a rate, as a policer does it: what comes through is the same at any rate above it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from callcheck.api import Claim, Evidence
from callcheck.stats.delay import rises_before_loss
from callcheck.stats.intervals import Interval
from callcheck.stats.ladder import LadderStep, Saturation, ladder_step, saturation
from callcheck.stats.policer import PolicerSignature, policer_signature
from callcheck_stream.reading.shared import by_endpoint, by_round, seqs_of
from callcheck_stream.series import Series

_BPS_PER_KBPS: Final = 1000
_LITTLE_LOSS_RATIO: Final = 0.02
# Where delay rises before most losses a queue filled up: a slow line or a shaper, not a policer.
_QUEUE_SHARE: Final = 0.5


def stream_rate_limited(service: str, streams: Sequence[Series], controls: Sequence[Series]) -> Evidence | None:
    """The claim for one service; None where no flow lost enough to show a limit, nor a ladder that there is none."""
    marks = [mark for mark in _marks(streams) if mark.is_policed]
    ladder = _ladder(streams)
    if not marks and not (ladder and ladder.saturates):
        return _no_limit(service, streams)
    limit, offered_bps, loss_ratio = _best(marks, ladder, streams)
    facts: dict[str, Any] = {
        "limit_low_kbps": round(limit.low / _BPS_PER_KBPS, 1),
        "limit_high_kbps": round(limit.high / _BPS_PER_KBPS, 1),
        "offered_kbps": round(offered_bps / _BPS_PER_KBPS, 1),
        "loss_ratio": round(loss_ratio, 4),
        "flows": len(marks),
        "controls_limited": sum(mark.is_policed for mark in _marks(controls)),
        "delay_rises_ratio": round(_delay_rises(streams), 2),
    }
    sure = len(marks) > 1 or (ladder is not None and ladder.saturates)
    strength = 1 if facts["delay_rises_ratio"] >= _QUEUE_SHARE else 3 if sure else 2
    return _evidence(service, streams, facts, strength)


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


def _marks(streams: Sequence[Series]) -> Iterator[PolicerSignature]:
    """Of each flow, and of all flows of a round to one endpoint together, since a limit may count either."""
    for own in by_round(streams).values():
        for merged in by_endpoint(own).values():
            groups = [[stream] for stream in merged]
            together = [stream for stream in merged if stream.part != "ladder"]
            for group in [*groups, *([together] if len(together) > 1 else [])]:
                mark = _mark(group)
                if mark is not None:
                    yield mark


def _mark(streams: Sequence[Series]) -> PolicerSignature | None:
    packets = sorted(
        (packet.sent_us, stream.ip_bytes, packet.is_lost) for stream in streams for packet in stream.packets
    )
    if not packets:
        return None
    sent_us, sizes, lost = zip(*packets, strict=True)
    return policer_signature(sent_us, sizes, lost)


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


def _best(
    marks: Sequence[PolicerSignature], ladder: Saturation | None, streams: Sequence[Series]
) -> tuple[Interval, float, float]:
    """The limit, and the highest rate at which it showed with its loss: the clearest single mark, else the ladder."""
    if marks:
        clearest = min(marks, key=lambda mark: mark.chance)
        return clearest.rate_bps, clearest.offered_bps, clearest.loss_ratio
    assert ladder is not None
    fastest = max((stream for stream in streams if stream.part == "ladder"), key=_offered_bps)
    return ladder.rate_bps, _offered_bps(fastest), 1 - fastest.received / max(1, fastest.sent)


def _offered_bps(stream: Series) -> float:
    if stream.sent < 2:
        return 0.0
    seconds = (stream.sent_us[-1] - stream.sent_us[0]) / 1e6
    return (stream.sent - 1) * stream.ip_bytes * 8 / seconds if seconds > 0 else 0.0


def _delay_rises(streams: Sequence[Series]) -> float:
    """The largest share of losses, over the flows, before which the delay had risen."""
    shares = [
        rises_before_loss(
            [None if packet.received_us is None else packet.received_us - packet.sent_us for packet in stream.packets]
        )
        for stream in streams
        if not stream.clock_set
    ]
    return max((share for share in shares if share is not None), default=0.0)


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
