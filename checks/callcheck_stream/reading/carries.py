"""Does the stream of a call come through, and does the same stream to neutral hosts?"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from callcheck.api import Claim, Evidence
from callcheck.stats.delay import jitter_ms, percentile
from callcheck.stats.intervals import wilson
from callcheck.stats.loss import fit_gilbert_all
from callcheck_stream.reading.shared import FEWEST_CONTROLS, informative, seqs_of
from callcheck_stream.series import Series

# Loss classes of the claims: up to 3 % carries a call, above that it is fair, poor, unusable (facts/inference.md 7).
_LOSS_CLASSES = ((0.03, 3), (0.10, -1), (0.30, -2))
_UNUSABLE = -3
_QUEUE_SHARE = 0.95
# So many losses, and so many times more of them in one direction, make it the one where packets are lost.
_FEWEST_LOSSES = 5
_MAJORITY = 2


def stream_carries(
    service: str, streams: Sequence[Series], controls: Sequence[Series], *, packets_needed: int
) -> Evidence:
    """The claim for one service; `controls` are the informative neutral flows of the same seconds."""
    known = informative(streams)
    sent, received = totals(known or streams)
    enough = bool(known) and sent >= packets_needed
    facts: dict[str, Any] = {
        "sent": sent,
        "received": received,
        **_loss(known or streams),
        "endpoints": len({stream.target.endpoint for stream in known}),
        "seconds": sum(_seconds(known or streams, number) for number in {stream.round for stream in streams}),
        **_oddities(streams),
        **_delays(known),
        **_direction(known),
    }
    if controls:
        facts["controls_loss_ratio"] = round(loss_ratio(*totals(controls)), 4)
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.stream_carries,
        facts=facts,
        strength=_strength(loss_ratio(sent, received)) if enough else 0,
        group=f"stream:{service}",
        seqs=seqs_of(streams),
    )


def controls_carry(streams: Sequence[Series], known: Sequence[Series]) -> Evidence:
    """The claim for the neutral hosts; `known` are the informative ones among `streams`."""
    sent, received = totals(known)
    endpoints = {stream.target.endpoint for stream in known}
    return Evidence(
        claim=Claim.controls_carry,
        facts={"sent": sent, "received": received, **_loss(known), "flows": len(endpoints)},
        strength=_strength(loss_ratio(sent, received)) if sent and len(endpoints) >= FEWEST_CONTROLS else 0,
        group="controls",
        seqs=seqs_of(streams),
    )


def totals(streams: Sequence[Series]) -> tuple[int, int]:
    return sum(stream.sent for stream in streams), sum(stream.received for stream in streams)


def loss_ratio(sent: int, received: int) -> float:
    return (sent - received) / sent if sent else 0.0


def _strength(ratio: float) -> int:
    return next((strength for most, strength in _LOSS_CLASSES if ratio <= most), _UNUSABLE)


def _seconds(streams: Sequence[Series], number: int) -> int:
    return len(frozenset[int]().union(*(stream.seconds for stream in streams if stream.round == number)))


def _loss(streams: Sequence[Series]) -> dict[str, float]:
    """The ratio with its interval, which allows for losses in runs, and how long these are."""
    sent, received = totals(streams)
    fit = fit_gilbert_all([stream.lost for stream in streams])
    within = wilson(sent - received, sent, design_effect=fit.design_effect if fit else 1.0)
    facts = {
        "loss_ratio": round(loss_ratio(sent, received), 4),
        "loss_low_ratio": round(within.low, 4),
        "loss_high_ratio": round(within.high, 4),
    }
    return facts | {"mean_run": round(fit.mean_run, 2)} if fit else facts


def _oddities(streams: Sequence[Series]) -> dict[str, int]:
    counts = {
        "late": sum(stream.late for stream in streams),
        "duplicates": sum(stream.duplicates for stream in streams),
        "reordered": sum(stream.reordered for stream in streams),
        "unsent": sum(stream.unsent for stream in streams),
        "icmp_errors": sum(stream.icmp_errors for stream in streams),
    }
    return {name: count for name, count in counts.items() if count}


def _delays(streams: Sequence[Series]) -> dict[str, float]:
    """`loop_ms` is the way there and back over both legs of a call relay, so it is no round-trip time of one leg.

    `queue_ms` is how long 19 of 20 packets waited at most, each flow above its own minimum: no other host's distance
    comes in. A clock that was set meanwhile tells nothing about delay.
    """
    sound = [stream for stream in streams if not stream.clock_set]
    by_fact: dict[str, list[int]] = defaultdict(list)
    for stream in sound:
        by_fact["loop_ms" if stream.form == "loop" else "rtt_ms"] += stream.rtts_us
    delays = {fact: round(statistics.median(values) / 1000, 1) for fact, values in by_fact.items() if values}
    waits = [wait_ms for stream in sound for wait_ms in stream.held_up_ms]
    jitters = [_jitter_ms(stream) for stream in sound if stream.received > 1]
    if waits:
        delays["queue_ms"] = round(percentile(waits, _QUEUE_SHARE), 1)
    if jitters:
        delays["jitter_ms"] = round(max(jitters), 1)
    return delays


def _jitter_ms(stream: Series) -> float:
    arrived = [(packet.sent_us, packet.received_us) for packet in stream.packets if packet.received_us is not None]
    return jitter_ms(sorted(arrived, key=lambda packet: packet[1]))


def _direction(streams: Sequence[Series]) -> dict[str, Any]:
    """Where packets were lost, up or down: only a far end that counts can tell, and only of what it had counted when
    its last answer came. A count with a clear majority is asked for, as answers may overtake each other."""
    lost_up = lost_down = 0
    for stream in streams:
        if stream.far_received is not None and stream.received:
            told = len(stream.lost) - stream.lost[::-1].index(False)
            there = min(stream.far_received, told)
            lost_up += told - there
            lost_down += max(0, there - stream.received)
    if max(lost_up, lost_down) <= _MAJORITY * min(lost_up, lost_down) or lost_up + lost_down < _FEWEST_LOSSES:
        return {"direction": "unknown"}
    return {"direction": "up" if lost_up > lost_down else "down", "lost_up": lost_up, "lost_down": lost_down}
