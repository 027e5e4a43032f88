"""What came of every packet of one arm: pure accounting in monotonic nanoseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from callcheck.flow.schedule import NS_PER_S, Schedule
from callcheck.model import FlowSecond
from callcheck.words import FlowEvent

NS_PER_US = 1_000
# A flow that was answered is taken for dead after so long a silence, and so many packets into it: a new flow then shows
# whether a new port revives it. Four intervals of a call's slowest flow are short of a radio link's usual stalls.
DEAD_AFTER_NS = 3 * NS_PER_S // 2
DEAD_AFTER_PACKETS = 6


@dataclass(frozen=True, slots=True)
class Departure:
    """A packet as it left: when, on a 5-tuple that had carried `sent_before` datagrams since `opened_ns`. `left` is
    False where our own system refused to send it."""

    at_ns: int
    ip_bytes: int
    left: bool = True
    opened_ns: int | None = None
    sent_before: int = 0


@dataclass(slots=True)
class _Noticed:
    """What was noticed since the last second was given out."""

    late: int = 0
    duplicates: int = 0
    unnumbered: int = 0
    icmp_errors: int = 0
    answer_bytes: int = 0
    events: list[FlowEvent] = field(default_factory=list)


class Ledger:
    """What came of every packet of one arm; gives each second out once, in order."""

    def __init__(self, arm: str, schedule: Schedule, *, origin_ns: int) -> None:
        self.schedule = schedule
        self.far_received: int | None = None
        self._arm = arm
        self._origin_ns = origin_ns
        self._packets = schedule.packets
        self._departures: list[Departure] = []
        self._received_ns: list[int | None] = []
        self._taken_ns: list[int | None] = []
        self._out_of_order: set[int] = set()
        self._highest = -1
        self._given_out = 0
        self._noticed = _Noticed()
        self._seconds: Iterator[int] = iter(schedule.seconds)
        self._second = next(self._seconds, None)
        self.next_due_ns = schedule.due_ns(0) if self._packets else None

    @property
    def next_number(self) -> int:
        return len(self._departures)

    @property
    def all_sent(self) -> bool:
        return self.next_number >= self._packets

    @property
    def all_reported(self) -> bool:
        return self._second is None

    def sent(self, departure: Departure) -> None:
        """Packet `next_number` left, or was refused by our own system."""
        self._departures.append(departure)
        self._received_ns.append(None)
        self._taken_ns.append(None)
        self.next_due_ns = None if self.all_sent else self.schedule.due_ns(self.next_number)

    def received(self, number: int, at_ns: int, taken_ns: int) -> int | None:
        """An answer to `number` came; its round trip in nanoseconds. None for a duplicate or a number not sent.

        An answer that is too late for its second still tells a round trip, so that the next wait is longer.
        """
        if not 0 <= number < self.next_number:
            self._noticed.unnumbered += 1
            return None
        if self._received_ns[number] is not None:
            self._noticed.duplicates += 1
            return None
        self._received_ns[number], self._taken_ns[number] = at_ns, taken_ns
        if number < self._given_out:
            self._noticed.late += 1
        if number < self._highest:
            self._out_of_order.add(number)
        self._highest = max(self._highest, number)
        return at_ns - self._departures[number].at_ns

    def unnumbered(self) -> None:
        """A datagram came that answers no packet."""
        self._noticed.unnumbered += 1

    def came(self, ip_bytes: int) -> None:
        """A datagram of this size came, whatever it was."""
        self._noticed.answer_bytes += ip_bytes

    def icmp_errors(self, count: int) -> None:
        self._noticed.icmp_errors += count

    def befell(self, event: FlowEvent) -> None:
        if event not in self._noticed.events:
            self._noticed.events.append(event)

    def is_dead(self, now_ns: int) -> bool:
        """Whether the flow was answered and has then been silent for `DEAD_AFTER_NS` and `DEAD_AFTER_PACKETS`."""
        if self._highest < 0 or self._highest + DEAD_AFTER_PACKETS >= self.next_number:
            return False
        first_unanswered = self._departures[self._highest + 1]
        return now_ns - first_unanswered.at_ns >= DEAD_AFTER_NS

    def finished(self, now_ns: int, wait_ns: int) -> Iterator[FlowSecond]:
        """Seconds whose packets all came back, or had `wait_ns` to do so since the second's end and their sending."""
        while self._second is not None and self._is_finished(self._second, now_ns, wait_ns):
            yield self._record(self._second)
            self._second = next(self._seconds, None)

    def _is_finished(self, second: int, now_ns: int, wait_ns: int) -> bool:
        end_ns = self.schedule.end_of(second)
        if now_ns < end_ns:
            return False
        numbers = self.schedule.numbers_of(second)
        if self.next_number < numbers.stop:
            return False
        latest_ns = max([end_ns, *(packet.at_ns for packet in self._departures[numbers.start : numbers.stop])])
        complete = None not in self._received_ns[numbers.start : numbers.stop]
        return complete or now_ns - latest_ns >= wait_ns

    def _record(self, second: int) -> FlowSecond:
        numbers = self.schedule.numbers_of(second)
        packets = self._departures[numbers.start : numbers.stop]
        noticed, self._noticed = self._noticed, _Noticed()
        self._given_out = numbers.stop
        first = packets[0] if packets else Departure(0, 0)
        return FlowSecond(
            arm=self._arm,
            second=second,
            first_number=numbers.start,
            ip_bytes=first.ip_bytes,
            scheduled_us=tuple(self._run_us(self.schedule.due_ns(number)) for number in numbers),
            sent_us=tuple(self._run_us(packet.at_ns) for packet in packets),
            received_us=self._run_times(self._received_ns, numbers),
            taken_us=self._run_times(self._taken_ns, numbers),
            opened_us=None if first.opened_ns is None else self._run_us(first.opened_ns),
            sent_before=first.sent_before,
            unsent=tuple(number for number, packet in zip(numbers, packets, strict=True) if not packet.left),
            reordered=len(self._out_of_order.intersection(numbers)),
            late=noticed.late,
            duplicates=noticed.duplicates,
            unnumbered=noticed.unnumbered,
            icmp_errors=noticed.icmp_errors,
            answer_bytes=noticed.answer_bytes,
            far_received=self.far_received,
            events=tuple(noticed.events),
        )

    def _run_times(self, times_ns: list[int | None], numbers: range) -> tuple[int | None, ...]:
        return tuple(None if at_ns is None else self._run_us(at_ns) for at_ns in times_ns[numbers.start : numbers.stop])

    def _run_us(self, at_ns: int) -> int:
        return (at_ns - self._origin_ns) // NS_PER_US
