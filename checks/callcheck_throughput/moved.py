"""What a transfer moves, as it goes: bytes handed over, and bytes that are known to have arrived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Moved:
    """One direction. `now_us` is the clock; times are its.

    Bytes that go down are `confirmed` as they come. Bytes that go up are `offered` when the system takes them, which
    may be long before they leave, and `confirmed` when the server has answered for them. `limit_bytes` bounds both.
    """

    now_us: Callable[[], int]
    limit_bytes: int
    confirmed_bytes: int = 0
    offered_bytes: int = 0
    reserved_bytes: int = 0
    requests: int = 0
    failed: int = 0
    confirmed_us: int | None = None
    moved_us: int | None = None

    def confirm(self, count_bytes: int) -> None:
        if not count_bytes:
            return
        self.confirmed_us = self.moved_us = self.now_us()
        self.confirmed_bytes += count_bytes

    def offer(self, count_bytes: int) -> None:
        if count_bytes:
            self.moved_us = self.now_us()
            self.offered_bytes += count_bytes

    def reserve(self, wanted_bytes: int) -> int:
        """How many of the wanted bytes may still be asked for; they count from now on."""
        granted = max(0, min(wanted_bytes, self.limit_bytes - self.reserved_bytes))
        self.reserved_bytes += granted
        return granted

    def data(self, started_us: int) -> dict[str, object]:
        """For the observation, once the transfer is over."""
        ended_us = self.now_us()
        confirmed_us = started_us if self.confirmed_us is None else self.confirmed_us
        moved_us = started_us if self.moved_us is None else self.moved_us
        return {
            "confirmed_bytes": self.confirmed_bytes,
            "offered_bytes": max(self.offered_bytes, self.confirmed_bytes),
            "elapsed_ms": round((ended_us - started_us) / 1000),
            "confirmed_ms": round((confirmed_us - started_us) / 1000),
            "moved_ms": round((moved_us - started_us) / 1000),
            "requests": self.requests,
            "failed_requests": self.failed,
        }
