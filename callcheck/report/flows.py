"""Seconds of flows, as a journal holds them."""

from __future__ import annotations

import msgspec

from callcheck.model import FlowSecond, Observation

FLOW_OP = "flow.second"


def flow_second(observation: Observation) -> FlowSecond | None:
    """The second of a flow that an observation is; None where it is something else or cannot be read."""
    if observation.op != FLOW_OP:
        return None
    try:
        return msgspec.convert(observation.data, FlowSecond)
    except msgspec.ValidationError:
        return None
