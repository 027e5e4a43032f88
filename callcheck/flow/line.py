"""One arm at work: its ports, its schedule and what came of its packets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from callcheck.api import Arm
from callcheck.flow.ledger import Ledger
from callcheck.flow.ports import GREETING_TIME_NS, Port, Ports, Prepared
from callcheck.flow.schedule import NS_PER_S, schedule_of
from callcheck.model import FlowSecond
from callcheck.words import FlowEvent

# A spare flow greets first; most far ends answer within this.
_SPARE_GREETING_NS = NS_PER_S // 2


class Line:
    """`ledger` is None until the arm's schedule is known: from the start, or from the death that a spare waits for."""

    def __init__(
        self, arm: Arm, *, listen: Callable[[Line, Port], None], forget: Callable[[Port], None], origin_ns: int
    ) -> None:
        self.arm = arm
        self.ledger: Ledger | None = None
        self.ports = Ports(arm, listen=lambda port: listen(self, port), forget=forget)
        self._origin_ns = origin_ns
        self._opens_ns = 0

    @property
    def is_spare(self) -> bool:
        return bool(self.arm.after_death_of)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to report; a spare that was never needed has nothing."""
        return self.is_spare if self.ledger is None else self.ledger.all_reported

    @property
    def next_due_ns(self) -> int | None:
        return None if self.ledger is None else self.ledger.next_due_ns

    def begin(self, flow_start_ns: int, run_end_ns: int) -> None:
        self._schedule(flow_start_ns, flow_start_ns, run_end_ns)
        self._opens_ns = flow_start_ns + round(self.arm.start_s * NS_PER_S) - GREETING_TIME_NS

    def begin_spare(self, now_ns: int, flow_start_ns: int, run_end_ns: int) -> None:
        """Begin after a death, in step with the ticks of the arms that have been running."""
        self._opens_ns = now_ns
        interval_ns = NS_PER_S / self.arm.rate_pps
        ticks = -(-(now_ns + _SPARE_GREETING_NS - flow_start_ns) // round(interval_ns))
        self._schedule(flow_start_ns, flow_start_ns + round(ticks * interval_ns), run_end_ns)

    def _schedule(self, flow_start_ns: int, begin_ns: int, run_end_ns: int) -> None:
        schedule = schedule_of(self.arm, flow_start_ns=flow_start_ns, begin_ns=begin_ns, run_end_ns=run_end_ns)
        self.ledger = Ledger(self.arm.name, schedule, origin_ns=self._origin_ns)

    def prepare(self, now_ns: int) -> Prepared:
        assert self.ledger is not None
        return self.ports.prepare(self.ledger.next_number, now_ns)

    def tend(self, now_ns: int) -> None:
        if self.ledger is not None and not self.ports.opened and now_ns >= self._opens_ns:
            self.ports.open(now_ns)
        self.ports.tend(now_ns)

    def finished(self, now_ns: int, wait_ns: int) -> Iterator[FlowSecond]:
        if self.ledger is None or self.ledger.all_reported:
            return iter(())
        self.ledger.icmp_errors(self.ports.new_icmp_errors())
        return self.ledger.finished(now_ns, wait_ns)

    def befell(self, events: tuple[FlowEvent, ...]) -> None:
        if self.ledger is not None:
            for event in events:
                self.ledger.befell(event)
