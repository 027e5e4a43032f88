"""One second of a fake flow, from a rule that says when each packet is back."""

from __future__ import annotations

import math
from collections.abc import Callable

from callcheck.api import Arm, FlowSecond
from callcheck.testing.sockets import IP_UDP_BYTES

# Seconds until packet `number` of an arm is back; None: lost.
FlowAnswers = Callable[[Arm, int], float | None]


def flow_second(
    arm: Arm,
    second: int,
    *,
    start_us: int,
    seconds: float,
    answers: FlowAnswers,
    random_bytes: Callable[[int], bytes],
) -> FlowSecond:
    """The packets of `arm` that are due in `second` of a flow that began at `start_us` and lasts `seconds`."""

    def first_number_from(since_s: float) -> int:
        return max(0, math.ceil((since_s - arm.start_s) * arm.rate_pps))

    numbers = range(first_number_from(second), first_number_from(min(second + 1, seconds)))
    sent_us = tuple(start_us + round((arm.start_s + number / arm.rate_pps) * 1_000_000) for number in numbers)
    back_s = [answers(arm, number) for number in numbers]
    sizes = [len(arm.codec.packet(number, random_bytes(64))[1]) + IP_UDP_BYTES for number in numbers]
    return FlowSecond(
        arm=arm.name,
        second=second,
        first_number=numbers.start,
        ip_bytes=max(sizes, default=0),
        scheduled_us=sent_us,
        sent_us=sent_us,
        received_us=tuple(
            None if s is None else us + round(s * 1_000_000) for us, s in zip(sent_us, back_s, strict=True)
        ),
    )
