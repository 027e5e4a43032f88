"""Seconds of flows, as a journal holds them."""

from __future__ import annotations

from itertools import chain

import msgspec

from callcheck.model import FlowSecond, Observation

FLOW_OP = "flow.second"
PLAN_OP = "flow.plan"
# Thirty years: what is beyond stands in a damaged or foreign file, and overflows what is reckoned with it.
_LONGEST_US = 10**15


def flow_second(observation: Observation) -> FlowSecond | None:
    """The second of a flow that an observation is; None where it is something else or cannot be read."""
    if observation.op != FLOW_OP:
        return None
    try:
        second = msgspec.convert(observation.data, FlowSecond)
    except msgspec.ValidationError:
        return None
    times_us = chain(second.scheduled_us, second.sent_us, second.received_us)
    return second if all(at_us is None or abs(at_us) <= _LONGEST_US for at_us in times_us) else None
