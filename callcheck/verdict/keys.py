"""What the judge's cases ask the findings about: one key for each claim."""

from __future__ import annotations

from typing import Literal

from callcheck.verdict.findings import Key
from callcheck.words import Claim

ROUTE = Key(Claim.route_exists)
GATEWAY = Key(Claim.gateway_healthy)
RESOLVER = Key(Claim.resolver_works)
TCP = Key(Claim.tcp_passes)
DOMESTIC = Key(Claim.domestic_answers)
COOKIE = Key(Claim.cookie_ignored)
CONTROLS_CARRY = Key(Claim.controls_carry)
CONTROLS = Key(Claim.controls_answer)
TUNNEL = Key(Claim.tunnel_in_use)
PORTAL = Key(Claim.captive_portal)
WEB_ABROAD = Key(Claim.web_abroad)
WEB_AT_HOME = Key(Claim.web_at_home)
ANSWERS_DOUBLED = Key(Claim.answers_doubled)
RESOLVERS_INTERCEPTED = Key(Claim.resolvers_intercepted)
DTLS = Key(Claim.dtls_passes)


def text(service: str) -> Key:
    return Key(Claim.text_answers, service, "messaging")


def names(service: str) -> Key:
    return Key(Claim.names_present, service, "messaging")


def relays(service: str) -> Key:
    return Key(Claim.relays_answer, service, "calls")


def refusals(service: str) -> Key:
    return Key(Claim.relays_refuse, service, "calls")


def path(service: str, function: Literal["calls", "messaging"]) -> Key:
    return Key(Claim.path_open, service, function)


def stream(service: str) -> Key:
    return Key(Claim.stream_carries, service, "calls")


def cut_off_at(service: str) -> Key:
    return Key(Claim.stream_cut_off, service, "calls")


def limited(service: str) -> Key:
    return Key(Claim.stream_rate_limited, service, "calls")


def loses_more(service: str) -> Key:
    return Key(Claim.stream_loses_more, service, "calls")


def independent(service: str) -> Key:
    return Key(Claim.loss_independent, service, "calls")


def names_true(service: str) -> Key:
    return Key(Claim.names_true, service, "messaging")


def forms_alike(service: str) -> Key:
    return Key(Claim.call_forms_alike, service, "calls")


def one_way_out(service: str) -> Key:
    return Key(Claim.one_way_out, service, "calls")


def loses_evenly(service: str) -> Key:
    return Key(Claim.path_loses_evenly, service, "calls")
