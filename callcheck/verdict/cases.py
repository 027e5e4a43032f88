"""The gross cases: each reads the findings for one service and says what it sees, or None.

Probabilities are stated, not yet calibrated: they rest on how many independent things would have to fail together for
the case to be mistaken. A case that lacks its contrast returns probabilities below the judge's limits, which makes the
verdict "unknown" with the leading hypotheses named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, cast, get_args

from callcheck.verdict.door_cases import allow_list, captive_portal, names_false, one_form_held_back
from callcheck.verdict.findings import Finding, Findings, Key
from callcheck.verdict.keys import (
    CONTROLS,
    CONTROLS_CARRY,
    COOKIE,
    DOMESTIC,
    GATEWAY,
    RESOLVER,
    ROUTE,
    TCP,
    TUNNEL,
    names,
    path,
    refusals,
    relays,
    stream,
    text,
)
from callcheck.verdict.stream_cases import HOPELESS_LOSS, POOR_LOSS, cut_off, held_to_a_speed, singled_out
from callcheck.words import Cause, Function, Mechanism, Outcome, Where

# One-way delay from which an ordinary talk falls apart (G.114's planning limit); a relay's round trip is about that.
POOR_DELAY_MS = 400
# Questions wait 1.5 s for an answer: where neutral hosts need half of that, silence may be mere slowness.
SLOW_MS = 750


Case = Callable[[Findings, str], Finding | None]


def offline(found: Findings, service: str) -> Finding | None:
    """No way out, or nothing that was asked over UDP or TCP answers, whoever runs it."""
    del service  # a network is offline for all of them
    everybody = (key(other) for other in found.services() for key in (text, relays))
    if any(found.strength(key) > 0 for key in (TCP, CONTROLS, DOMESTIC, RESOLVER, *everybody)):
        return None
    if found.denies(ROUTE):
        where: Where = "home"
        probability = 0.99
    elif found.denies(TCP) and found.denies(CONTROLS):
        gateway_heard = found.number(GATEWAY, "received") > 0
        where = "access" if gateway_heard else "unknown"
        probability = 0.95 if found.denies(DOMESTIC) else 0.85
    else:
        return None
    return Finding(
        outcome="fails",
        causes={"offline": probability},
        mechanism="none",
        where=where,
        supporting=(ROUTE, TCP, CONTROLS, DOMESTIC, RESOLVER, GATEWAY),
        would_change=("another_network", "later_again"),
    )


def udp_blocked(found: Findings, service: str) -> Finding | None:
    """No UDP anywhere, neutral hosts included, while text is answered over TCP: a policy of this network.

    Hosts that answer STUN without its cookie, or packets of one shape that go further than another, show a rule
    against calls of every kind instead, which this judge leaves open.
    """
    if found.strength(CONTROLS) > -3 or found.strength(DOMESTIC) > 0 or is_slow(found):
        return None
    if found.number(COOKIE, "without_cookie") > 0:
        return None
    services = found.services()
    if any(found.strength(relays(other)) > 0 or found.denies(path(other, "calls")) for other in services):
        return None
    if not any(found.says(text(other)) for other in services):
        return None
    return Finding(
        outcome="fails",
        causes={"udp_blocked": 0.95, "allow_list": 0.02},
        mechanism="none",
        supporting=(CONTROLS, DOMESTIC, relays(service), TCP, text(service)),
        would_change=("another_network",),
    )


def lossy_home(found: Findings, service: str) -> Finding | None:
    """The gateway itself loses packets, and so does every arm beyond it; complete silence is no loss of this kind."""
    if not found.denies(GATEWAY) or found.strength(CONTROLS_CARRY) >= 0 or found.denies(relays(service)):
        return None
    controls_loss = found.number(CONTROLS_CARRY, "loss_ratio")
    loss = found.number(stream(service), "loss_ratio") or controls_loss
    # What the gateway loses, everything behind it must lose too; what the service loses beyond that has another cause.
    through_gateway = controls_loss >= found.number(GATEWAY, "loss_ratio") / 2
    if loss <= POOR_LOSS or not through_gateway or loss > 2 * controls_loss + 0.05:
        return None
    return Finding(
        outcome="fails" if loss > HOPELESS_LOSS else "degraded",
        causes={"local_link": 0.95, "device": 0.02},
        mechanism="none",
        where="home",
        supporting=(GATEWAY, CONTROLS_CARRY, stream(service)),
        would_change=("cable_instead_of_wireless", "other_device"),
    )


def names_missing(found: Findings, service: str) -> Finding | None:
    """The system's resolver does not know the service's names, another resolver does, and text does not answer."""
    if not found.denies(names(service)) or found.says(text(service)):
        return None
    elsewhere = found.number(names(service), "elsewhere") > 0
    return Finding(
        outcome="fails",
        causes={"resolver": 0.95} if elsewhere else {"resolver": 0.5, "service_outage": 0.2},
        mechanism="dns",
        supporting=(names(service), RESOLVER, text(service)),
        against=(relays(service),) if found.says(relays(service)) else (),
        would_change=("second_resolver", "another_network"),
    )


def service_silent(found: Findings, service: str, function: Literal["messaging", "calls"]) -> Finding | None:
    """Neither text nor call endpoints answer, while neutral hosts do: a block or an outage, told apart by the path."""
    if not found.denies(text(service)) or found.strength(relays(service)) > 0 or not _comparable(found):
        return None
    routes = (path(service, function), path(service, "messaging"), path(service, "calls"))
    route = next((key for key in routes if found.strength(key) != 0), routes[0])
    return _blocked_or_down(found, service, route)


def relays_silent(found: Findings, service: str) -> Finding | None:
    """Every informative call endpoint is silent while the same service's text answers and so does other UDP."""
    if not found.denies(relays(service)) or not found.says(text(service)) or not _comparable(found):
        return None
    return _blocked_or_down(found, service, path(service, "calls"))


