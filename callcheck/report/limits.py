"""What the types of a report cannot say: between which numbers and among which words a value lies.

The JSON Schema states these limits, and a file that breaks one is refused; both read this page, so that they agree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Final, get_args

import msgspec  # noqa: TC002 - the tables hold its types

from callcheck.model import (
    Evidence,
    Instrument,
    Network,
    Plugin,
    Quality,
    Report,
    Run,
    SavedObservation,
    Target,
    Verdict,
)
from callcheck.quality.call import Assumption, Heard, Word

Range = tuple[float | None, float | None]
"""The least and the largest that is allowed; None: no limit."""

# Thirty years: no run lasts so long; what is beyond stands in a damaged or foreign file, and cannot be reckoned with.
LONGEST_US: Final = 10**15
LAST_PORT: Final = 65_535
_SHARE: Final[Range] = (0, 1)
_NOT_NEGATIVE: Final[Range] = (0, None)
_MOS: Final[Range] = (1, 4.5)  # G.107 Annex B

# By the names of JSON. Of a list or an object, what is said holds for each of its values; None is always allowed.
RANGES: Final[Mapping[type[msgspec.Struct], Mapping[str, Range]]] = {
    Run: {"duration_s": _NOT_NEGATIVE},
    Network: {"asn": (0, 2**32 - 1)},
    Instrument: {"send_lateness_p99_ms": _NOT_NEGATIVE},
    Verdict: {"confidence": _SHARE, "causes": _SHARE, "for": _NOT_NEGATIVE, "against": _NOT_NEGATIVE},
    Quality: {
        "mos": _MOS,
        "mos_low": _MOS,
        "mos_high": _MOS,
        "loss_ratio": _SHARE,
        "late_ratio": _SHARE,
        "delay_ms": _NOT_NEGATIVE,
        "packets": _NOT_NEGATIVE,
        "seconds": _NOT_NEGATIVE,
    },
    Evidence: {"strength": (-3, 3), "seqs": _NOT_NEGATIVE},
    SavedObservation: {"seq": _NOT_NEGATIVE, "t_us": (-LONGEST_US, LONGEST_US)},
    Target: {"port": (0, LAST_PORT)},
}
# "other" is what redaction makes of a plugin that is none of the three.
WORDS: Final[Mapping[type[msgspec.Struct], Mapping[str, tuple[str, ...]]]] = {
    Plugin: {"kind": ("check", "reporter", "tracker", "other")},
    Quality: {"word": get_args(Word), "heard": get_args(Heard), "assumptions": get_args(Assumption)},
}


def beyond(struct: msgspec.Struct) -> str:
    """The name of the first value of this struct, its parts aside, that lies beyond its limits; "" for none."""
    for name, attribute, limits, words in _limited(type(struct)):
        values = _values(getattr(struct, attribute))
        if limits is not None and not all(_is_within(value, limits) for value in values):
            return name
        if words is not None and not words.issuperset(values):
            return name
    return ""


@cache
def _limited(struct: type[msgspec.Struct]) -> tuple[tuple[str, str, Range | None, frozenset[object] | None], ...]:
    """Of each value with limits: its name in JSON, that in the model, and its range or its words."""
    ranges, words = RANGES.get(struct, {}), WORDS.get(struct, {})
    return tuple(
        (name, attribute, ranges.get(name), frozenset(words[name]) if name in words else None)
        for name, attribute in zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True)
        if name in ranges or name in words
    )


def beyond_in(report: Report) -> str:
    """As `beyond`, of the report and all of its parts: `part.name`."""
    for part in _parts(report):
        if name := beyond(part):
            return f"{type(part).__name__}.{name}"
    return ""


def _parts(report: Report) -> Iterator[msgspec.Struct]:
    yield from (report.run, report.network, report.instrument, *report.tool.plugins)
    yield from (*report.verdicts, *report.quality, *report.evidence)
    yield from report.observations
    yield from (one.target for one in report.observations if one.target is not None)


def _values(value: object) -> Collection[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, tuple) else () if value is None else (value,)


def _is_within(value: object, limits: Range) -> bool:
    least, largest = limits
    if not isinstance(value, int | float):
        return False
    return (least is None or least <= value) and (largest is None or value <= largest)
