"""Numbers out of observations that may be anybody's."""

from __future__ import annotations

import math

from callcheck.api import Observation


def number_of(observation: Observation, name: str) -> float | None:
    """A finite number under this name; None for anything else."""
    value = observation.data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
