"""What must hold before anybody is accused, and before anything is said to work (DESIGN 2): each gate by itself, pure.

A hypothesis that fails its gates keeps part of its weight, so that it is still named as a suspicion; what it loses goes
to the unknown, and no verdict can rest on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from callcheck.model import Instrument
from callcheck.verdict import keys
from callcheck.verdict.findings import CERTAIN, Findings, Key
from callcheck.verdict.hypothesis import Contrast, Hypothesis
from callcheck.verdict.signs import Sign, is_slow, level_of, path_key
from callcheck.words import Claim, Function

# What is left of the weight of a hypothesis that may not be said: it stays a suspicion below both limits of the judge.
# Where the comparison itself was unfair, hardly that.
SUSPECTED: Final = 0.65
_UNFAIR: Final = 0.2
_FEWEST_NETWORKS: Final = 2
_Gate = Callable[[Findings, str, Function], bool]


def kept_share(
    hypothesis: Hypothesis, found: Findings, service: str, function: Function, instrument: Instrument
) -> float:
    """How much of its chance a hypothesis keeps: 1 where it may be said."""
    if hypothesis.cause == "selective":
        if not _is_fair(hypothesis, found, service, function, instrument):
            return _UNFAIR
        contrast = hypothesis.needs
        return 1.0 if contrast is not None and _CONTRASTS[contrast](found, service, function) else SUSPECTED
    gate = _OTHERS.get(hypothesis.name, _always) if hypothesis.cause != "none" else _works
    return 1.0 if gate(found, service, function) else SUSPECTED


def _is_fair(hypothesis: Hypothesis, found: Findings, service: str, function: Function, instrument: Instrument) -> bool:
    """Over the person's own line, with neutral hosts alive beside it, and by an instrument that kept time where time
    matters: silence, and where packets stop, need none."""
    is_disturbed = bool(instrument.events) or (hypothesis.timed and instrument.valid is False)
    return (
        not is_disturbed and not _is_tunnelled(found, service) and not is_slow(found) and _has_controls(found, function)
    )


def _is_tunnelled(found: Findings, service: str) -> bool:
    own_way = Key(Claim.tunnel_on_the_way, service, "calls")
    return found.strength(keys.TUNNEL) > 0 or found.strength(own_way) > 0


def _has_controls(found: Findings, function: Function) -> bool:
    """Neutral hosts in more than one network answered; for connections, neutral sites do as well."""
    diverse = found.says(keys.CONTROLS) and found.number(keys.CONTROLS, "networks") >= _FEWEST_NETWORKS
    return diverse or (function == "messaging" and found.says(keys.WEB_ABROAD))


def _stops_short(found: Findings, service: str, function: Function) -> bool:
    """Packets stop before others do, and not at home; whether text is alive or dead is known (DESIGN 7)."""
    beyond_home = level_of(found, service, function, Sign.path_beyond_home) >= 0
    return found.denies(path_key(found, service, function)) and beyond_home and found.strength(keys.text(service)) != 0


def _one_form(found: Findings, service: str, _function: Function) -> bool:
    return is_form_held_back(found, service) and not found.denies(keys.one_way_out(service))


def _same_death(found: Findings, service: str, _function: Function) -> bool:
    return found.strength(keys.cut_off_at(service)) >= CERTAIN and found.says(keys.CONTROLS_CARRY)


def _loss_before_a_hop(found: Findings, service: str, _function: Function) -> bool:
    return (
        found.strength(keys.loses_evenly(service)) <= -CERTAIN
        and found.strength(keys.stream(service)) < 0
        and found.says(keys.CONTROLS_CARRY)
    )


def _constant_goodput(found: Findings, service: str, _function: Function) -> bool:
    """Several rates and flows come out as one speed, below what a call needs; a relay that allows strangers no more
    would look the same, so the same loss at the rate of a call is asked for too."""
    return (
        level_of(found, service, "calls", Sign.limited) >= CERTAIN
        and level_of(found, service, "calls", Sign.too_slow_for_a_call) > 0
        and found.says(keys.loses_more(service))
        and found.says(keys.CONTROLS_CARRY)
    )


def _name_only(found: Findings, service: str, _function: Function) -> bool:
    return found.strength(Key(Claim.name_passes, service, "messaging")) <= -CERTAIN


def _transfers_only(found: Findings, service: str, _function: Function) -> bool:
    return found.strength(Key(Claim.transfers_finish, service, "messaging")) <= -CERTAIN


_CONTRASTS: Final[Mapping[Contrast, _Gate]] = {
    Contrast.stops_short: _stops_short,
    Contrast.one_form: _one_form,
    Contrast.same_death: _same_death,
    Contrast.loss_before_a_hop: _loss_before_a_hop,
    Contrast.constant_goodput: _constant_goodput,
    Contrast.name_only: _name_only,
    Contrast.transfers_only: _transfers_only,
}


def _always(_found: Findings, _service: str, _function: Function) -> bool:
    return True


def _nothing_answers(found: Findings, _service: str, _function: Function) -> bool:
    """Offline: nobody at all gives an answer, not even a name server."""
    here = (keys.TCP, keys.CONTROLS, keys.DOMESTIC, keys.RESOLVER, keys.WEB_AT_HOME, keys.WEB_ABROAD)
    everybody = (key(other) for other in found.services() for key in (keys.text, keys.relays))
    return not any(found.strength(key) > 0 for key in (*here, *everybody)) and (
        found.denies(keys.ROUTE) or (found.denies(keys.TCP) and found.denies(keys.CONTROLS))
    )


def _portal_seen(found: Findings, _service: str, _function: Function) -> bool:
    return found.says(keys.PORTAL)


def _only_home_answers(found: Findings, _service: str, _function: Function) -> bool:
    at_home = found.says(keys.WEB_AT_HOME) or found.says(keys.DOMESTIC)
    return found.denies(keys.WEB_ABROAD) and at_home and found.strength(keys.CONTROLS) <= 0


def _text_alone_passes(found: Findings, _service: str, _function: Function) -> bool:
    """UDP dead for everybody, which the text of some service says is not the whole line."""
    texts = any(found.says(keys.text(other)) for other in found.services())
    return texts and found.strength(keys.CONTROLS) <= -CERTAIN and found.strength(keys.DOMESTIC) <= 0


def _known_elsewhere(found: Findings, service: str, function: Function) -> bool:
    return level_of(found, service, function, Sign.names_elsewhere) > 0 and not text_works(found, service)


def _names_lead_astray(found: Findings, service: str, _function: Function) -> bool:
    return found.denies(keys.names_true(service)) and not text_works(found, service)


def _resolver_dead(found: Findings, service: str, _function: Function) -> bool:
    return found.denies(keys.RESOLVER) and not text_works(found, service)


def _lost_at_home(found: Findings, service: str, function: Function) -> bool:
    """What the router loses, everything behind it must lose too; what the service loses beyond that has another
    cause, and silence is no loss."""
    if function == "messaging":
        return found.denies(keys.GATEWAY)
    through_it = 2 * found.number(keys.CONTROLS_CARRY, "loss_ratio") >= found.number(keys.GATEWAY, "loss_ratio")
    shared = level_of(found, service, "calls", Sign.shared_loss) > 0
    return found.denies(keys.GATEWAY) and shared and through_it and not found.denies(keys.relays(service))


def _pauses_at_home(found: Findings, service: str, _function: Function) -> bool:
    return found.denies(Key(Claim.gateway_steady)) and not found.denies(keys.relays(service))


def _lost_by_all(found: Findings, service: str, _function: Function) -> bool:
    return level_of(found, service, "calls", Sign.shared_loss) > 0 and not found.denies(keys.relays(service))


# By hypothesis, what must be seen besides before it is said.
_OTHERS: Final[Mapping[str, _Gate]] = {
    "no route": _nothing_answers,
    "line dead": _nothing_answers,
    "portal": _portal_seen,
    "only what is listed": _only_home_answers,
    "no calls for anybody": _text_alone_passes,
    "names missing": _known_elsewhere,
    "names false": _names_lead_astray,
    "resolver dead": _resolver_dead,
    "loss at home": _lost_at_home,
    "pauses at home": _pauses_at_home,
    "loss for all": _lost_by_all,
}


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
        and found.strength(keys.GATEWAY) > -CERTAIN
    )


def is_late(found: Findings, service: str) -> bool:
    return level_of(found, service, "calls", Sign.late) > 0


def is_form_held_back(found: Findings, service: str) -> bool:
    """Call relays answer one form and not the other, which neutral hosts do answer."""
    is_elsewhere = level_of(found, service, "calls", Sign.form_elsewhere) > 0
    return found.strength(keys.forms_alike(service)) <= -CERTAIN and is_elsewhere


def text_works(found: Findings, service: str) -> bool:
    return found.says(keys.text(service))
