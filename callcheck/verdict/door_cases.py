"""What the judge sees at the doors: a portal, an allow-list, false names, one form of a call that is held back."""

from __future__ import annotations

from callcheck.verdict.findings import Finding, Findings
from callcheck.verdict.keys import (
    ANSWERS_DOUBLED,
    CONTROLS,
    COOKIE,
    DTLS,
    PORTAL,
    RESOLVER,
    RESOLVERS_INTERCEPTED,
    TCP,
    TUNNEL,
    WEB_ABROAD,
    WEB_AT_HOME,
    forms_alike,
    names_true,
    one_way_out,
    path,
    relays,
    text,
)
from callcheck.words import Mechanism

_CERTAIN = -3


def captive_portal(found: Findings, service: str) -> Finding | None:
    """A page of this network's own stands in the place of one that is known, and nothing of the service answers."""
    if not found.says(PORTAL) or found.strength(text(service)) > 0 or found.strength(relays(service)) > 0:
        return None
    return Finding(
        outcome="fails",
        causes={"captive_portal": 0.95, "allow_list": 0.02},
        mechanism="none",
        supporting=(PORTAL, WEB_ABROAD, text(service), relays(service)),
        would_change=("another_network",),
    )


def allow_list(found: Findings, service: str) -> Finding | None:
    """Sites at home prove themselves, none abroad does, and nobody else abroad answers either, whoever runs it."""
    if not (found.denies(WEB_ABROAD) and found.says(WEB_AT_HOME)) or found.strength(CONTROLS) > 0:
        return None
    if any(found.strength(key(other)) > 0 for other in found.services() for key in (text, relays)):
        return None
    return Finding(
        outcome="fails",
        causes={"allow_list": 0.92, "offline": 0.03},
        mechanism="none",
        supporting=(WEB_ABROAD, WEB_AT_HOME, CONTROLS, text(service), relays(service), TCP),
        would_change=("another_network", "later_again"),
    )


def names_false(found: Findings, service: str) -> Finding | None:
    """The service's names lead to places that cannot be its own, and its text does not answer there."""
    if not found.denies(names_true(service)) or found.says(text(service)):
        return None
    on_the_way = found.says(ANSWERS_DOUBLED) or found.says(RESOLVERS_INTERCEPTED)
    return Finding(
        outcome="fails",
        causes={"resolver": 0.82, "selective": 0.15} if on_the_way else {"resolver": 0.95},
        mechanism="dns",
        supporting=(names_true(service), ANSWERS_DOUBLED, RESOLVERS_INTERCEPTED, RESOLVER, text(service)),
        against=(relays(service),) if found.says(relays(service)) else (),
        would_change=("second_resolver", "another_network"),
    )


def one_form_held_back(found: Findings, service: str) -> Finding | None:
    """At the same relays and ports one form in which a call begins is silent and another is answered, while neutral
    hosts answer the silent form: DESIGN 2.2's second contrast. Where they do not answer it either, it is about calls of
    every kind, which this judge leaves open."""
    key = forms_alike(service)
    by_word: dict[str, tuple[Mechanism, bool]] = {
        "stun_signature": ("stun_signature", found.strength(COOKIE) > 0),
        "dtls_signature": ("dtls_signature", found.strength(DTLS) > 0),
    }
    mechanism, passes_elsewhere = by_word.get(found.word(key, "mechanism"), ("unknown", False))
    if found.strength(key) > _CERTAIN or mechanism == "unknown":
        return None
    comparable = found.says(CONTROLS) and found.strength(TUNNEL) <= 0 and not found.denies(one_way_out(service))
    certain = passes_elsewhere and comparable
    return Finding(
        outcome="degraded" if certain else "unknown",
        causes={"selective": 0.93 if certain else 0.5, "service_outage": 0.03},
        mechanism=mechanism,
        supporting=(key, CONTROLS, COOKIE if mechanism == "stun_signature" else DTLS, path(service, "calls")),
        against=(relays(service),) if found.says(relays(service)) else (),
        would_change=("another_network", "deeper_run"),
    )
