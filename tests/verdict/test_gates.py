"""Who is rightly accused is not accused any more as soon as one condition of DESIGN 2 is not met."""

from __future__ import annotations

from typing import get_args

import pytest

from callcheck.model import Evidence, Instrument
from callcheck.verdict import gates
from callcheck.verdict.exit_code import exit_code
from callcheck.verdict.findings import Findings
from callcheck.verdict.hypotheses import HYPOTHESES
from callcheck.verdict.judge import ACCUSE_AT, DECIDE_AT
from callcheck.words import Claim, FlowEvent
from tests.verdict.made import (
    ACCUSED,
    BLOCKED,
    CONTROLS,
    CUT,
    CUT_OFF,
    LATE,
    LINE,
    LOSSY_GATEWAY,
    NO_COOKIE,
    ON_TIME,
    ONE_FORM,
    SLOWED,
    STOPS,
    THINNED,
    TUNNEL,
    about,
    accused,
    calls,
    disturbed,
    forms,
    instead,
    may_be_accused,
    of_calls,
    path,
    relays,
    stream,
    suspected,
    text,
    without,
)

EVENTS: tuple[FlowEvent, ...] = get_args(FlowEvent)
# A run without flows, of which nobody can say how late they left.
UNTOLD = Instrument(send_lateness_p99_ms=None, valid=None)
# What a suspicion keeps of its chance without its contrast, and where the comparison itself was unfair.
SUSPECTED, UNFAIR = 0.65, 0.2
# Accusations that rest on when packets left.
TIMED = {"cut off": CUT, "thinned": THINNED, "held to a speed": SLOWED}
_TIMED_HYPOTHESES = {"cut off": "flows end", "thinned": "packets dropped", "held to a speed": "held to a speed"}


@pytest.mark.parametrize("name", ACCUSED)
def test_whoever_shows_the_contrast_is_accused(name: str) -> None:
    found = calls(ACCUSED[name])
    assert found.cause == "selective"
    assert found.confidence >= ACCUSE_AT
    assert exit_code([found]) == 2


def no_more(evidence: tuple[Evidence, ...], instrument: Instrument = ON_TIME, *, at_most: float) -> None:
    assert not accused(evidence, instrument)
    assert not may_be_accused(evidence, instrument)
    found = calls(evidence, instrument)
    assert suspected(found) <= at_most
    if found.cause == "unknown":
        assert (found.mechanism, found.where) == ("unknown", "unknown")


# Whatever the contrast, none of these may stand beside an accusation.
SPOILT = {
    "through a tunnel": TUNNEL,
    "perhaps through a tunnel": about(Claim.tunnel_in_use, 1),
    "a tunnel to this service alone": about(Claim.tunnel_on_the_way, 2, "telegram", "calls"),
    "neutral hosts are silent": about(Claim.controls_answer, -2, networks=3),
    "too few of them": about(Claim.controls_answer, 1, networks=3),
    "nobody asked them": about(Claim.controls_answer, 0),
    "all of one network": about(Claim.controls_answer, 3, networks=1, rtt_ms=40),
    "all of no known network": about(Claim.controls_answer, 3, rtt_ms=40),
    "everybody is slow": about(Claim.controls_answer, 3, networks=5, rtt_ms=1400),
}


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("name", ACCUSED)
def test_nobody_is_accused_where(name: str, spoilt: str) -> None:
    no_more(instead(SPOILT[spoilt], of=ACCUSED[name]), at_most=UNFAIR)


@pytest.mark.parametrize("name", ACCUSED)
def test_nobody_is_accused_without_neutral_hosts(name: str) -> None:
    no_more(without(Claim.controls_answer, ACCUSED[name]), at_most=UNFAIR)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("name", ACCUSED)
def test_nobody_is_accused_by_a_machine_that_something_befell(name: str, event: FlowEvent) -> None:
    no_more(ACCUSED[name], disturbed(event), at_most=UNFAIR)


@pytest.mark.parametrize("name", TIMED)
def test_a_late_machine_accuses_nobody_by_when_packets_left(name: str) -> None:
    no_more(without(Claim.path_open, TIMED[name]), LATE, at_most=SUSPECTED)
    assert not accused(TIMED[name], LATE)


@pytest.mark.parametrize("name", TIMED)
def test_lateness_alone_closes_the_gate_of_what_rests_on_when_packets_left(name: str) -> None:
    (hypothesis,) = (one for one in HYPOTHESES["calls"] if one.name == _TIMED_HYPOTHESES[name])
    found = Findings(TIMED[name])
    for instrument, share in ((ON_TIME, 1.0), (UNTOLD, 1.0), (LATE, UNFAIR)):
        assert gates.kept_share(hypothesis, found, "telegram", "calls", instrument) == share


@pytest.mark.parametrize("name", ["blocked", "silenced", "one form"])
def test_a_late_machine_still_sees_who_is_silent_and_where_packets_stop(name: str) -> None:
    assert calls(ACCUSED[name], LATE) == calls(ACCUSED[name])


