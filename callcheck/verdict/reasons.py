"""What a verdict rests on: the evidence that speaks most for it and against it, and the test that would change it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from callcheck.verdict import keys
from callcheck.verdict.advice_text import WouldChange
from callcheck.verdict.findings import Findings, Key
from callcheck.verdict.hypothesis import Hypothesis
from callcheck.verdict.posterior import Weighed
from callcheck.verdict.signs import Sign, keys_of
from callcheck.words import Cause, Claim, Depth, Function

# A reader weighs three facts on each side, and no more.
_MOST: Final = 3


class Reasons(msgspec.Struct, frozen=True):
    """Positions in the evidence, the weightiest first."""

    supporting: tuple[int, ...]
    against: tuple[int, ...]


def of(
    found: Findings, service: str, function: Function, seen: Weighed, leading: Hypothesis, *, decided: bool
) -> Reasons:
    """The three strongest facts on each side of the leading hypothesis, measured against the likeliest of another
    cause. A verdict on which nothing of the service itself is known rests on nothing."""
    if not _is_informed(found, service, function) and not decided:
        return Reasons((), ())
    rival = _rival(seen, leading)
    mine, other = seen.weights[leading.name], seen.weights[rival]
    gains = {sign: mine[sign] - (other[sign] if mine[sign] * other[sign] > 0 else 0.0) for sign in seen.levels}
    shown = {sign: mine[sign] + gains[sign] for sign in seen.levels}
    fits = sorted((sign for sign in shown if shown[sign] > 0 and mine[sign] > 0), key=lambda sign: -shown[sign])
    # What surprises the rival even more speaks for the leader, if for anybody.
    speaks_against = sorted((sign for sign in shown if mine[sign] < 0 > gains[sign]), key=lambda sign: mine[sign])
    essential = _ESSENTIAL_OF_CAUSE.get(leading.cause if decided else "unknown", _ESSENTIAL[function])
    ranked = sorted(fits, key=lambda sign: sign not in essential)
    supporting = _cited(found, service, function, ranked)
    against = tuple(one for one in _cited(found, service, function, speaks_against) if one not in supporting)
    return Reasons(supporting[:_MOST], against[:_MOST])


# What a reader asks for first: the answers of whatever the trouble is said to lie with.
_ESSENTIAL_OF_CAUSE: Final[dict[Cause, frozenset[Sign]]] = {
    "local_link": frozenset({Sign.gateway, Sign.steady}),
    "bufferbloat": frozenset({Sign.quick_under_load, Sign.late}),
    "resolver": frozenset({Sign.resolver, Sign.names, Sign.names_true}),
    "captive_portal": frozenset({Sign.portal}),
    "congestion": frozenset({Sign.carry, Sign.stream, Sign.shared_loss, Sign.late, Sign.evenly, Sign.gateway}),
    "udp_blocked": frozenset({Sign.controls, Sign.domestic}),
    "allow_list": frozenset({Sign.web_abroad, Sign.web_at_home}),
    "offline": frozenset({Sign.tcp, Sign.controls, Sign.route}),
}
_ESSENTIAL: Final = {
    "calls": frozenset({Sign.relays, Sign.stream, Sign.cut_off, Sign.loses_more, Sign.forms, Sign.limited, Sign.path}),
    "messaging": frozenset({Sign.text, Sign.path, Sign.names, Sign.names_true, Sign.transfers, Sign.name_passes}),
}


def _rival(seen: Weighed, leading: Hypothesis) -> str:
    return next((name for name in seen.ranking if name != leading.name), leading.name)


def _cited(found: Findings, service: str, function: Function, signs: Iterable[Sign]) -> tuple[int, ...]:
    return found.cited(key for sign in signs for key in _known(found, service, function, sign))


def _known(found: Findings, service: str, function: Function, sign: Sign) -> tuple[Key, ...]:
    """The first key of the sign that anything was found out about."""
    return next(((key,) for key in keys_of(service, function, sign) if found.strength(key)), ())


def _is_informed(found: Findings, service: str, function: Function) -> bool:
    own: tuple[Key, ...] = (keys.stream(service), keys.relays(service))
    if function == "messaging":
        own = (keys.text(service), keys.names(service), Key(Claim.transfers_finish, service, "messaging"))
    return any(found.strength(key) for key in own)


_BY_CAUSE: Final[dict[Cause, tuple[WouldChange, ...]]] = {
    "none": ("deeper_run", "later_again"),
    "device": ("other_device", "later_again"),
    "local_link": ("cable_instead_of_wireless", "other_device"),
    "bufferbloat": ("later_again", "another_network"),
    "resolver": ("second_resolver", "another_network"),
    "captive_portal": ("another_network",),
    "congestion": ("later_again", "another_network"),
    "udp_blocked": ("another_network",),
    "selective": ("another_network", "deeper_run", "new_relay_list"),
    "allow_list": ("another_network", "later_again"),
    "offline": ("another_network", "later_again"),
    "service_outage": ("another_network", "later_again"),
    "unknown": ("deeper_run", "another_network"),
}


def would_change(cause: Cause, leading: Hypothesis, depth: Depth) -> tuple[str, ...]:
    """The tests that would settle it, or overturn it."""
    tests = _BY_CAUSE[cause]
    if cause == "unknown" and leading.name in {"relays cut off", "relays down"}:
        tests = (*tests, "new_relay_list")
    return tuple(test for test in tests if not (test == "deeper_run" and depth == "deep"))
