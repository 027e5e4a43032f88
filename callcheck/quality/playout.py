"""An emulated jitter buffer: which packets come too late to be played, and how long voice waits to be even.

After WebRTC NetEq (delay_manager.h, underrun_optimizer.cc, histogram.cc; facts/inference.md 1.4): every 500 ms the
greatest relative delay goes into a forgetting histogram, and its 95th percentile is what the buffer aims to hold back.
Left out: the reckoning of its own for reordered packets, which share the histogram here, and the seconds that speeding
speech up takes.
"""

from collections import deque
from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import fmean, median_low
from typing import Final

import msgspec

Packet = tuple[int, int | None]
"""When a packet was sent and when it came, in microseconds of one clock; None for one that never came."""

_QUANTILE: Final = 0.95
_FORGET_FACTOR: Final = 0.983
_START_FORGET_WEIGHT: Final = 2.0
_RESAMPLE_US: Final = 500_000
_HISTORY_US: Final = 2_000_000
_BUCKET_US: Final = 20_000
_BUCKETS: Final = 100
_START_TARGET_US: Final = 80_000
_LEAST_TARGET_US: Final = 40_000
_MOST_TARGET_US: Final = 500_000


class Playout(msgspec.Struct, frozen=True):
    """What a jitter buffer made of a series.

    `late` has a flag for each packet in sending order; a packet that never came is not late. Where the buffer ran dry,
    as many packets count as late as fit into the silence. `mean_target_ms` is what the buffer meant to hold back,
    `mean_delay_ms` the time from sending to playing, path and buffer together.
    """

    late: tuple[bool, ...]
    mean_target_ms: float
    mean_delay_ms: float


def play(packets: Sequence[Packet]) -> Playout | None:
    """Plays a series, given in sending order, through the buffer; None where nothing came."""
    arrivals = sorted((came, number) for number, (_, came) in enumerate(packets) if came is not None)
    if not arrivals:
        return None
    sent_us = [sent for sent, _ in packets]
    never_came = list(accumulate(came is None for _, came in packets))
    buffer = _Buffer(interval_us(sent_us))
    late = [False] * len(packets)
    targets_us, delays_us = [], []
    for came_us, number in arrivals:
        late[number] = buffer.take(sent_us[number], came_us, never_came[number])
        targets_us.append(buffer.target_us)
        delays_us.append(buffer.delay_us)
    return Playout(tuple(late), fmean(targets_us) / 1000, fmean(delays_us) / 1000)


def interval_us(sent_us: Sequence[int]) -> int:
    """The usual time from one packet to the next, in microseconds, at least 1."""
    steps = [later - earlier for earlier, later in pairwise(sent_us)]
    return max(1, median_low(steps)) if steps else 1


class _Histogram:
    """How often which delay was the greatest of its interval, the older counting less and less."""

    def __init__(self) -> None:
        self._shares = [0.0] * _BUCKETS
        self._added = 0

    def add(self, delay_us: int) -> None:
        """Takes a delay in; one beyond the last bucket is passed over, as NetEq does."""
        bucket = delay_us // _BUCKET_US
        if bucket >= _BUCKETS:
            return
        # The first delays weigh more, so that a call's beginning does not wait for the histogram to fill.
        kept = min(_FORGET_FACTOR, max(0.0, 1 - _START_FORGET_WEIGHT / (self._added + 1)))
        self._added += 1
        self._shares = [share * kept for share in self._shares]
        self._shares[bucket] += 1 - kept

    def target_us(self) -> int:
        """The upper edge of the bucket that holds the quantile."""
        beyond = 1.0
        for bucket, share in enumerate(self._shares):
            beyond -= share
            if beyond <= 1 - _QUANTILE:
                return (bucket + 1) * _BUCKET_US
        return _BUCKETS * _BUCKET_US


class _Least:
    """The least transit time among the arrivals of the last two seconds."""

    def __init__(self) -> None:
        self._rising: deque[tuple[int, int]] = deque()

    def among(self, came_us: int, transit_us: int) -> int:
        while self._rising and self._rising[-1][1] >= transit_us:
            self._rising.pop()
        self._rising.append((came_us, transit_us))
        while self._rising[0][0] < came_us - _HISTORY_US:
            self._rising.popleft()
        return self._rising[0][1]


class _Buffer:
    """The buffer at the moment of an arrival; `delay_us` is from sending to playing, as it stands."""

    def __init__(self, packet_us: int) -> None:
        self.target_us = _START_TARGET_US
        self.delay_us = 0
        self._packet_us = packet_us
        self._histogram = _Histogram()
        self._least = _Least()
        self._newest_sent_us: int | None = None
        self._silence_us = 0
        self._never_came = 0
        self._interval_began_us = 0
        self._interval_most_us = 0
        self._interval_least_transit_us = 0
        self._last_transit_us = 0

    def take(self, sent_us: int, came_us: int, never_came: int) -> bool:
        """Whether the packet counts as late; packets are given in the order of arrival.

        `never_came` is how many of those sent before it were lost.
        """
        transit_us = came_us - sent_us
        self._adapt(came_us, transit_us)
        overtaken = self._newest_sent_us is not None and sent_us < self._newest_sent_us
        if overtaken:
            # What was sent after it may be playing already, so the buffer does not stop for it.
            return transit_us > self.delay_us
        self._newest_sent_us = sent_us
        self._last_transit_us = transit_us
        # A lost packet's place in a silence counts as loss already.
        self._silence_us = max(0, self._silence_us - (never_came - self._never_came) * self._packet_us)
        self._never_came = never_came
        # The buffer ran dry: silence until the packet came, and from there on voice is behind by so much more.
        self._silence_us += max(0, transit_us - self.delay_us)
        self.delay_us = max(self.delay_us, transit_us)
        if self._silence_us < self._packet_us:
            return False
        self._silence_us -= self._packet_us
        return True

    def _adapt(self, came_us: int, transit_us: int) -> None:
        """Keeps the interval's extremes; at its end the buffer is set to the target over the path's least delay."""
        relative_us = transit_us - self._least.among(came_us, transit_us)
        if self._newest_sent_us is None:
            self.delay_us = transit_us + self.target_us
            self._begin_interval(came_us, transit_us)
        elif came_us - self._interval_began_us > _RESAMPLE_US:
            self._histogram.add(self._interval_most_us)
            self.target_us = min(_MOST_TARGET_US, max(_LEAST_TARGET_US, self._histogram.target_us()))
            # Never so low that it would be dry at once: the path itself may have become longer.
            self.delay_us = max(self._interval_least_transit_us + self.target_us, self._last_transit_us)
            self._begin_interval(came_us, transit_us)
        self._interval_most_us = max(self._interval_most_us, relative_us)
        self._interval_least_transit_us = min(self._interval_least_transit_us, transit_us)

    def _begin_interval(self, came_us: int, transit_us: int) -> None:
        self._interval_began_us = came_us
        self._interval_most_us = 0
        self._interval_least_transit_us = transit_us