CONTRAST_MISSING = {
    "blocked: nobody looked where packets stop": without(Claim.path_open, BLOCKED),
    "blocked: they go as far as others": instead(path(2, "beyond"), of=BLOCKED),
    "blocked: they stop at home": instead(path(-3, "home", "port"), of=BLOCKED),
    "blocked: a hint where they stop": instead(path(-1, "provider"), of=BLOCKED),
    "cut off: one relay, or too few flows": instead(of_calls(Claim.stream_cut_off, 2), of=CUT),
    "cut off: no flow revived": instead(of_calls(Claim.stream_cut_off, 1, renewed=0), of=CUT),
    "cut off: could not be told": instead(of_calls(Claim.stream_cut_off, 0), of=CUT),
    "cut off: it is not": instead(of_calls(Claim.stream_cut_off, -2), of=CUT),
    "cut off: neutral flows suffer": instead(about(Claim.controls_carry, -1, loss_ratio=0.05), of=CUT),
    "cut off: neutral flows die": instead(about(Claim.controls_carry, -3, loss_ratio=1.0), of=CUT),
    "cut off: too few neutral flows": instead(about(Claim.controls_carry, 0), of=CUT),
    "cut off: no neutral flows": without(Claim.controls_carry, CUT),
    "thinned: seen once": instead(of_calls(Claim.path_loses_evenly, -2), of=THINNED),
    "thinned: not seen": without(Claim.path_loses_evenly, THINNED),
    "thinned: no neutral flows": without(Claim.controls_carry, THINNED),
    "thinned: the call is well": instead(stream(3, 0.0), of=THINNED),
    "one form: the cookie is silent everywhere": instead(NO_COOKIE, of=ONE_FORM),
    "one form: not tried elsewhere": without(Claim.cookie_ignored, ONE_FORM),
    "one form: the other form was tried elsewhere": instead(forms(-3, "dtls_signature"), of=ONE_FORM),
    "one form: seen once": instead(forms(-2, "stun_signature"), of=ONE_FORM),
    "one form: several ways out": (*ONE_FORM, about(Claim.one_way_out, -3, "telegram", "calls")),
}


@pytest.mark.parametrize("name", CONTRAST_MISSING)
def test_without_its_contrast_nobody_is_accused(name: str) -> None:
    evidence = CONTRAST_MISSING[name]
    if name.startswith("cut off"):  # where a dead flow's packets stop is a contrast of its own
        evidence = without(Claim.path_open, evidence)
    no_more(evidence, at_most=SUSPECTED)


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(instead(relays(0), of=BLOCKED), id="relays uninformative"),
        pytest.param(without(Claim.relays_answer, BLOCKED), id="relays not asked"),
        pytest.param(instead(relays(3), of=BLOCKED), id="relays answer"),
        pytest.param((*LINE, text(3), relays(3), stream(3, 0.0), STOPS), id="calls work"),
    ],
)
def test_where_packets_stop_accuses_nobody_whose_service_is_not_silent(evidence: tuple[Evidence, ...]) -> None:
    assert ("telegram", "calls") not in accused(evidence)


def test_a_router_that_drops_pings_while_neutral_streams_live_does_not_hide_a_cut_off() -> None:
    assert suspected(calls(instead(LOSSY_GATEWAY, of=CUT))) > 0.5


@pytest.mark.parametrize(("rtt_ms", "is_accused"), [(750, True), (750.1, False)])
def test_silence_means_something_only_where_others_answer_in_half_of_the_time(rtt_ms: float, is_accused: bool) -> None:
    slow = about(Claim.controls_answer, 3, networks=5, rtt_ms=rtt_ms)
    assert (calls(instead(slow, of=BLOCKED)).cause == "selective") == is_accused


def test_a_gate_that_is_closed_keeps_less_than_any_limit() -> None:
    instruments = (ON_TIME, LATE, disturbed("suspended"))
    shares = {
        gates.kept_share(one, Findings(evidence), "telegram", function, instrument)
        for evidence in ((*CUT, TUNNEL), *(ACCUSED | TIMED | CONTRAST_MISSING).values())
        for function, hypotheses in HYPOTHESES.items()
        for one in hypotheses
        for instrument in instruments
    }
    assert shares == {1.0, SUSPECTED, UNFAIR}
    assert UNFAIR < SUSPECTED < DECIDE_AT < ACCUSE_AT


def test_every_accusation_needs_a_contrast_and_none_passes_on_nothing() -> None:
    accusations = [one for some in HYPOTHESES.values() for one in some if one.cause == "selective"]
    assert all(one.needs is not None for one in accusations)
    nothing = Findings([CONTROLS])
    for one in accusations:
        for function in HYPOTHESES:
            assert gates.kept_share(one, nothing, "telegram", function, ON_TIME) <= SUSPECTED


def test_one_service_that_is_cut_off_says_nothing_about_another() -> None:
    other = (relays(3, "whatsapp"), stream(3, 0.0, "whatsapp"), text(3, "whatsapp"))
    assert accused((*CUT, *other)) == {("telegram", "calls")}
    assert CUT_OFF in CUT
