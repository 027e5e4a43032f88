"""Which words and numbers a redacted report may hold; whatever stands nowhere here is left out (DESIGN 8)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, cast

from callcheck.model import Json
from callcheck.redaction import coarse
from callcheck.redaction.allowed_keys import (
    COUNT_KEYS,
    EVENTS_KEYS,
    FLAG_KEYS,
    MEASURE_KEYS,
    NUMBERS_KEYS,
    SIGNED_KEYS,
    STAMP_KEYS,
    WHOLE_KEYS,
)
from callcheck.redaction.allowed_words import EVENTS, FORMS, OPERATIONS, PLUGINS, WORD_KEYS
from callcheck.redaction.leaks import leaks
from callcheck.verdict.explain import SERVICES
from callcheck.words import FlowEvent

OTHER = "other"
# Large enough for every count of a run, too small to hold an IPv4 address as a number.
LARGEST_NUMBER: Final = 10_000_000
LARGEST_STAMP_US: Final = 3_600_000_000
STAMP_STEP_US: Final = 100_000
_NEAREST: Final = 0.5
_LARGEST_EXACT: Final = coarse.LARGEST_EXACT_COUNT
_THINGS: Final = COUNT_KEYS - WHOLE_KEYS
_RATIO_DIGITS: Final = 3

# Words that our own code wrote: too short and too plain to be a name, an address or a host.
_WORD = re.compile(r"[a-z][a-z0-9_]{0,23}")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}(\.[0-9]{1,4})?((a|b|rc|\.dev|\.post)[0-9]{1,4})?")
_COUNTRY = re.compile(r"[A-Z]{2}")


def word(text: str) -> str:
    """A bare word as our code writes them, "" for anything else."""
    return _matching(_WORD, text)


def plugin(text: str) -> str:
    """The name of a plugin that comes with callcheck, "" for anything else."""
    return text if text in PLUGINS else ""


def operation(text: str) -> str:
    """An observation's `check.operation`, "" for anything else."""
    return text if text in OPERATIONS else ""


def form(text: str) -> str:
    """The form of a probe, "" for anything else."""
    return text if text in FORMS else ""


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


def facts(values: Mapping[str, Json], share: float = _NEAREST, dither_us: int = STAMP_STEP_US // 2) -> dict[str, Json]:
    """Facts or data with only known keys and coarse numbers (see `coarse`). `share` and `dither_us` are the chance in
    rounding, 0 up to 1 and 0 up to `STAMP_STEP_US`; without them to the nearest."""
    found: dict[str, Json] = {}
    for key, value in values.items():
        kind = type(value)
        # Most values of a run are small counts, which stay as they are.
        if kind is int and key in _THINGS and 0 <= value <= _LARGEST_EXACT:
            found[key] = value
        elif kind is int and key in STAMP_KEYS:
            if (stamp := _stamp(value, dither_us)) is not None:
                found[key] = stamp
        elif (kept := _value(key, value, share)) is not None:
            found[key] = kept
    sent, received = values.get("sent"), values.get("received")
    if type(sent) is type(received) is int and coarse.LARGEST_EXACT_COUNT < sent <= LARGEST_NUMBER and received <= sent:
        found["received"] = coarse.received_beside(sent, max(received, 0), found["sent"], share)
    return found


def figure(value: float | None, digits: int, share: float) -> float | None:
    """The measure, coarse, with at most `digits` decimals; None for none and for what no run comes near."""
    if value is None or not abs(value) <= LARGEST_NUMBER:
        return None
    return coarse.ratio(value, share) if digits == _RATIO_DIGITS else coarse.figure(value, digits, share)


def time_of_run(value_us: int, dither_us: int) -> int:
    """A time within a run, to 0.1 s; 0 for what is none."""
    return _stamp(value_us, dither_us) or 0


def events(values: Iterable[Json]) -> tuple[FlowEvent, ...]:
    """Of what befell a flow, the words that callcheck knows."""
    return tuple(cast("FlowEvent", value) for value in values if isinstance(value, str) and value in EVENTS)


def _value(key: str, value: Json, share: float) -> Json:
    kind = type(value)
    if kind is bool:
        return value if key in FLAG_KEYS else None
    if kind is float or kind is int:
        return _number(key, value, share)
    if kind is str:
        return value if key in WORD_KEYS and value in WORD_KEYS[key] else None
    return _list(key, value) if kind is list or kind is tuple else None


def _number(key: str, value: float, share: float) -> Json:
    if not (-LARGEST_NUMBER if key in SIGNED_KEYS else 0) <= value <= LARGEST_NUMBER:
        return None
    if key in MEASURE_KEYS:
        return figure(value, MEASURE_KEYS[key], share)
    if key not in COUNT_KEYS or not isinstance(value, int):
        return None
    return coarse.whole(value, share) if key in WHOLE_KEYS else coarse.count(value, share)


def _list(key: str, values: Sequence[Json]) -> Json:
    if key in EVENTS_KEYS:
        return list(events(values))
    if key in NUMBERS_KEYS:
        return [value for value in values if type(value) is int and 0 <= value <= LARGEST_NUMBER]
    return None


def _stamp(value: Json, dither_us: int) -> int | None:
    if type(value) is not int or not 0 <= value <= LARGEST_STAMP_US:
        return None
    return coarse.on_grid(value, STAMP_STEP_US, dither_us)


# A run says the same few words of every packet.
@lru_cache(maxsize=1024)
def _matching(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) and not leaks(text, ()) else ""
