"""What the times of the packets that came say: jitter, percentiles, queueing delay."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

# A packet was queued if its round trip is this far above the fast ones (PD, SIGCOMM'16; facts/inference.md 3.2).
_RISE_RATIO: Final = 1.3
_RISE_US: Final = 20_000
_FAST_SHARE: Final = 0.1


def jitter_ms(packets: Iterable[tuple[int, int]]) -> float:
    """Interarrival jitter (RFC 3550 section 6.4.1 and A.8) after the last packet, from (sent_us, received_us) of the
    packets that came, in order of arrival. 0 with fewer than two."""
    jitter_us = 0.0
    for (sent_before, received_before), (sent, received) in pairwise(packets):
        jitter_us += (abs((received - received_before) - (sent - sent_before)) - jitter_us) / 16
    return jitter_us / 1000


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a `share` between 0 and 1 lies, interpolated between neighbours (Hyndman and Fan's type 7).
    Raises ValueError without values."""
    if not values:
        raise ValueError("no values to take a percentile of")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = ordered[math.floor(place)]
    return below + (ordered[math.ceil(place)] - below) * (place - math.floor(place))


def above_minimum_ms(rtts_us: Sequence[int]) -> tuple[float, ...]:
    """How long each packet waited in queues: its round trip less the shortest of the series (as RFC 5481's PDV)."""
    least_us = min(rtts_us, default=0)
    return tuple([(rtt_us - least_us) / 1000 for rtt_us in rtts_us])


def rises_before_loss(rtts_us: Sequence[int | None]) -> float | None:
    """Share of the runs of losses right before which the round trip was high, as a filling queue makes it and a policer
    does not.

    `rtts_us` has every packet in sending order, None where it was lost. High is above 1.3 times the 10th percentile,
    20 ms above the minimum and not below the median (facts/inference.md 3.2). None where no loss follows an answer.
    """
    came = [rtt_us for rtt_us in rtts_us if rtt_us is not None]
    before_loss = [before for before, after in pairwise(rtts_us) if before is not None and after is None]
    if not before_loss:
        return None
    least_us = max(_RISE_RATIO * percentile(came, _FAST_SHARE), min(came) + _RISE_US, percentile(came, 0.5))
    return sum(rtt_us >= least_us for rtt_us in before_loss) / len(before_loss)
