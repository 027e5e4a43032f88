"""What must hold before anybody is accused, and before anything is said to work (DESIGN 2): each gate by itself, pure.

A hypothesis that fails its gates keeps part of its weight, so that it is still named as a suspicion; what it loses goes
to the unknown, and no verdict can rest on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from callcheck.model import Instrument
from callcheck.verdict import keys
from callcheck.verdict.findings import Findings, Key
from callcheck.verdict.hypothesis import Contrast, Hypothesis
from callcheck.verdict.signs import POOR_DELAY_MS, READINGS, Sign, is_slow, path_key
from callcheck.words import Claim, Function

# What is left of the weight of a hypothesis that may not be said: below both limits of the judge.
KEPT: Final = 0.65
_CERTAIN: Final = 3
_FEWEST_NETWORKS: Final = 2
_Gate = Callable[[Findings, str, Function], bool]


def passes(hypothesis: Hypothesis, found: Findings, service: str, function: Function, instrument: Instrument) -> bool:
    """Whether this hypothesis may be said, if it is likely enough."""
    if hypothesis.cause == "none":
        return _works(found, service, function)
    if hypothesis.cause == "selective":
        return may_accuse(hypothesis, found, service, function, instrument)
    return True


def may_accuse(
    hypothesis: Hypothesis, found: Findings, service: str, function: Function, instrument: Instrument
) -> bool:
    """Over the person's own line, by an instrument that kept time where time matters, with neutral hosts alive beside
    it, and with a contrast that neither an outage nor congestion makes."""
    if instrument.events or (hypothesis.timed and instrument.valid is False):
        return False
    if _is_tunnelled(found, service) or is_slow(found) or not _has_controls(found, function):
        return False
    contrast = hypothesis.needs
    return contrast is not None and _CONTRASTS[contrast](found, service, function)


def _is_tunnelled(found: Findings, service: str) -> bool:
    own_way = Key(Claim.tunnel_on_the_way, service, "calls")
    return found.strength(keys.TUNNEL) > 0 or found.strength(own_way) > 0


def _has_controls(found: Findings, function: Function) -> bool:
    """Neutral hosts in more than one network answered; for connections, neutral sites do as well."""
    diverse = found.says(keys.CONTROLS) and found.number(keys.CONTROLS, "networks") >= _FEWEST_NETWORKS
    return diverse or (function == "messaging" and found.says(keys.WEB_ABROAD))


def _stops_short(found: Findings, service: str, function: Function) -> bool:
    return found.denies(path_key(found, service, function)) and _level(Sign.path_beyond_home, found, service) >= 0


def _one_form(found: Findings, service: str, _function: Function) -> bool:
    return (
        found.strength(keys.forms_alike(service)) <= -_CERTAIN
        and _level(Sign.form_elsewhere, found, service) > 0
        and not found.denies(keys.one_way_out(service))
    )


def _same_death(found: Findings, service: str, _function: Function) -> bool:
    return found.strength(keys.cut_off_at(service)) >= _CERTAIN and found.says(keys.CONTROLS_CARRY)


def _loss_before_a_hop(found: Findings, service: str, _function: Function) -> bool:
    return (
        found.strength(keys.loses_evenly(service)) <= -_CERTAIN
        and found.strength(keys.stream(service)) < 0
        and found.says(keys.CONTROLS_CARRY)
    )


def _constant_goodput(found: Findings, service: str, _function: Function) -> bool:
    """Several rates and flows come out as one speed, below what a call needs; a relay that allows strangers no more
    would look the same, so the same loss at the rate of a call is asked for too."""
    return (
        _level(Sign.limited, found, service) >= _CERTAIN
        and _level(Sign.too_slow_for_a_call, found, service) > 0
        and found.says(keys.loses_more(service))
        and found.says(keys.CONTROLS_CARRY)
    )


def _name_only(found: Findings, service: str, _function: Function) -> bool:
    return found.strength(Key(Claim.name_passes, service, "messaging")) <= -_CERTAIN


def _transfers_only(found: Findings, service: str, _function: Function) -> bool:
    return found.strength(Key(Claim.transfers_finish, service, "messaging")) <= -_CERTAIN


def _never(_found: Findings, _service: str, _function: Function) -> bool:
    return False


_CONTRASTS: Final[Mapping[Contrast, _Gate]] = {
    Contrast.stops_short: _stops_short,
    Contrast.one_form: _one_form,
    Contrast.same_death: _same_death,
    Contrast.loss_before_a_hop: _loss_before_a_hop,
    Contrast.constant_goodput: _constant_goodput,
    Contrast.name_only: _name_only,
    Contrast.transfers_only: _transfers_only,
    Contrast.nothing: _never,
}


def _level(sign: Sign, found: Findings, service: str) -> int:
    return READINGS[sign].level(found, service, "calls")


def _works(found: Findings, service: str, function: Function) -> bool:
    return calls_work(found, service) if function == "calls" else text_works(found, service)


def calls_work(found: Findings, service: str) -> bool:
    """A sustained stream came through in time, over relays most of which answer, and nothing else of the service is
    known dead; nor is what every call begins with dropped, whoever it is for."""
    partly_silent = bool(found.cited((keys.relays(service),))) and not found.says(keys.relays(service))
    return (
        found.says(keys.stream(service))
        and not found.denies(keys.text(service))
        and not found.denies(keys.COOKIE)
        and found.strength(keys.forms_alike(service)) >= 0
        and not partly_silent
        and not is_late(found, service)
        and not found.denies(Key(Claim.gateway_steady))
        and found.strength(keys.GATEWAY) > -_CERTAIN
    )


def is_late(found: Findings, service: str) -> bool:
    delays_ms = (found.number(keys.stream(service), name) for name in ("loop_ms", "rtt_ms"))
    return found.strength(keys.stream(service)) != 0 and max(delays_ms) > POOR_DELAY_MS


def text_works(found: Findings, service: str) -> bool:
    return found.says(keys.text(service))
