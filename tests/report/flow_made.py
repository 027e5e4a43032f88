"""Hand-made flows, second by second, as a journal holds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec

from callcheck.engine.events import Event
from callcheck.model import FlowSecond, Observation, Target
from tests.report.made import RELAY, a_run

_US_PER_S = 1_000_000


def a_flow(
    delays_ms: Sequence[float | None],
    *,
    rate_pps: float = 20.0,
    start_s: float = 0.0,
    lateness_us: Sequence[int] = (),
    target: Target = RELAY,
    form: str = "loop",
    said: dict[str, Any] | None = None,
    **changes: Any,
) -> list[Observation]:
    """A flow's seconds: how long each packet took (None: lost), and how late it left. `said` stands in each second
    beside the `FlowSecond`, whose fields `changes` replace."""
    due_us = [round((start_s + number / rate_pps) * _US_PER_S) for number in range(len(delays_ms))]
    late_us = [*lateness_us, *[0] * (len(due_us) - len(lateness_us))]
    sent_us = [due + late for due, late in zip(due_us, late_us, strict=True)]
    came_us = [
        None if delay_ms is None else sent + round(delay_ms * 1000)
        for sent, delay_ms in zip(sent_us, delays_ms, strict=True)
    ]
    made: list[Observation] = []
    for second, group in groupby(range(len(due_us)), key=lambda number: due_us[number] // _US_PER_S):
        numbers = list(group)
        here = slice(numbers[0], numbers[-1] + 1)
        held: dict[str, Any] = {
            "arm": "a",
            "second": second,
            "first_number": numbers[0],
            "ip_bytes": 188,
            "scheduled_us": tuple(due_us[here]),
            "sent_us": tuple(sent_us[here]),
            "received_us": tuple(came_us[here]),
            "opened_us": sent_us[0],
            "sent_before": numbers[0],
        }
        flow = msgspec.to_builtins(FlowSecond(**(held | changes)))
        made.append(Observation(op="flow.second", target=target, form=form, data=flow | (said or {})))
    return made


def a_run_of(observations: Iterable[Observation], check: str = "stun") -> list[Event]:
    """A run in which `check` saw all that."""
    return a_run(*(("observed", check, msgspec.to_builtins(one)) for one in observations))
