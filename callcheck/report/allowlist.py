"""Which words and numbers a redacted report may hold; whatever stands nowhere here is left out (DESIGN 8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import cast

from callcheck.model import Json
from callcheck.report.allowed_keys import (
    COUNT_KEYS,
    EVENTS,
    EVENTS_KEYS,
    FLAG_KEYS,
    MEASURE_KEYS,
    NUMBERS_KEYS,
    STAMP_KEYS,
    WORD_KEYS,
)
from callcheck.report.leaks import leaks
from callcheck.verdict.explain import SERVICES
from callcheck.words import FlowEvent

OTHER = "other"
# Large enough for every count of a run, too small to hold an IPv4 address as a number.
_LARGEST_NUMBER = 10_000_000
_LARGEST_STAMP_US = 3_600_000_000
_STAMP_STEP_US, _HALF_STEP_US = 1_000, 500

# Words that our own code wrote: too short and too plain to be a name, an address or a host.
_WORD = re.compile(r"[a-z][a-z0-9_]{0,23}")
_OPERATION = re.compile(r"[a-z][a-z0-9_]{0,23}\.[a-z][a-z0-9_]{0,23}")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?((a|b|rc|\.dev|\.post)[0-9]{1,4})?")
_COUNTRY = re.compile(r"[A-Z]{2}")


def word(text: str) -> str:
    """A bare word of our code, "" for anything else."""
    return _matching(_WORD, text)


def operation(text: str) -> str:
    """An observation's `check.operation`, "" for anything else."""
    return _matching(_OPERATION, text)


def host(text: str) -> str:
    """A public host name in lower case, "" for anything else."""
    return _matching(_HOST, text)


def version(text: str) -> str:
    """A version of two or three numbers, without a local part; "" for anything else."""
    return _matching(_VERSION, text)


def country(text: str) -> str:
    """Two letters of ISO 3166, "" for anything else."""
    return _matching(_COUNTRY, text)


def service(text: str) -> str:
    """A service that callcheck knows, "" for the network itself, "other" for anything else."""
    return text if not text or text in SERVICES else OTHER


def facts(values: Mapping[str, Json]) -> dict[str, Json]:
    """Facts or data with only known keys, numbers coarsened: times to 1 ms, ratios to 3 digits."""
    return {key: kept for key, value in values.items() if (kept := _value(key, value)) is not None}


def rounded(value: float | None, digits: int) -> float | None:
    """The number with `digits` decimals; None for none and for what no run comes near."""
    return round(float(value), digits) if value is not None and abs(value) <= _LARGEST_NUMBER else None


def stepped(value: int, step: int) -> int:
    """The nearest multiple of `step`, in whole numbers: a foreign file may hold one that no float can."""
    return (value + step // 2) // step * step


def _value(key: str, value: Json) -> Json:
    if key in WORD_KEYS:
        return value if isinstance(value, str) and value in WORD_KEYS[key] else None
    if key in FLAG_KEYS and isinstance(value, bool):
        return value
    if key in STAMP_KEYS:
        return _stamps(value)
    if isinstance(value, list | tuple):
        return _list(key, value)
    return _number(key, value)


def _list(key: str, values: Sequence[Json]) -> Json:
    if key in EVENTS_KEYS:
        return list(events(values))
    if key in NUMBERS_KEYS:
        return [value for value in values if _number(key, value) is not None]
    return None


def time_of_run(value_us: int, step_us: int) -> int:
    """A time within a run, to the nearest multiple of `step_us`; 0 for what is none."""
    return stepped(value_us, step_us) if _is_stamp(value_us) else 0


def events(values: Iterable[Json]) -> tuple[FlowEvent, ...]:
    """Of what befell a flow, the words that callcheck knows."""
    return tuple(cast("FlowEvent", value) for value in values if isinstance(value, str) and value in EVENTS)


def _number(key: str, value: Json) -> Json:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST_NUMBER:
        return None
    if key in MEASURE_KEYS:
        return rounded(value, MEASURE_KEYS[key])
    return value if key in COUNT_KEYS and isinstance(value, int) else None


def _stamps(values: Json) -> Json:
    """Times of run, or None for each packet that did not come back."""
    if not isinstance(values, list | tuple):
        return _stamps([values])[0]
    # A deep run has a hundred thousand of them, so that what `time_of_run` does is written out here.
    return [
        (value + _HALF_STEP_US) // _STAMP_STEP_US * _STAMP_STEP_US
        if type(value) is int and 0 <= value <= _LARGEST_STAMP_US
        else None
        for value in values
    ]


def _is_stamp(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_STAMP_US


# A run says the same few words of every packet.
@lru_cache(maxsize=1024)
def _matching(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) and not leaks(text, ()) else ""
