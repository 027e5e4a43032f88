"""Seconds of flows, as a journal holds them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from callcheck.model import FlowSecond, Observation
from callcheck.report.journal import LONGEST_US

FLOW_OP = "flow.second"
PLAN_OP = "flow.plan"

_Time = Annotated[int, msgspec.Meta(ge=-LONGEST_US, le=LONGEST_US)]


class _Timed(FlowSecond, frozen=True, kw_only=True, omit_defaults=True):
    """A second whose times do not overflow what is reckoned with them."""

    scheduled_us: tuple[_Time, ...]
    sent_us: tuple[_Time, ...]
    received_us: tuple[_Time | None, ...]


def flow_second(observation: Observation) -> FlowSecond | None:
    """The second of a flow that an observation is; None where it is something else or cannot be read."""
    if observation.op != FLOW_OP:
        return None
    try:
        return msgspec.convert(observation.data, _Timed)
    except msgspec.ValidationError:
        return None
