"""Which packets a wire chooses by chance: each by itself, or in runs as a bad link does."""

from typing import Final

from callcheck.lab.wire import chance
from callcheck.lab.wire.spec_entry import Gilbert

_FIRST_STATE: Final = -1  # the chain's draw before its first packet


class Share:
    """Chooses a share of the packets, each by itself; the choice of packet n depends on the source and n alone.

    `count` is how many of those chosen came to feel it; whoever asks counts.
    """

    __slots__ = ("_share", "_source", "count")

    def __init__(self, share: float, source: bytes) -> None:
        self._share = share
        self._source = source
        self.count = 0

    def takes(self, number: int) -> bool:
        return chance.uniform(self._source, number) < self._share


class GilbertElliott:
    """Loses packets by a chain of two states, one step a packet (Gilbert 1960, Elliott 1963; facts/lab.md 3).

    It begins in its stationary state, so that the expected share lost is the same for the first packet as for all
    others. The decision for its nth packet depends on the source and n alone. `count` is as in `Share`.
    """

    __slots__ = ("_gilbert", "_is_bad", "_loss_source", "_number", "_step_source", "count")

    def __init__(self, gilbert: Gilbert, source: bytes) -> None:
        self._gilbert = gilbert
        self._loss_source = source + b":loss"
        self._step_source = source + b":step"
        self._number = 0
        self._is_bad = chance.uniform(self._step_source, _FIRST_STATE) < gilbert.p / (gilbert.p + gilbert.q)
        self.count = 0

    def takes_next(self) -> bool:
        """Whether the next packet is lost. Must be asked once for each packet that the entry concerns."""
        number, gilbert = self._number, self._gilbert
        self._number += 1
        is_lost = chance.uniform(self._loss_source, number) < (gilbert.h if self._is_bad else gilbert.k)
        leaves = chance.uniform(self._step_source, number) < (gilbert.q if self._is_bad else gilbert.p)
        self._is_bad ^= leaves
        return is_lost