def _comparable(found: Findings) -> bool:
    """Whether silence means anything: neutral hosts answered, and fast enough not to be mistaken for silent."""
    return found.says(CONTROLS) and not is_slow(found)


def is_slow(found: Findings) -> bool:
    texts = (found.number(text(service), "rtt_ms") for service in found.services())
    return max((found.number(CONTROLS, "slowest_rtt_ms"), *texts)) > SLOW_MS


def _blocked_or_down(found: Findings, service: str, route: Key) -> Finding:
    against = [key for key in (route, refusals(service), TUNNEL) if found.strength(key) > 0]
    return Finding(
        outcome="fails",
        causes=_block_or_outage(found, service, route),
        mechanism=_mechanism(found, route),
        where=found.where(route),
        supporting=(relays(service), CONTROLS, text(service), *(() if route in against else (route,))),
        against=tuple(against),
        would_change=("another_network", "deeper_run", "new_relay_list"),
    )


def _block_or_outage(found: Findings, service: str, route: Key) -> Mapping[Cause, float]:
    """Only packets that stop short of others speak for a block. Without them silence may as well be a list of relays
    that has grown old, or an outage: however many sites are silent, one list and one operator stand behind them."""
    if found.strength(TUNNEL) > 0:
        return {"selective": 0.4, "service_outage": 0.4}
    if found.says(route) or found.says(refusals(service)):
        return {"service_outage": 0.65, "selective": 0.25}
    if found.strength(route) <= -3:
        return {"selective": 0.96, "service_outage": 0.02}
    if found.denies(route):
        return {"selective": 0.92, "service_outage": 0.05}
    return {"selective": 0.6, "service_outage": 0.3}


def _mechanism(found: Findings, route: Key) -> Mechanism:
    word = found.word(route, "mechanism")
    return cast("Mechanism", word) if word in get_args(Mechanism) else "unknown"


def text_works(found: Findings, service: str) -> Finding | None:
    if not found.says(text(service)):
        return None
    return Finding(
        outcome="works",
        causes={"none": 0.97},
        mechanism="none",
        supporting=(text(service),),
        would_change=("later_again",),
    )


def calls_work(found: Findings, service: str) -> Finding | None:
    """A sustained stream came through relays most of which answer, and nothing else of the service is known dead; nor
    is what every call begins with dropped, whoever it is for."""
    if found.denies(COOKIE):
        return None
    partly_silent = bool(found.cited((relays(service),))) and not found.says(relays(service))
    if not found.says(stream(service)) or found.denies(text(service)) or partly_silent:
        return None
    too_late = max(found.number(stream(service), name) for name in ("loop_ms", "rtt_ms")) > POOR_DELAY_MS
    return Finding(
        outcome="degraded" if too_late else "works",
        causes={} if too_late else {"none": 0.97},
        mechanism="none",
        supporting=(stream(service), relays(service), text(service), CONTROLS_CARRY),
        against=(GATEWAY,) if found.denies(GATEWAY) else (),
        would_change=("deeper_run", "later_again"),
    )


def undecided(found: Findings, service: str, function: Function) -> Finding:
    """What is known without a case for it: perhaps that calls are poor, never why."""
    if function == "messaging":
        keys: tuple[Key, ...] = (text(service), names(service))
        informed = any(found.strength(key) != 0 for key in keys)
        return Finding(
            outcome="fails" if found.denies(text(service)) and not is_slow(found) else "unknown",
            causes={},
            supporting=keys if informed else (),
            would_change=("deeper_run", "another_network"),
        )
    keys = (stream(service), relays(service), CONTROLS_CARRY)
    informed = any(found.strength(key) != 0 for key in (stream(service), relays(service)))
    return Finding(
        outcome=_poor_outcome(found, service),
        causes={},
        supporting=keys if informed else (),
        would_change=("deeper_run", "another_network"),
    )


def _poor_outcome(found: Findings, service: str) -> Outcome:
    if found.strength(stream(service)) < 0:
        return "fails" if found.number(stream(service), "loss_ratio") > HOPELESS_LOSS else "degraded"
    return "fails" if found.denies(relays(service)) and not is_slow(found) else "unknown"


def _calls_silent(found: Findings, service: str) -> Finding | None:
    return service_silent(found, service, "calls")


def _messaging_silent(found: Findings, service: str) -> Finding | None:
    return service_silent(found, service, "messaging")


CALLS_CASES: tuple[Case, ...] = (
    offline,
    captive_portal,
    allow_list,
    udp_blocked,
    lossy_home,
    names_missing,
    names_false,
    _calls_silent,
    relays_silent,
    cut_off,
    one_form_held_back,
    held_to_a_speed,
    calls_work,
    singled_out,
)
MESSAGING_CASES: tuple[Case, ...] = (
    offline,
    captive_portal,
    allow_list,
    text_works,
    names_missing,
    names_false,
    _messaging_silent,
)
