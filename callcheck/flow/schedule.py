"""When packets are due and what came of them: pure accounting in monotonic nanoseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from callcheck.model import FlowSecond

NS_PER_S = 1_000_000_000
NS_PER_US = 1_000
SHORTEST_WAIT_NS = 300_000_000
LONGEST_WAIT_NS = 4 * NS_PER_S  # as irtt waits
UNKNOWN_WAIT_NS = 2 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Schedule:
    """Due times of one arm. Packet n is due at `start_ns` + n / `rate_pps`, as long as that is before `end_ns`.

    Seconds are counted from `flow_start_ns`, which the arms of one run share. Times never build upon each other, so
    an error in one does not move the next.
    """

    flow_start_ns: int
    start_ns: int
    end_ns: int
    rate_pps: float

    def due_ns(self, number: int) -> int:
        return self.start_ns + round(number * NS_PER_S / self.rate_pps)

    @property
    def packets(self) -> int:
        """How many packets are due in all."""
        return self._first_due_from(self.end_ns)

    def numbers_of(self, second: int) -> range:
        """The packets that are due in this second of the run."""
        begin_ns = self.flow_start_ns + second * NS_PER_S
        return range(self._first_due_from(begin_ns), self._first_due_from(min(begin_ns + NS_PER_S, self.end_ns)))

    def end_of(self, second: int) -> int:
        return min(self.flow_start_ns + (second + 1) * NS_PER_S, self.end_ns)

    @property
    def seconds(self) -> range:
        """The seconds of the run in which packets of this arm are due."""
        if not self.packets:
            return range(0)
        first = (self.due_ns(0) - self.flow_start_ns) // NS_PER_S
        last = (self.due_ns(self.packets - 1) - self.flow_start_ns) // NS_PER_S
        return range(first, last + 1)

    def _first_due_from(self, at_ns: int) -> int:
        if at_ns <= self.start_ns:
            return 0
        number = max(0, int((at_ns - self.start_ns) * self.rate_pps / NS_PER_S) - 1)
        while self.due_ns(number) < at_ns:
            number += 1
        return number


def answer_wait_ns(longest_rtt_ns: int | None) -> int:
    """How long after the end of a second its packets may still come back: irtt's three longest round trips, but
    between 0.3 s and 4 s (facts/inference.md 2 and 7); 2 s while no round trip is known."""
    if longest_rtt_ns is None:
        return UNKNOWN_WAIT_NS
    return max(SHORTEST_WAIT_NS, min(3 * longest_rtt_ns, LONGEST_WAIT_NS))


class Ledger:
    """What came of every packet of one arm; gives each second out once, in order."""

    def __init__(self, arm: str, schedule: Schedule, *, origin_ns: int) -> None:
        self.schedule = schedule
        self._arm = arm
        self._origin_ns = origin_ns
        self._sent_ns: list[int] = []
        self._received_ns: list[int | None] = []
        self._ip_bytes = 0
        self._seconds: Iterator[int] = iter(schedule.seconds)
        self._second = next(self._seconds, None)

    @property
    def next_number(self) -> int:
        return len(self._sent_ns)

    @property
    def all_sent(self) -> bool:
        return self.next_number >= self.schedule.packets

    @property
    def all_reported(self) -> bool:
        return self._second is None

    def sent(self, at_ns: int, ip_bytes: int) -> None:
        """Packet `next_number` left, or was refused by our own system, at this time."""
        self._sent_ns.append(at_ns)
        self._received_ns.append(None)
        self._ip_bytes = ip_bytes

    def received(self, number: int, at_ns: int) -> int | None:
        """An answer to `number` came; its round trip in nanoseconds. None for a duplicate or a number not sent.

        An answer that is too late for its second still tells a round trip, so that the next wait is longer.
        """
        if not 0 <= number < self.next_number or self._received_ns[number] is not None:
            return None
        self._received_ns[number] = at_ns
        return at_ns - self._sent_ns[number]

    def finished(self, now_ns: int, wait_ns: int) -> Iterator[FlowSecond]:
        """Seconds whose packets all came back, or had `wait_ns` to do so since the second's end and their sending."""
        while self._second is not None and self._is_finished(self._second, now_ns, wait_ns):
            yield self._record(self._second)
            self._second = next(self._seconds, None)

    def _is_finished(self, second: int, now_ns: int, wait_ns: int) -> bool:
        numbers = self.schedule.numbers_of(second)
        end_ns = self.schedule.end_of(second)
        if now_ns < end_ns or self.next_number < numbers.stop:
            return False
        latest_ns = max([end_ns, *self._sent_ns[numbers.start : numbers.stop]])
        complete = None not in self._received_ns[numbers.start : numbers.stop]
        return complete or now_ns - latest_ns >= wait_ns

    def _record(self, second: int) -> FlowSecond:
        numbers = self.schedule.numbers_of(second)
        came_ns = self._received_ns[numbers.start : numbers.stop]
        return FlowSecond(
            arm=self._arm,
            second=second,
            first_number=numbers.start,
            ip_bytes=self._ip_bytes,
            scheduled_us=tuple(self._run_us(self.schedule.due_ns(number)) for number in numbers),
            sent_us=tuple(self._run_us(at_ns) for at_ns in self._sent_ns[numbers.start : numbers.stop]),
            received_us=tuple(None if at_ns is None else self._run_us(at_ns) for at_ns in came_ns),
        )

    def _run_us(self, at_ns: int) -> int:
        return (at_ns - self._origin_ns) // NS_PER_US
