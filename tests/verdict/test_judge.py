"""The judge: gross cases are named, everything else is left open, and the innocent are not accused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Evidence, Instrument, Verdict
from callcheck.verdict.exit_code import exit_code
from callcheck.verdict.judge import judge
from callcheck.words import Claim

ON_TIME = Instrument(send_lateness_p99_ms=1.0, valid=True)
LATE = Instrument(send_lateness_p99_ms=80.0, valid=False)


def about(claim: Claim, strength: int, service: str = "", function: str = "", **facts: Any) -> Evidence:
    return Evidence(service=service, function=function, claim=claim, strength=strength, facts=facts, group=claim)  # type: ignore[arg-type]  # the test passes words of the closed list


GATEWAY_WELL = about(Claim.gateway_healthy, 2, sent=50, received=50, loss_ratio=0.0)
GATEWAY_BAD = about(Claim.gateway_healthy, -3, sent=50, received=38, loss_ratio=0.24)
ROUTE = about(Claim.route_exists, 3)
NO_TUNNEL = about(Claim.tunnel_in_use, -3)
TUNNEL = about(Claim.tunnel_in_use, 3)
TCP = about(Claim.tcp_passes, 3)
NO_TCP = about(Claim.tcp_passes, -3)
CONTROLS = about(Claim.controls_answer, 3, asked=8, answered=8, networks=5)
NO_CONTROLS = about(Claim.controls_answer, -3, asked=8, answered=0, networks=0)
DOMESTIC = about(Claim.domestic_answers, 2)
NO_DOMESTIC = about(Claim.domestic_answers, -2)
CARRY = about(Claim.controls_carry, 3, loss_ratio=0.0)
LOSSY = about(Claim.controls_carry, -2, loss_ratio=0.25)
LINE = (ROUTE, GATEWAY_WELL, NO_TUNNEL, TCP, CONTROLS, DOMESTIC, CARRY)


def text(strength: int, service: str = "telegram") -> Evidence:
    return about(Claim.text_answers, strength, service, "messaging")


def relays(strength: int, service: str = "telegram", sites: int = 3) -> Evidence:
    return about(Claim.relays_answer, strength, service, "calls", sites=sites)


def names(strength: int, elsewhere: int, service: str = "telegram") -> Evidence:
    return about(Claim.names_present, strength, service, "messaging", elsewhere=elsewhere)


def stream(strength: int, loss_ratio: float, service: str = "telegram") -> Evidence:
    return about(Claim.stream_carries, strength, service, "calls", loss_ratio=loss_ratio)


def path(strength: int, where: str = "unknown", mechanism: str = "unknown", function: str = "calls") -> Evidence:
    return about(Claim.path_open, strength, "telegram", function, where=where, mechanism=mechanism)


STOPS = path(-3, "provider", "port")
REFUSED = about(Claim.relays_refuse, 2, "telegram", "calls")


def verdict(evidence: Sequence[Evidence], function: str = "calls", instrument: Instrument = ON_TIME) -> Verdict:
    return next(one for one in judge(evidence, "quick", instrument) if one.function == function)


GROSS = {
    "all well": ((*LINE, text(3), relays(3), stream(3, 0.0)), "works", "none", 0),
    "no route": ((about(Claim.route_exists, -3), text(0), relays(0)), "fails", "offline", 1),
    "dead line": ((ROUTE, NO_TCP, NO_CONTROLS, NO_DOMESTIC, text(-3), relays(-3)), "fails", "offline", 1),
    "no UDP": ((*LINE[:4], NO_CONTROLS, NO_DOMESTIC, text(3), relays(-3)), "fails", "udp_blocked", 1),
    "block": ((*LINE, text(3), relays(-3), STOPS), "fails", "selective", 2),
    "service blocked": (
        (*LINE, text(-3), relays(-3), path(-2, "provider", "address", "messaging")),
        "fails",
        "selective",
        2,
    ),
    "names missing": ((*LINE, names(-3, 2), text(-2), relays(3), stream(3, 0.0)), "fails", "resolver", 1),
    "lossy home": (
        (ROUTE, GATEWAY_BAD, TCP, CONTROLS, LOSSY, text(3), relays(3), stream(-2, 0.24)),
        "degraded",
        "local_link",
        1,
    ),
}


@pytest.mark.parametrize("name", GROSS)
def test_gross_cases_are_named(name: str) -> None:
    evidence, outcome, cause, code = GROSS[name]
    found = verdict(evidence)
    assert (found.outcome, found.cause) == (outcome, cause)
    assert exit_code(judge(evidence, "quick", ON_TIME)) == code
    assert found.confidence == found.causes[found.cause] >= 0.8
    assert found.supporting


OPEN = {
    "relays down: packets pass as far as others": (*LINE, text(3), relays(-3), path(2, "beyond")),
    "relays refuse by themselves": (*LINE, text(3), relays(-3), path(0), REFUSED),
    "relays silent at every site, path unreadable": (*LINE, text(3), relays(-3, sites=9), path(0)),
    "neutral hosts so slow that silence may be slowness": (
        *LINE[:4],
        about(Claim.controls_answer, 3, slowest_rtt_ms=1400),
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
    "two controls silent": (*LINE[:4], about(Claim.controls_answer, -2), NO_DOMESTIC, text(3), relays(-3)),
    "everything silent but names resolve": (
        ROUTE,
        NO_TCP,
        NO_CONTROLS,
        NO_DOMESTIC,
        about(Claim.resolver_works, 3),
        text(-3),
        relays(-3),
    ),
    "a router that limits pings": (
        *(ROUTE, about(Claim.gateway_healthy, -3, loss_ratio=0.6), TCP, CONTROLS),
        *(about(Claim.controls_carry, -1, loss_ratio=0.07), text(3), relays(3), stream(-1, 0.07)),
    ),
    "a lossy home that does not explain the service's loss": (
        *(ROUTE, about(Claim.gateway_healthy, -3, loss_ratio=0.06), TCP, CONTROLS),
        *(about(Claim.controls_carry, -1, loss_ratio=0.04), text(3), relays(3), stream(-3, 0.7)),
    ),
    "most relays silent, the stream of the others fine": (*LINE, text(3), relays(1), stream(3, 0.0)),
    "behind a tunnel": (ROUTE, TUNNEL, TCP, CONTROLS, CARRY, text(3), relays(-3), STOPS),
    "too few controls": (ROUTE, TCP, about(Claim.controls_answer, 1), text(3), relays(-3), STOPS),
    "text unknown": (*LINE, relays(-3), STOPS),
    "relays uninformative": (*LINE, text(3), relays(0), STOPS),
    "loss without a bad gateway": (*LINE[:6], LOSSY, text(3), relays(3), stream(-2, 0.2)),
    "loss of the subject alone": (*LINE, text(3), relays(3), stream(-2, 0.2)),
    "names missing everywhere": (*LINE, names(-3, 0), text(-2), relays(0)),
    "only domestic answers": (ROUTE, NO_TCP, NO_CONTROLS, DOMESTIC, text(-3), relays(-3)),
    "service silent, path unreadable": (*LINE, text(-3), relays(-3), path(0)),
}


@pytest.mark.parametrize("name", OPEN)
def test_everything_else_is_left_open(name: str) -> None:
    evidence = OPEN[name]
    found = verdict(evidence)
    assert found.cause == "unknown"
    assert (found.mechanism, found.where) == ("unknown", "unknown")
    assert exit_code(judge(evidence, "quick", ON_TIME)) == 3


def test_a_late_instrument_accuses_nobody() -> None:
    evidence = GROSS["block"][0]
    assert verdict(evidence, instrument=LATE).cause == "unknown"
    assert verdict(evidence, instrument=ON_TIME).cause == "selective"


def test_where_and_mechanism_are_those_of_the_path() -> None:
    found = verdict(GROSS["block"][0])
    assert (found.where, found.mechanism) == ("provider", "port")


def test_loss_is_an_outcome_even_when_its_cause_is_open() -> None:
    assert verdict(OPEN["loss of the subject alone"]).outcome == "degraded"
    assert verdict((*LINE, text(3), relays(3), stream(-3, 0.8))).outcome == "fails"


def test_calls_that_arrive_late_do_not_work() -> None:
    late = about(Claim.stream_carries, 3, "telegram", "calls", loss_ratio=0.0, loop_ms=700)
    found = verdict((*LINE, text(3), relays(3), late))
    assert (found.outcome, found.cause) == ("degraded", "unknown")


def test_a_handshake_alone_is_not_works() -> None:
    assert verdict((*LINE, text(3), relays(3))).outcome == "unknown"


def test_a_service_without_information_is_listed_and_does_not_count() -> None:
    well = GROSS["all well"][0]
    silent = (relays(0, "whatsapp"), text(3, "whatsapp"))
    verdicts = judge((*well, *silent), "quick", ON_TIME)
    assert ("whatsapp", "calls", "unknown") in {(one.service, one.function, one.outcome) for one in verdicts}
    assert exit_code(verdicts) == 0
    assert exit_code(judge(silent, "quick", ON_TIME)) == 3


def test_of_several_services_the_gravest_counts() -> None:
    fine = (text(3, "whatsapp"), relays(3, "whatsapp"), stream(3, 0.0, "whatsapp"))
    assert exit_code(judge((*GROSS["block"][0], *fine), "quick", ON_TIME)) == 2
    assert exit_code(judge((*OPEN["loss of the subject alone"], *fine), "quick", ON_TIME)) == 3
    assert exit_code(judge((*GROSS["all well"][0], *fine), "quick", ON_TIME)) == 0


anything = st.builds(
    Evidence,
    service=st.sampled_from(["", "telegram", "whatsapp"]),
    function=st.sampled_from(["", "messaging", "calls"]),
    claim=st.sampled_from(list(Claim)),
    strength=st.integers(-3, 3),
    facts=st.dictionaries(
        st.sampled_from(["loss_ratio", "where", "mechanism", "sites", "received", "elsewhere"]),
        st.one_of(st.none(), st.booleans(), st.integers(-5, 99), st.floats(allow_nan=True), st.text(max_size=9)),
    ),
)


@settings(deadline=None)
@given(st.lists(anything, max_size=25))
def test_any_evidence_gives_probabilities_and_words_of_the_lists(evidence: list[Evidence]) -> None:
    for found in judge(evidence, "quick", ON_TIME):
        assert sum(found.causes.values()) == pytest.approx(1.0, abs=0.001)
        assert 0 <= found.confidence <= 1
        assert all(position < len(evidence) for position in (*found.supporting, *found.against))


@settings(deadline=None)
@given(st.lists(anything, max_size=25))
def test_nobody_is_accused_without_live_controls_of_several_networks(evidence: list[Evidence]) -> None:
    """Neutral hosts speak twice: they answer questions, and they carry the same stream."""
    alive = [item for item in evidence if item.claim not in {Claim.controls_answer, Claim.controls_carry}]
    assert all(found.cause != "selective" for found in judge(alive, "quick", ON_TIME))


@settings(deadline=None)
@given(st.lists(anything, max_size=25))
def test_nobody_is_accused_through_a_tunnel(evidence: list[Evidence]) -> None:
    others = [item for item in evidence if item.claim != Claim.tunnel_in_use]
    assert all(found.cause != "selective" for found in judge([*others, TUNNEL], "quick", ON_TIME))


@settings(deadline=None)
@given(st.lists(anything, max_size=12))
def test_one_word_twice_is_one_word(evidence: list[Evidence]) -> None:
    once = judge(evidence, "quick", ON_TIME)
    assert judge([*evidence, *evidence], "quick", ON_TIME) == once
