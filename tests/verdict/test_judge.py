"""The judge: gross cases are named, everything else is left open, and any evidence gives a verdict."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Evidence
from callcheck.verdict.exit_code import exit_code
from callcheck.verdict.judge import judge
from callcheck.words import Claim
from tests.verdict.made import (
    BLOCKED,
    CARRY,
    CONTROLS,
    DOMESTIC,
    LINE,
    LOSSY,
    LOSSY_GATEWAY,
    NO_CONTROLS,
    NO_DOMESTIC,
    NO_TCP,
    ON_TIME,
    ROUTE,
    SILENCED,
    STATED,
    STOPS,
    TCP,
    TUNNEL,
    about,
    calls,
    instead,
    names,
    path,
    relays,
    stream,
    text,
)

REFUSED = about(Claim.relays_refuse, 2, "telegram", "calls")
NO_RESOLVER = about(Claim.resolver_works, -3)
NO_WEB = about(Claim.web_at_home, -3)


GROSS = {
    "all well": ((*LINE, text(3), relays(3), stream(3, 0.0)), "works", "none", 0),
    "no route": ((about(Claim.route_exists, -3), text(0), relays(0)), "fails", "offline", 1),
    "dead line": (
        (ROUTE, NO_TCP, NO_CONTROLS, NO_DOMESTIC, NO_RESOLVER, NO_WEB, text(-3), relays(-3)),
        "fails",
        "offline",
        1,
    ),
    "no UDP": ((*LINE[:4], NO_CONTROLS, NO_DOMESTIC, text(3), relays(-3)), "fails", "udp_blocked", 1),
    "block": (BLOCKED, "fails", "selective", 2),
    "service blocked": (SILENCED, "fails", "selective", 2),
    "names missing": ((*LINE, names(-3, 2), text(-2), relays(3), stream(3, 0.0)), "fails", "resolver", 1),
    "lossy home": (
        (ROUTE, LOSSY_GATEWAY, TCP, CONTROLS, LOSSY, text(3), relays(3), stream(-2, 0.24)),
        "degraded",
        "local_link",
        1,
    ),
}


@pytest.mark.parametrize("name", GROSS)
def test_gross_cases_are_named(name: str) -> None:
    evidence, outcome, cause, code = GROSS[name]
    found = calls(evidence)
    assert (found.outcome, found.cause) == (outcome, cause)
    assert exit_code(judge(evidence, "quick", ON_TIME, STATED)) == code
    assert found.confidence == round(found.causes[found.cause], 3) >= 0.8
    assert found.supporting


OPEN = {
    "relays down: packets pass as far as others": (*LINE, text(3), relays(-3), path(2, "beyond")),
    "relays refuse by themselves": (*LINE, text(3), relays(-3), path(0), REFUSED),
    "relays silent at every site, path unreadable": (*LINE, text(3), relays(-3), path(0)),
    "neutral hosts so slow that silence may be slowness": (
        *LINE[:4],
        about(Claim.controls_answer, 3, networks=5, rtt_ms=1400),
        text(3),
        relays(-3),
        STOPS,
    ),
    "no UDP, but text is slow": (
        *LINE[:4],
        NO_CONTROLS,
        NO_DOMESTIC,
        about(Claim.text_answers, 3, "telegram", "messaging", rtt_ms=1700),
        relays(-3),
    ),
    "no STUN with its cookie, though without": (
        *LINE[:4],
        NO_CONTROLS,
        NO_DOMESTIC,
        about(Claim.cookie_ignored, -3, with_cookie=0, without_cookie=9),
        text(3),
        relays(-3),
    ),
    "no UDP, and one shape goes further than another": (
        *LINE[:4],
        NO_CONTROLS,
        NO_DOMESTIC,
        text(3),
        relays(-3),
        STOPS,
    ),
    "connections open and nobody answers": (*LINE[:4], NO_CONTROLS, NO_DOMESTIC, text(-3), relays(-3)),
    "everything silent but names resolve": (
        ROUTE,
        NO_TCP,
        NO_CONTROLS,
        NO_DOMESTIC,
        about(Claim.resolver_works, 3),
        text(-3),
        relays(-3),
    ),
    "a lossy home that does not explain the service's loss": (
        *(ROUTE, about(Claim.gateway_healthy, -3, loss_ratio=0.06), TCP, CONTROLS),
        *(about(Claim.controls_carry, -1, loss_ratio=0.04), text(3), relays(3), stream(-3, 0.7)),
    ),
    "most relays silent, the stream of the others fine": (*LINE, text(3), relays(1), stream(3, 0.0)),
    "behind a tunnel": (ROUTE, TUNNEL, TCP, CONTROLS, CARRY, text(3), relays(-3), STOPS),
    "too few controls": (ROUTE, TCP, about(Claim.controls_answer, 1, networks=1), text(3), relays(-3), STOPS),
    "loss of the subject alone": (*LINE, text(3), relays(3), stream(-2, 0.2)),
    "only domestic answers": (ROUTE, NO_TCP, NO_CONTROLS, DOMESTIC, text(-3), relays(-3)),
    "text unknown": (*LINE, relays(-3), STOPS),
    "names missing everywhere": (*LINE, names(-3, 0), text(-2), relays(0)),
    "text dead, nobody looked at names or relays": (*LINE, text(-3), relays(0)),
    "text dead, a resolver that answers": (*LINE, about(Claim.resolver_works, 3), names(3, 0), text(-3), relays(0)),
    "a router that limits pings": (
        *(ROUTE, about(Claim.gateway_healthy, -3, loss_ratio=0.6), TCP, CONTROLS),
        *(about(Claim.controls_carry, -1, loss_ratio=0.07), text(3), relays(3), stream(-1, 0.07)),
    ),
    "service silent, path unreadable": (*LINE, text(-3), relays(-3), path(0)),
}


@pytest.mark.parametrize("name", OPEN)
def test_everything_else_is_left_open(name: str) -> None:
    evidence = OPEN[name]
    found = calls(evidence)
    assert found.cause == "unknown"
    assert (found.mechanism, found.where) == ("unknown", "unknown")
    assert exit_code(judge(evidence, "quick", ON_TIME, STATED)) == 3


def test_loss_that_everybody_shares_behind_a_good_router_is_congestion() -> None:
    found = calls((*instead(LOSSY, of=LINE), text(3), relays(3), stream(-2, 0.2)))
    assert (found.outcome, found.cause, found.where) == ("degraded", "congestion", "unknown")


def test_where_and_mechanism_are_those_of_the_path() -> None:
    found = calls(GROSS["block"][0])
    assert (found.where, found.mechanism) == ("provider", "port")


def test_loss_is_an_outcome_even_when_its_cause_is_open() -> None:
    assert calls(OPEN["loss of the subject alone"]).outcome == "degraded"
    assert calls((*LINE, text(3), relays(3), stream(-3, 0.8))).outcome == "fails"


def test_calls_that_arrive_late_do_not_work() -> None:
    late = about(Claim.stream_carries, 3, "telegram", "calls", loss_ratio=0.0, loop_ms=700)
    found = calls((*LINE, text(3), relays(3), late))
    assert (found.outcome, found.cause) == ("degraded", "unknown")


def test_a_handshake_alone_is_not_works() -> None:
    assert calls((*LINE, text(3), relays(3))).outcome == "unknown"


def test_a_service_without_information_is_listed_and_does_not_count() -> None:
    well = GROSS["all well"][0]
    silent = (relays(0, "whatsapp"), text(3, "whatsapp"))
    verdicts = judge((*well, *silent), "quick", ON_TIME, STATED)
    assert ("whatsapp", "calls", "unknown") in {(one.service, one.function, one.outcome) for one in verdicts}
    assert exit_code(verdicts) == 0
    assert exit_code(judge(silent, "quick", ON_TIME, STATED)) == 3


def test_of_several_services_the_gravest_counts() -> None:
    fine = (text(3, "whatsapp"), relays(3, "whatsapp"), stream(3, 0.0, "whatsapp"))
    assert exit_code(judge((*GROSS["block"][0], *fine), "quick", ON_TIME, STATED)) == 2
    assert exit_code(judge((*OPEN["loss of the subject alone"], *fine), "quick", ON_TIME, STATED)) == 3
    assert exit_code(judge((*GROSS["all well"][0], *fine), "quick", ON_TIME, STATED)) == 0


anything = st.builds(
    Evidence,
    service=st.sampled_from(["", "telegram", "whatsapp"]),
    function=st.sampled_from(["", "messaging", "calls"]),
    claim=st.sampled_from(list(Claim)),
    strength=st.integers(-3, 3),
    facts=st.dictionaries(
        st.sampled_from(["loss_ratio", "where", "mechanism", "networks", "received", "elsewhere"]),
        st.one_of(st.none(), st.booleans(), st.integers(-5, 99), st.floats(allow_nan=True), st.text(max_size=9)),
    ),
)


@settings(max_examples=40)
@given(st.lists(anything, max_size=25))
def test_any_evidence_gives_probabilities_and_words_of_the_lists(evidence: list[Evidence]) -> None:
    for found in judge(evidence, "quick", ON_TIME, STATED):
        assert sum(found.causes.values()) == pytest.approx(1.0, abs=0.001)
        assert all(0 <= chance <= 1 for chance in found.causes.values())
        assert found.confidence == round(found.causes.get(found.cause, 0.0), 3)
        assert max(len(found.supporting), len(found.against)) <= 3
        assert not set(found.supporting) & set(found.against)
        assert all(0 <= position < len(evidence) for position in (*found.supporting, *found.against))


@settings(max_examples=40)
@given(st.lists(anything, max_size=12))
def test_one_word_twice_is_one_word(evidence: list[Evidence]) -> None:
    once = judge(evidence, "quick", ON_TIME, STATED)
    assert judge([*evidence, *evidence], "quick", ON_TIME, STATED) == once
