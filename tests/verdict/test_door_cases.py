"""What the judge makes of portals, allow-lists, false names and forms that are held back; and when it makes nothing."""

from __future__ import annotations

import pytest

from callcheck.model import Evidence, Verdict
from callcheck.verdict.judge import judge
from callcheck.words import Claim
from tests.verdict.made import (
    CONTROLS,
    COOKIE,
    DOMESTIC,
    HOME,
    LINE,
    NO_ABROAD,
    NO_CONTROLS,
    NO_COOKIE,
    ON_TIME,
    PORTAL,
    ROUTE,
    STATED,
    TCP,
    TUNNEL,
    about,
    forms,
    relays,
    stream,
    text,
)


def names_true(strength: int) -> Evidence:
    return about(Claim.names_true, strength, "whatsapp", "messaging")


def judged(*evidence: Evidence, service: str = "telegram", function: str = "calls") -> Verdict:
    found = judge(evidence, "standard", ON_TIME, STATED)
    return next(one for one in found if (one.service, one.function) == (service, function))


@pytest.mark.parametrize("function", ["messaging", "calls"])
def test_a_portal_is_named_where_nothing_of_the_service_answers(function: str) -> None:
    said = judged(ROUTE, PORTAL, text(-3), relays(-3), function=function)
    assert (said.outcome, said.cause) == ("fails", "captive_portal")


def test_a_portal_page_beside_a_service_that_answers_is_no_reason() -> None:
    said = judged(*LINE, PORTAL, text(3), relays(3), stream(3, 0.0))
    assert (said.outcome, said.cause) == ("works", "none")


@pytest.mark.parametrize("function", ["messaging", "calls"])
def test_only_places_at_home_is_an_allow_list(function: str) -> None:
    said = judged(ROUTE, TCP, DOMESTIC, NO_CONTROLS, HOME, NO_ABROAD, text(-3), relays(-3), function=function)
    assert (said.outcome, said.cause) == ("fails", "allow_list")


@pytest.mark.parametrize(
    "more", [CONTROLS, text(3), relays(3), text(3, service="whatsapp"), about(Claim.web_at_home, -3)]
)
def test_anything_abroad_that_answers_or_nothing_at_home_is_no_allow_list(more: Evidence) -> None:
    usual = (ROUTE, DOMESTIC, HOME, NO_ABROAD, text(-3), relays(-3))
    about_the_same = (more.claim, more.service)
    said = judged(more, *(one for one in usual if (one.claim, one.service) != about_the_same))
    assert said.cause != "allow_list"


@pytest.mark.parametrize("more", [(), (about(Claim.answers_doubled, 3),)])
def test_false_names_are_laid_to_the_resolver(more: tuple[Evidence, ...]) -> None:
    said = judged(*LINE, names_true(-3), text(-3, service="whatsapp"), *more, service="whatsapp", function="messaging")
    assert (said.outcome, said.cause, said.mechanism) == ("fails", "resolver", "dns")


def test_names_that_look_false_do_not_matter_where_text_answers() -> None:
    said = judged(*LINE, names_true(-3), text(3, service="whatsapp"), service="whatsapp", function="messaging")
    assert (said.outcome, said.cause) == ("works", "unknown")


def test_a_form_that_is_silent_at_these_relays_and_answered_elsewhere_is_singled_out() -> None:
    said = judged(*LINE, COOKIE, forms(-3, "stun_signature"), text(3), relays(3), stream(3, 0.0))
    assert (said.outcome, said.cause, said.mechanism) == ("degraded", "selective", "stun_signature")
    assert said.where == "unknown"


@pytest.mark.parametrize(
    "evidence",
    [
        (*LINE, NO_COOKIE, forms(-3, "stun_signature")),
        (*LINE, forms(-3, "stun_signature")),
        (*LINE, COOKIE, forms(-3, "dtls_signature")),
        (ROUTE, TUNNEL, CONTROLS, COOKIE, forms(-3, "stun_signature")),
        (*LINE, COOKIE, forms(-3, "stun_signature"), about(Claim.one_way_out, -3, "telegram", "calls")),
    ],
)
def test_without_the_contrast_nobody_is_accused(evidence: tuple[Evidence, ...]) -> None:
    said = judged(*evidence, text(3), relays(3), stream(3, 0.0))
    assert said.cause == "unknown"
    assert said.outcome != "works"


@pytest.mark.parametrize(
    ("strength", "expected"),
    [(-2, ("unknown", "unknown")), (-1, ("unknown", "unknown")), (2, ("works", "none"))],
)
def test_a_hint_is_no_accusation_and_no_clean_bill(strength: int, expected: tuple[str, str]) -> None:
    said = judged(*LINE, COOKIE, forms(strength, "stun_signature"), text(3), relays(3), stream(3, 0.0))
    assert (said.outcome, said.cause) == expected
