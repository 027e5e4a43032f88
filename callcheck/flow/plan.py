"""What the flow process is told to do, as the parent writes it to the child's standard input."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

from callcheck.api import Arm


@dataclass(frozen=True, slots=True)
class Plan:
    """Arms to run beside each other for `seconds`; `origin_ns` is the monotonic clock where run time is 0."""

    arms: tuple[Arm, ...]
    seconds: float
    origin_ns: int


def encode(plan: Plan) -> bytes:
    """The plan as bytes; raises pickle.PicklingError, TypeError or AttributeError for a codec that cannot travel."""
    return pickle.dumps(plan, protocol=5)


def decode(data: bytes) -> Plan:
    """The plan that `encode` wrote; raises ValueError for anything else."""
    plan = pickle.loads(data)  # noqa: S301 - the bytes come from our own parent process, over its pipe
    if not isinstance(plan, Plan):
        raise ValueError(f"the flow plan is a {type(plan).__name__}")
    return plan
