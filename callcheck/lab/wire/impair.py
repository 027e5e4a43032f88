"""What one direction of a wire does to packets: loss, a queue, stalls, delay and jitter. Pure: time comes in.

The order is loss, queues, stalls, delay. Queues that prefixes limit come after those that take every packet, so that
each queue sees its packets in the order of their times. Packets with the same remote prefixes are never reordered.
"""

import math
from collections.abc import Sequence
from typing import Final

from callcheck.lab.wire import chance
from callcheck.lab.wire.frames import Prefixes
from callcheck.lab.wire.spec_entry import Entry

_JITTER_STEP_NS: Final = 10_000_000
_JITTER_KEPT: Final = math.exp(-10 / 50)  # share of the state kept over one 10 ms step: a memory of 50 ms
_JITTER_FRESH: Final = math.sqrt(1 - _JITTER_KEPT**2)
_JITTER_REACH: Final = 40  # steps after which the past weighs less than one part in 2 000


class Loss:
    """Loses each packet by itself; the decision for packet n depends on the source and n alone."""

    __slots__ = ("_share", "_source", "lost")

    def __init__(self, share: float, source: bytes) -> None:
        self._share = share
        self._source = source
        self.lost = 0

    def takes(self, number: int) -> bool:
        if chance.uniform(self._source, number) >= self._share:
            return False
        self.lost += 1
        return True


class Queue:
    """A first-in, first-out queue before a fixed rate; drops what does not fit behind the bytes that wait.

    An idle queue takes any packet, however small its room.
    """

    __slots__ = ("_free_ns", "_ns_per_byte", "_room_bytes", "dropped")

    def __init__(self, rate_kbps: float, queue_kb: float) -> None:
        self._ns_per_byte = 8e6 / rate_kbps
        self._room_bytes = queue_kb * 1000
        self._free_ns = 0
        self.dropped = 0

    def leaves_ns(self, arrival_ns: int, size_bytes: int) -> int | None:
        """When the last bit has left, or None if the queue is full."""
        wait_ns = self._free_ns - arrival_ns
        if wait_ns > 0 and wait_ns / self._ns_per_byte + size_bytes > self._room_bytes:
            self.dropped += 1
            return None
        self._free_ns = max(self._free_ns, arrival_ns) + round(size_bytes * self._ns_per_byte)
        return self._free_ns


class Stall:
    """Holds everything for a while, once in a period, as a radio does that is away or asleep."""

    __slots__ = ("_held_ns", "_offset_ns", "_period_ns")

    def __init__(self, stall_ms: float, every_ms: float, offset_ns: int) -> None:
        self._held_ns = round(stall_ms * 1e6)
        self._period_ns = round(every_ms * 1e6)
        self._offset_ns = offset_ns

    def released_ns(self, arrival_ns: int) -> int:
        phase_ns = (arrival_ns + self._offset_ns) % self._period_ns
        return arrival_ns + max(0, self._held_ns - phase_ns)


class Jitter:
    """Extra delay that wanders: |x| times `jitter_ms`, where x is a standard normal AR(1) process of time.

    The process has a step of 10 ms and a memory of 50 ms, is linear in between, and depends on the source and the time
    alone: it stands for other people's packets, which do not care about ours. Its mean is about 0.8 and its median
    about 0.7 of `jitter_ms`.
    """

    __slots__ = ("_jitter_ns", "_next", "_source", "_state", "_step")

    def __init__(self, jitter_ms: float, source: bytes) -> None:
        self._jitter_ns = jitter_ms * 1e6
        self._source = source
        self._step = -_JITTER_REACH  # the step that `_state` belongs to; `_next` is the one after it
        self._state = self._next = 0.0

    def extra_ns(self, since_start_ns: int) -> int:
        step, part_ns = divmod(max(0, since_start_ns), _JITTER_STEP_NS)
        if step > self._step:
            self._advance(step)
        part = part_ns / _JITTER_STEP_NS
        return round(abs(self._state + (self._next - self._state) * part) * self._jitter_ns)

    def _advance(self, step: int) -> None:
        if step - self._step > _JITTER_REACH:
            self._step = step - _JITTER_REACH
            self._state = self._next = 0.0
        while self._step < step:
            self._step += 1
            self._state = self._next
            self._next = _JITTER_KEPT * self._state + _JITTER_FRESH * chance.normal(self._source, self._step)


