"""Whether two redacted reports were made of one run: rounding at random lets them differ by a step of every figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from callcheck.model import Json, Report, Run, SavedObservation
from callcheck.redaction.allowed_keys import MEASURE_KEYS, WHOLE_KEYS
from callcheck.redaction.allowlist import STAMP_STEP_US
from callcheck.redaction.coarse import LARGEST_EXACT_COUNT

# A step of two significant digits is at most a tenth of the figure; the rest is for figures between which it lies.
_STEP_RATIO: Final = 0.101
_TIMES: Final = frozenset({"received_us", "scheduled_us", "sent_us"})


def differ_by_rounding(one: Report, other: Report) -> bool:
    """Whether two redacted reports hold the same observations, in order, but for what is rounded at random: what was
    asked of whom and when, what failed, what was counted, and which packets of which flow were lost. False without
    observations, as nothing tells such runs apart."""
    return (
        bool(one.observations)
        and _runs(one.run, other.run)
        and len(one.observations) == len(other.observations)
        and all(map(_observations, one.observations, other.observations))
    )


def _runs(one: Run, other: Run) -> bool:
    stated = ((run.started_utc, run.depth, run.complete) for run in (one, other))
    return next(stated) == next(stated) and _near(one.duration_s, other.duration_s, 1.0)


def _observations(one: SavedObservation, other: SavedObservation) -> bool:
    return (
        (one.seq, one.op, one.form, one.failure) == (other.seq, other.op, other.form, other.failure)
        and abs(one.t_us - other.t_us) <= STAMP_STEP_US
        and one.target == other.target
        and _data(one.data, other.data)
    )


def _data(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    return one.keys() == other.keys() and all(_values(key, value, other[key]) for key, value in one.items())


def _values(key: str, one: Json, other: Json) -> bool:
    if one == other:
        return True
    if key in _TIMES:
        return _times(one, other)
    if isinstance(one, bool | str | None) or isinstance(other, bool | str | None):
        return False
    if isinstance(one, int | float) and isinstance(other, int | float):
        return _near(one, other, _least_step(key, max(one, other)))
    return False


def _times(one: Json, other: Json) -> bool:
    """A time, or one for each packet, of which it counts who came back."""
    if isinstance(one, int) and isinstance(other, int):
        return abs(one - other) <= STAMP_STEP_US
    if not isinstance(one, Sequence) or not isinstance(other, Sequence) or len(one) != len(other):
        return False
    return all((first is None) is (second is None) for first, second in zip(one, other, strict=True))


def _least_step(key: str, larger: float) -> float:
    if key in MEASURE_KEYS:
        return float(10 ** -MEASURE_KEYS[key])
    return 1.0 if key in WHOLE_KEYS or larger > LARGEST_EXACT_COUNT else 0.0


def _near(one: float, other: float, least: float) -> bool:
    size = max(abs(one), abs(other))
    return abs(one - other) <= (max(least, _STEP_RATIO * size) if least else 0.0) * 1.001
