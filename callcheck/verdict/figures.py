"""Numbers out of facts, written for a reader: rounded, with the decimal mark of the language; no words get through."""

from __future__ import annotations

import math
from collections.abc import Mapping

from callcheck.locale import plural
from callcheck.model import Json

_COUNTS = (
    "answered",
    "asked",
    "died",
    "elsewhere",
    "endpoints",
    "flows",
    "informative",
    "missing",
    "names",
    "opened",
    "packets_high",
    "packets_low",
    "received",
    "refused",
    "sent",
    "with_cookie",
    "without_cookie",
)
_MEASURES = (
    "limit_high_kbps",
    "limit_low_kbps",
    "loop_ms",
    "mean_run",
    "offered_kbps",
    "rtt_ms",
    "seconds",
    "seconds_high",
    "seconds_low",
)
_RATIOS = {"loss_ratio": "loss_percent", "controls_loss_ratio": "controls_loss_percent"}
# No fact that callcheck measures comes near; what does is a damaged or foreign file.
_LARGEST = 1_000_000_000


def number_of(facts: Mapping[str, Json], name: str) -> float | None:
    """The fact as a number; None where it is missing, no number, negative or beyond all measure."""
    value = facts.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) and 0 <= value <= _LARGEST else None


def figures(facts: Mapping[str, Json], language: str) -> dict[str, str]:
    """Every fact that a sentence may show, by placeholder. Units stand in the sentences; words never get in here."""
    shown: dict[str, str] = {}
    for name in _COUNTS:
        if (count := number_of(facts, name)) is not None:
            shown[name] = str(round(count))
    for name in _MEASURES:
        if (measure := number_of(facts, name)) is not None:
            shown[name] = decimal(measure, language)
    for name, placeholder in _RATIOS.items():
        if (ratio := number_of(facts, name)) is not None and ratio <= 1:
            shown[placeholder] = decimal(100 * ratio, language)
    if shown.get("asked") == "0":
        del shown["asked"]  # "none of 0" is no news: a sentence without the figure says the rest
    return shown | _derived(facts, language)


def _derived(facts: Mapping[str, Json], language: str) -> dict[str, str]:
    derived: dict[str, str] = {}
    names, missing = number_of(facts, "names"), number_of(facts, "missing")
    if names is not None and missing is not None and missing <= names:
        derived["found"] = str(round(names - missing))
    networks = number_of(facts, "networks")
    if networks is not None:
        n_ = plural(language)
        derived["in_networks"] = n_("in {count} network", "in {count} networks", round(networks)).format(
            count=round(networks)
        )
    call, control, neutral = (number_of(facts, f"last_hop_{name}") for name in ("call", "control", "neutral"))
    # Hop 0 is "seen nowhere", which no sentence should call a station.
    if call and control:
        derived |= {"last_hop_call": str(round(call)), "last_hop_control": str(round(control))}
    if call and neutral and neutral > call:
        derived["last_hop_neutral_beyond"] = str(round(neutral))
    if number_of(facts, "elsewhere"):
        derived["elsewhere_some"] = str(round(number_of(facts, "elsewhere") or 0))
    return derived


def decimal(value: float, language: str) -> str:
    """One decimal below ten where it says something, none above."""
    text = f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
    text = text.removesuffix(".0")
    return text.replace(".", ",") if language == "ru" else text
