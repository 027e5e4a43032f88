"""Fake flows: due times as the flow process has them, and a rule that says when each packet is back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from callcheck.api import Arm, FlowSecond
from callcheck.flow.schedule import NS_PER_S, schedule_of
from callcheck.testing.sockets import IP_UDP_BYTES

# Seconds until packet `number` of an arm is back; None: lost.
FlowAnswers = Callable[[Arm, int], float | None]


@dataclass(slots=True)
class FakeFlow:
    """One arm of a fake run that began at `start_us` and lasts `seconds`.

    `begun_s` is when it began, in seconds of the run; None while a spare waits for the death of another arm.
    """

    arm: Arm
    start_us: int
    seconds: float
    answers: FlowAnswers
    random_bytes: Callable[[int], bytes]
    begun_s: float | None
    was_answered: bool = False
    is_dead: bool = False

    def second(self, second: int) -> FlowSecond | None:
        """What came of the packets that are due in this second; None where none is, or the arm has not begun."""
        if self.begun_s is None:
            return None
        schedule = schedule_of(
            self.arm,
            flow_start_ns=0,
            begin_ns=round(self.begun_s * NS_PER_S),
            run_end_ns=round(self.seconds * NS_PER_S),
        )
        numbers = schedule.numbers_of(second)
        if not numbers:
            return None
        sent_us = tuple(self.start_us + schedule.due_ns(number) // 1000 for number in numbers)
        back_s = [self.answers(self.arm, number) for number in numbers]
        sizes = [len(self.arm.codec.packet(number, self.random_bytes(64))[1]) + IP_UDP_BYTES for number in numbers]
        self.was_answered |= any(s is not None for s in back_s)
        self.is_dead = self.was_answered and all(s is None for s in back_s)
        received_us = tuple(
            None if s is None else us + round(s * 1_000_000) for us, s in zip(sent_us, back_s, strict=True)
        )
        return FlowSecond(
            arm=self.arm.name,
            second=second,
            first_number=numbers.start,
            ip_bytes=max(sizes),
            scheduled_us=sent_us,
            sent_us=sent_us,
            received_us=received_us,
            taken_us=received_us,
            opened_us=self.start_us + schedule.start_ns // 1000,
            sent_before=numbers.start,
        )


class FakeFlows:
    """The flows of one run; those that wait for a death begin in the second after it."""

    def __init__(
        self, arms: Sequence[Arm], origin_us: int, seconds: float, answers: FlowAnswers, random: Callable[[int], bytes]
    ) -> None:
        self._flows = [
            FakeFlow(arm, origin_us, seconds, answers, random, begun_s=None if arm.after_death_of else 0.0)
            for arm in arms
        ]
        for arm in arms:
            arm.codec.greet(random(64))

    def rows(self, second: int) -> Iterator[FlowSecond]:
        """What each flow did in this second."""
        for flow in self._flows:
            row = flow.second(second)
            if row is not None:
                yield row
        dead = {flow.arm.name for flow in self._flows if flow.is_dead}
        for flow in self._flows:
            if flow.begun_s is None and dead.intersection(flow.arm.after_death_of):
                flow.begun_s = second + 1
