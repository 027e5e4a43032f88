"""In which order the packets of a flow leave: a rule's delay keeps it, `reorder` breaks it."""

from bisect import bisect_right, insort
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

from callcheck.lab.wire.loss import Share

_FEW_FLOWS: Final = 1024
_due_ns: Final = itemgetter(0)


class Reorder:
    """Holds a share of the packets back, and nothing behind them.

    `reordered` counts those that a later packet of their flow overtook (RFC 4737 section 3); where packets are further
    apart than `reorder_ms` none is.
    """

    __slots__ = ("_share", "hold_ns", "reordered")

    def __init__(self, share: float, reorder_ms: float, source: bytes) -> None:
        self._share = Share(share, source)
        self.hold_ns = round(reorder_ms * 1e6)
        self.reordered = 0

    def holds(self, number: int) -> bool:
        return self._share.takes(number)


@dataclass(slots=True)
class _Flow:
    """When a flow's last packet leaves, but for those held back; and these, sorted, until one overtakes them."""

    last_ns: int = 0
    held: list[tuple[int, Sequence[Reorder]]] = field(default_factory=list)

    def note(self, due_ns: int, holders: Sequence[Reorder]) -> None:
        held = self.held
        while held and held[-1][0] > due_ns:
            for reorder in held.pop()[1]:
                reorder.reordered += 1
        del held[: bisect_right(held, self.last_ns, key=_due_ns)]
        if holders:
            insort(held, (due_ns, holders), key=_due_ns)


class FlowOrder:
    """The flows of one direction that a rule delays or that packets are held back from."""

    __slots__ = ("_flows", "_most")

    def __init__(self) -> None:
        self._flows: dict[Hashable, _Flow] = {}
        self._most = _FEW_FLOWS

    def __len__(self) -> int:
        return len(self._flows)

    def due_ns(
        self, flow_key: Hashable, arrival_ns: int, base_ns: int, extra_ns: int, holders: Sequence[Reorder]
    ) -> int:
        """When a packet leaves that would leave at `base_ns` but for a rule's delay and those who hold it back.

        Arrivals must not go back in time, nor `base_ns` within a flow.
        """
        flow = self._flows.get(flow_key)
        if flow is None:
            if not extra_ns and not holders:
                return base_ns
            if len(self._flows) >= self._most:
                self._forget(arrival_ns)
            flow = self._flows[flow_key] = _Flow()
        flow.last_ns = max(flow.last_ns, base_ns + extra_ns)
        due_ns = flow.last_ns + sum([reorder.hold_ns for reorder in holders])
        flow.note(due_ns, holders)
        return due_ns

    def _forget(self, now_ns: int) -> None:
        """Forget the flows whose packets have all left, as nothing that comes can be behind or before them."""
        self._flows = {
            key: flow
            for key, flow in self._flows.items()
            if flow.last_ns > now_ns or (flow.held and flow.held[-1][0] > now_ns)
        }
        self._most = max(_FEW_FLOWS, 2 * len(self._flows))
