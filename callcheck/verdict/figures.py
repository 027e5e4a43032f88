"""Numbers out of facts, written for a reader: rounded, in the manner of the language; no words get through.

Thousands are parted from 10 000 on: by a comma in English, in Russian by an ordinary space, as a no-break space would
be escaped where a terminal is written to (report/printable).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from callcheck.locale import N_, plural, translator
from callcheck.model import Json
from callcheck.verdict.findings import number_of

_COUNTS = (
    "addresses",
    "age_days",
    "agreed",
    "answered",
    "asked",
    "certificates_refused",
    "died",
    "doubled",
    "elsewhere",
    "endpoints",
    "false",
    "finished",
    "flows",
    "frozen",
    "held",
    "hello",
    "hop",
    "hosts",
    "informative",
    "known",
    "listed",
    "missing",
    "names",
    "opened",
    "packets",
    "ports",
    "received",
    "refused",
    "sent",
    "silent",
    "stalls",
    "tunnelled",
    "with_cookie",
    "with_name",
    "without_cookie",
    "without_name",
)
_MEASURES = (
    "down_kbps",
    "idle_ms",
    "load_ratio",
    "loaded_down_ms",
    "loaded_up_ms",
    "longest_stall_ms",
    "loop_ms",
    "mean_run",
    "offered_kbps",
    "rtt_ms",
    "rtt_p95_ms",
    "seconds",
    "shift_ms",
    "up_kbps",
)
_RATIOS = {"loss_ratio": "loss_percent", "controls_loss_ratio": "controls_loss_percent"}
# By placeholder, the facts between which a value lies, and how many of their units make one that is shown.
_RANGES = {
    "frozen_between_kb": ("frozen_low_bytes", "frozen_high_bytes", 1000),
    "limit_between_kbps": ("limit_low_kbps", "limit_high_kbps", 1),
    "packets_between": ("packets_low", "packets_high", 1),
    "seconds_between": ("seconds_low", "seconds_high", 1),
}
_FROM_TO: Final = N_("{low} to {high}")
# From here on, a decimal would be rounded away.
_WHOLE_FROM: Final = 9.95
_PARTED_LENGTH: Final = len("10,000")


def figures(facts: Mapping[str, Json], language: str) -> dict[str, str]:
    """Every fact that a sentence may show, by placeholder. Units stand in the sentences; words never get in here."""
    shown = {name: count(number, language) for name, number in _whole(facts).items()}
    for name in _MEASURES:
        if (measure := number_of(facts, name)) is not None:
            shown[name] = decimal(measure, language)
    for name, (low, high, unit) in _RANGES.items():
        if between := _range(_in_units(facts, low, unit), _in_units(facts, high, unit), language):
            shown[name] = between
    for name, placeholder in _RATIOS.items():
        if (ratio := number_of(facts, name)) is not None and ratio <= 1:
            shown[placeholder] = decimal(100 * ratio, language)
    if (networks := number_of(facts, "networks")) is not None:
        n_ = plural(language)
        in_networks = n_("in {count} network", "in {count} networks", round(networks))
        shown["in_networks"] = in_networks.format(count=count(round(networks), language))
    return shown


def counts(facts: Mapping[str, Json]) -> dict[str, int]:
    """The whole numbers behind the figures, by placeholder: they choose the form of the words beside them. A range
    counts as its upper end, the last that is read."""
    found = _whole(facts)
    for name, (_, high, unit) in _RANGES.items():
        if (end := _in_units(facts, high, unit)) is not None:
            found[name] = math.ceil(end)
    return found


def _whole(facts: Mapping[str, Json]) -> dict[str, int]:
    known = {name: round(number) for name in _COUNTS if (number := number_of(facts, name)) is not None}
    if known.get("asked") == 0:
        del known["asked"]  # "none of 0" is no news: a sentence without the figure says the rest
    return known | _derived(facts)


def _derived(facts: Mapping[str, Json]) -> dict[str, int]:
    derived: dict[str, int] = {}
    names, missing = number_of(facts, "names"), number_of(facts, "missing")
    if names is not None and missing is not None and missing <= names:
        derived["found"] = round(names - missing)
    call, control, neutral = (number_of(facts, f"last_hop_{name}") for name in ("call", "control", "neutral"))
    # Hop 0 is "seen nowhere", which no sentence should call a station.
    if call and control:
        derived |= {"last_hop_call": round(call), "last_hop_control": round(control)}
    if call and neutral and neutral > call:
        derived["last_hop_neutral_beyond"] = round(neutral)
    for name in ("elsewhere", "renewed", "differing", "versions"):
        if some := number_of(facts, name):
            derived[f"{name}_some"] = round(some)
    return derived


def _in_units(facts: Mapping[str, Json], name: str, unit: int) -> float | None:
    value = number_of(facts, name)
    return None if value is None else value / unit


def _range(low: float | None, high: float | None, language: str) -> str:
    """`12 to 24`, one figure where both read alike, "" where they are no range."""
    if low is None or high is None or low > high:
        return ""
    ends = {"low": decimal(low, language), "high": decimal(high, language)}
    return ends["low"] if ends["low"] == ends["high"] else translator(language)(_FROM_TO).format(**ends)


def decimal(value: float, language: str) -> str:
    """One decimal below ten where it says something, none above."""
    if value >= _WHOLE_FROM:
        return count(value, language)
    text = f"{value:.1f}".removesuffix(".0")
    return text.replace(".", ",") if language == "ru" else text


def count(number: float, language: str) -> str:
    """A whole number; its thousands are parted where it has five digits or more, as both languages do in print."""
    text = f"{number:,.0f}"
    mark = "" if len(text) < _PARTED_LENGTH else " " if language == "ru" else ","
    return text.replace(",", mark)
