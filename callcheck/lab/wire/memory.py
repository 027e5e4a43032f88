"""What a middlebox remembers of flows: each thing until its flow has been silent for long, and never too many."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

MOST_REMEMBERED: Final = 65_536
V = TypeVar("V")


class Memory(Generic[V]):
    """Values by key. A key that was not touched for `idle_ns` is forgotten; if there are too many, the stalest goes."""

    __slots__ = ("_idle_ns", "_seen")

    def __init__(self, idle_ns: int) -> None:
        self._idle_ns = idle_ns
        self._seen: OrderedDict[Hashable, tuple[int, V]] = OrderedDict()  # in the order in which they were touched

    def get(self, key: Hashable, now_ns: int) -> V | None:
        """The value, which counts as touched; None if it was never put or is forgotten."""
        seen = self._seen.get(key)
        if seen is None:
            return None
        last_ns, value = seen
        if now_ns - last_ns > self._idle_ns:
            del self._seen[key]
            return None
        self._seen[key] = (now_ns, value)
        self._seen.move_to_end(key)
        return value

    def put(self, key: Hashable, value: V, now_ns: int) -> None:
        self._seen[key] = (now_ns, value)
        self._seen.move_to_end(key)
        while len(self._seen) > MOST_REMEMBERED or self._is_first_stale(now_ns):
            self._seen.popitem(last=False)

    def __len__(self) -> int:
        return len(self._seen)

    def _is_first_stale(self, now_ns: int) -> bool:
        last_ns, _ = next(iter(self._seen.values()))
        return now_ns - last_ns > self._idle_ns
