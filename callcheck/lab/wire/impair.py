"""What one direction of a wire does to packets, by all its entries together. Pure: time comes in.

The order is loss, policers, queues, stalls, delay and jitter, a rule's delay, reordering, copies. Packets that concern
the same entries are never reordered unless `reorder` says so.
"""

from collections.abc import Hashable, Sequence
from typing import Final

from callcheck.lab.wire.frames import Packet
from callcheck.lab.wire.order import FlowOrder
from callcheck.lab.wire.paths import Counts, Path, Stages
from callcheck.lab.wire.spec_entry import Entry

_MOST_KNOWN: Final = 65_536  # flows or addresses whose path is kept at hand


class Impairment:
    """One direction of one wire: adds up its entries and counts what they do.

    `needs_packets` says that `due` must be given the packet, as an entry is limited to some or reorders within flows.
    """

    __slots__ = ("_by_flow", "_known", "_order", "_paths", "_shared_path", "_stages", "_start_ns", "needs_packets")

    def __init__(self, entries: Sequence[Entry], *, seed: int, wire: str, direction: str, start_ns: int) -> None:
        self._start_ns = start_ns
        self._stages = [
            Stages(entry, seed=seed, wire=wire, direction=direction, number=n) for n, entry in enumerate(entries)
        ]
        is_limited = any(entry.prefixes or entry.bundle for entry in entries)
        self.needs_packets = is_limited or any(entry.reorder for entry in entries)
        self._by_flow = any(entry.bundle and entry.bundle.by == "flow" for entry in entries)
        self._shared_path = None if is_limited else Path(self._stages)
        self._paths: dict[tuple[bool, ...], Path] = {}
        self._known: dict[Hashable, Path] = {}
        self._order = FlowOrder()

    def due(
        self, arrival_ns: int, size_bytes: int, number: int, packet: Packet | None = None, extra_delay_ns: int = 0
    ) -> tuple[int, ...]:
        """When packet `number` leaves, in ns of the clock that stamps arrivals.

        () if it is lost; one time more for each entry that duplicates it. `extra_delay_ns` is a rule's delay: it keeps
        the order of its flow and holds no other flow up. Arrivals must come in the order of their times.
        """
        path = self._shared_path or self._path(packet)
        if path.plain_delay_ns is not None and not extra_delay_ns and not self._order:
            return (arrival_ns + path.plain_delay_ns,)
        since_start_ns = arrival_ns - self._start_ns
        plan = path.plan(since_start_ns)
        left_ns = plan.leaves_ns(since_start_ns, size_bytes, number)
        if left_ns is None:
            return ()
        due_ns = path.last_ns = max(path.last_ns, left_ns)
        holders = [reorder for reorder in plan.reorders if reorder.holds(number)] if plan.reorders else ()
        if extra_delay_ns or holders or self._order:
            flow = packet.flow if packet else None
            due_ns = self._order.due_ns(flow, since_start_ns, due_ns, extra_delay_ns, holders)
        times: tuple[int, ...] = (due_ns + self._start_ns,)
        for duplicate in plan.duplicates:
            if duplicate.takes(number):
                duplicate.count += 1
                times += times[:1]
        return times

    @property
    def plain_delay_ns(self) -> int | None:
        """How long every packet is held, where that is all that ever happens to any; else None."""
        return self._shared_path.plain_delay_ns if self._shared_path else None

    def counts(self) -> list[Counts]:
        """For each entry in the order of the scenario: what it did, see `Stages.counts`."""
        return [stage.counts() for stage in self._stages]

    def _path(self, packet: Packet | None) -> Path:
        flow: Hashable = None
        if packet:
            flow = packet.flow if self._by_flow else packet.remote_address
        path = self._known.get(flow)
        if path is None:
            concerned = tuple([stage.concern.holds(packet) for stage in self._stages])
            path = self._paths.get(concerned)
            if path is None:
                path = Path([stage for stage, is_one in zip(self._stages, concerned, strict=True) if is_one])
                self._paths[concerned] = path
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[flow] = path
        return path
