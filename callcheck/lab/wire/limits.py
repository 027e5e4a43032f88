"""What a wire does to packets that come faster than a rate: a queue that holds them, a policer that drops them.

Both must be given packets in the order of their times. Rates and sizes at the IP layer.
"""

from typing import Final

_BYTE_UNITS: Final = 8 * 10**9  # a policer counts in bit/s times ns, so that no token is lost to rounding


class Queue:
    """A first-in, first-out queue before a fixed rate; drops what does not fit behind the bytes that wait.

    An idle queue takes any packet, however small its room. `queued` packets had to wait for others, the longest for
    `max_wait_ns` until its own transmission began.
    """

    __slots__ = ("_free_ns", "_ns_per_byte", "_room_bytes", "dropped", "max_wait_ns", "queued")

    def __init__(self, rate_kbps: float, queue_kb: float) -> None:
        self._ns_per_byte = 8e6 / rate_kbps
        self._room_bytes = queue_kb * 1000
        self._free_ns = 0
        self.dropped = 0
        self.queued = 0
        self.max_wait_ns = 0

    def leaves_ns(self, arrival_ns: int, size_bytes: int) -> int | None:
        """When the last bit has left, or None if the queue is full."""
        begins_ns = arrival_ns
        wait_ns = self._free_ns - arrival_ns
        if wait_ns > 0:
            if wait_ns / self._ns_per_byte + size_bytes > self._room_bytes:
                self.dropped += 1
                return None
            begins_ns = self._free_ns
            self.queued += 1
            self.max_wait_ns = max(self.max_wait_ns, wait_ns)
        self._free_ns = begins_ns + round(size_bytes * self._ns_per_byte)
        return self._free_ns

    def passed_ns(self, arrival_ns: int) -> int:
        """When a packet has passed that comes while the rate is not in force: behind those that still wait."""
        return max(arrival_ns, self._free_ns)


class Policer:
    """A token bucket that starts full and drops what finds too few tokens, like the first of RFC 2697 section 3.

    What it drops takes no tokens. The rate is rounded to whole bit/s, the bucket to whole bytes.
    """

    __slots__ = ("_burst", "_rate_bps", "_tokens", "_updated_ns", "dropped")

    def __init__(self, police_kbps: float, burst_kb: float) -> None:
        self._rate_bps = round(police_kbps * 1000)
        self._burst = round(burst_kb * 1000) * _BYTE_UNITS
        self._tokens = self._burst
        self._updated_ns: int | None = None
        self.dropped = 0

    def passes(self, arrival_ns: int, size_bytes: int) -> bool:
        since_ns = 0 if self._updated_ns is None else max(0, arrival_ns - self._updated_ns)
        self._updated_ns = arrival_ns
        self._tokens = min(self._burst, self._tokens + since_ns * self._rate_bps)
        cost = size_bytes * _BYTE_UNITS
        if cost > self._tokens:
            self.dropped += 1
            return False
        self._tokens -= cost
        return True