class _Stages:
    """What an entry has of each stage; absent where the entry does not speak of it."""

    __slots__ = ("delay_ns", "entry", "jitter", "loss", "prefixes", "queue", "stall")

    def __init__(self, entry: Entry, source: bytes, offset_ns: int) -> None:
        self.entry = entry
        self.prefixes = Prefixes(entry.prefixes)
        self.loss = Loss(entry.loss, source + b":loss") if entry.loss else None
        self.queue = Queue(entry.rate_kbps, entry.queue_kb) if entry.rate_kbps else None
        self.stall = Stall(entry.stall_ms, entry.stall_every_ms, offset_ns) if entry.stall_ms else None
        self.delay_ns = round(entry.delay_ms * 1e6)
        self.jitter = Jitter(entry.jitter_ms, source + b":jitter") if entry.jitter_ms else None


class _Path:
    """The stages that packets with the same remote prefixes go through, in their order."""

    __slots__ = ("delay_ns", "is_plain", "jitters", "last_ns", "losses", "queues", "stalls")

    def __init__(self, stages: Sequence[_Stages]) -> None:
        shared_first = sorted(stages, key=lambda stage: bool(stage.entry.prefixes))
        self.losses = [stage.loss for stage in stages if stage.loss]
        self.queues = [stage.queue for stage in shared_first if stage.queue]
        self.stalls = [stage.stall for stage in stages if stage.stall]
        self.delay_ns = sum(stage.delay_ns for stage in stages)
        self.jitters = [stage.jitter for stage in stages if stage.jitter]
        self.is_plain = not (self.losses or self.queues or self.stalls or self.jitters)
        self.last_ns = 0


class Impairment:
    """One direction of one wire: adds up its entries and counts what they take."""

    __slots__ = ("_paths", "_shared_path", "_stages", "_start_ns", "by_prefix")

    def __init__(self, entries: Sequence[Entry], *, seed: int, wire: str, direction: str, start_ns: int) -> None:
        self._start_ns = start_ns
        self._stages = [
            _Stages(entry, chance.key(seed, wire, direction, n), _stall_offset_ns(entry, seed, wire, n))
            for n, entry in enumerate(entries)
        ]
        self.by_prefix = any(entry.prefixes for entry in entries)
        self._shared_path = None if self.by_prefix else _Path(self._stages)
        self._paths: dict[tuple[bool, ...], _Path] = {}

    def due(self, arrival_ns: int, size_bytes: int, number: int, remote_address: bytes = b"") -> int | None:
        """When packet `number` leaves, or None if it is lost. Times in ns of the clock that stamps arrivals."""
        path = self._shared_path or self._path(remote_address)
        if path.is_plain:
            return arrival_ns + path.delay_ns
        if any(loss.takes(number) for loss in path.losses):
            return None
        since_start_ns = at_ns = arrival_ns - self._start_ns
        for queue in path.queues:
            left_ns = queue.leaves_ns(at_ns, size_bytes)
            if left_ns is None:
                return None
            at_ns = left_ns
        for stall in path.stalls:
            at_ns = stall.released_ns(at_ns)
        extra_ns = sum(jitter.extra_ns(since_start_ns) for jitter in path.jitters)
        path.last_ns = max(path.last_ns, at_ns + path.delay_ns + extra_ns)
        return path.last_ns + self._start_ns

    def counts(self) -> list[dict[str, int | float]]:
        """For each entry in the order of the scenario: its loss, and how many packets it lost and dropped."""
        return [
            {
                "loss": stage.entry.loss,
                "lost": stage.loss.lost if stage.loss else 0,
                "queue_drops": stage.queue.dropped if stage.queue else 0,
            }
            for stage in self._stages
        ]

    def _path(self, remote_address: bytes) -> _Path:
        held = tuple([stage.prefixes.holds(remote_address) for stage in self._stages])
        path = self._paths.get(held)
        if path is None:
            path = _Path([stage for stage, is_held in zip(self._stages, held, strict=True) if is_held])
            self._paths[held] = path
        return path


def _stall_offset_ns(entry: Entry, seed: int, wire: str, number: int) -> int:
    # The direction is no part of the key: a radio that is away is away in both.
    return round(chance.uniform(chance.key(seed, wire, "stall", number), 0) * entry.stall_every_ms * 1e6)
