"""What the judge makes of a call's flows: a cut-off may accuse, loss and a speed limit alone never do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.model import Evidence, Instrument, Verdict
from callcheck.verdict import explain
from callcheck.verdict.exit_code import exit_code
from callcheck.verdict.judge import ACCUSE_AT, judge
from callcheck.words import Claim, FlowEvent
from tests.report.made import HUGE
from tests.verdict.readable import LANGUAGES, assert_readable

ON_TIME = Instrument(send_lateness_p99_ms=1.0, valid=True)
EVENTS: tuple[FlowEvent, ...] = get_args(FlowEvent)


def of_network(claim: Claim, strength: int, **facts: Any) -> Evidence:
    return Evidence(claim=claim, strength=strength, facts=facts, group=claim)


def of_calls(claim: Claim, strength: int, service: str = "telegram", **facts: Any) -> Evidence:
    return Evidence(
        service=service, function="calls", claim=claim, strength=strength, facts=facts, group=f"stream:{service}"
    )


def text(strength: int) -> Evidence:
    return Evidence(service="telegram", function="messaging", claim=Claim.text_answers, strength=strength)


GATEWAY = of_network(Claim.gateway_healthy, 2, sent=50, received=50, loss_ratio=0.0)
LOSSY_GATEWAY = of_network(Claim.gateway_healthy, -3, sent=50, received=38, loss_ratio=0.24)
NO_TUNNEL = of_network(Claim.tunnel_in_use, -3)
CONTROLS = of_network(Claim.controls_answer, 3, asked=8, answered=8, networks=5)
CARRY = of_network(Claim.controls_carry, 3, sent=2000, received=2000, loss_ratio=0.0, flows=4)
LOSSY = of_network(Claim.controls_carry, -2, sent=2000, received=1500, loss_ratio=0.25, flows=4)
RELAYS = of_calls(Claim.relays_answer, 3)
STREAM = of_calls(Claim.stream_carries, -3, loss_ratio=0.9, sent=1200)
MORE = of_calls(Claim.stream_loses_more, 2, loss_ratio=0.9, controls_loss_ratio=0.0)
CUT_OFF = of_calls(
    Claim.stream_cut_off,
    3,
    unit="packets",
    packets_low=12,
    packets_high=12,
    flows=8,
    died=6,
    renewed=2,
)
LINE = (GATEWAY, NO_TUNNEL, CONTROLS, CARRY, text(3), RELAYS)


def changed(strength: int, **facts: Any) -> Evidence:
    return of_calls(Claim.stream_cut_off, strength, **(CUT_OFF.facts | facts))


def without(claim: Claim, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple(item for item in evidence if item.claim != claim)


def instead(*others: Evidence, of: Sequence[Evidence]) -> tuple[Evidence, ...]:
    claims = {other.claim for other in others}
    return (*(item for item in of if item.claim not in claims), *others)


def calls(evidence: Sequence[Evidence], instrument: Instrument = ON_TIME) -> Verdict:
    return next(one for one in judge(evidence, "standard", instrument) if one.function == "calls")


def claims_of(positions: Sequence[int], evidence: Sequence[Evidence]) -> set[Claim]:
    return {evidence[position].claim for position in positions}


# --- a cut-off

WHOLE = (*LINE, STREAM, MORE, CUT_OFF)


@pytest.mark.parametrize(
    ("unit", "mechanism"),
    [("packets", "cutoff_packets"), ("seconds", "cutoff_time"), ("unknown", "unknown"), (None, "unknown")],
)
def test_flows_cut_off_at_two_relays_and_revived_are_singled_out(unit: str | None, mechanism: str) -> None:
    evidence = instead(changed(3, unit=unit), of=WHOLE)
    found = calls(evidence)
    assert (found.outcome, found.cause, found.mechanism, found.where) == ("fails", "selective", mechanism, "unknown")
    assert found.confidence >= ACCUSE_AT
    assert exit_code([found]) == 2
    for language, provider in (("en", "provider"), ("ru", "провайдер")):
        sentence = explain.headline(found, evidence, language)
        assert_readable(sentence, language)
        assert provider not in sentence.lower()


def test_a_dead_flow_that_was_traced_says_where_it_is_cut() -> None:
    traced = of_calls(Claim.path_open, -2, where="provider", mechanism="unknown")
    assert calls((*WHOLE, traced)).where == "provider"
    assert calls((*WHOLE, of_calls(Claim.path_open, -1, where="provider"))).where == "unknown"


@pytest.mark.parametrize(
    ("loss_ratio", "outcome"),
    [(0.98, "fails"), (0.51, "fails"), (0.5, "degraded"), (0.1, "degraded"), (0.01, "degraded"), (None, "degraded")],
)
def test_a_call_that_is_cut_off_is_never_said_to_be_unclear(loss_ratio: float | None, outcome: str) -> None:
    found = calls(instead(of_calls(Claim.stream_carries, -1, loss_ratio=loss_ratio), of=WHOLE))
    assert (found.outcome, found.cause) == (outcome, "selective")


@pytest.mark.parametrize(
    ("others", "supporting", "against"),
    [
        ((), {Claim.stream_cut_off, Claim.controls_carry, Claim.stream_carries, Claim.stream_loses_more}, set()),
        (
            (of_calls(Claim.stream_loses_more, -2), of_calls(Claim.stream_carries, 3, loss_ratio=0.01)),
            {Claim.stream_cut_off, Claim.controls_carry},
            {Claim.stream_loses_more, Claim.stream_carries},
        ),
        (
            (of_calls(Claim.stream_loses_more, 0), of_calls(Claim.stream_carries, 0)),
            {Claim.stream_cut_off, Claim.controls_carry},
            set(),
        ),
    ],
)
def test_what_contradicts_a_cut_off_stands_against_it(
    others: tuple[Evidence, ...], supporting: set[Claim], against: set[Claim]
) -> None:
    evidence = instead(*others, of=WHOLE)
    found = calls(evidence)
    assert claims_of(found.supporting, evidence) == supporting
    assert claims_of(found.against, evidence) == against


NO_ACCUSATION = {
    "one relay only, or too few flows": instead(changed(2), of=WHOLE),
    "no revival": instead(changed(1, renewed=0), of=WHOLE),
    "nobody can tell": instead(changed(0), of=WHOLE),
    "no cut-off": instead(changed(-2), of=WHOLE),
    "the controls suffer too": instead(of_network(Claim.controls_carry, -1, loss_ratio=0.05), of=WHOLE),
    "the controls are dead": instead(of_network(Claim.controls_carry, -3, loss_ratio=1.0), of=WHOLE),
    "too few controls": instead(of_network(Claim.controls_carry, 0), of=WHOLE),
    "no controls": without(Claim.controls_carry, WHOLE),
    "neutral hosts are silent to the same line's questions": instead(of_network(Claim.controls_answer, -2), of=WHOLE),
    "through a tunnel": instead(of_network(Claim.tunnel_in_use, 3), of=WHOLE),
    "perhaps through a tunnel": instead(of_network(Claim.tunnel_in_use, 1), of=WHOLE),
}


@pytest.mark.parametrize("name", NO_ACCUSATION)
def test_a_cut_off_accuses_nobody_where(name: str) -> None:
    found = calls(NO_ACCUSATION[name])
    assert (found.cause, found.mechanism, found.where) == ("unknown", "unknown", "unknown")
    assert found.outcome in {"fails", "degraded"}
    assert exit_code([found]) == 3


@pytest.mark.parametrize(
    "instrument",
    [
        Instrument(send_lateness_p99_ms=80.0, valid=False),
        *(Instrument(send_lateness_p99_ms=0.1, valid=False, events=(event,)) for event in EVENTS),
    ],
)
def test_an_instrument_that_was_late_or_disturbed_accuses_nobody_of_a_cut_off(instrument: Instrument) -> None:
    assert calls(WHOLE).cause == "selective"
    found = calls(WHOLE, instrument)
    assert (found.cause, found.mechanism) == ("unknown", "unknown")
    assert found.causes["selective"] <= 0.5


def test_through_a_tunnel_nobody_is_even_suspected() -> None:
    for evidence in (WHOLE, without(Claim.stream_cut_off, WHOLE)):
        assert "selective" in calls(evidence).causes
        tunnelled = calls(instead(of_network(Claim.tunnel_in_use, 3), of=evidence))
        assert explain.leading_text(tunnelled, "en") == ""


def test_a_lossy_home_explains_dead_flows_before_anybody_is_accused() -> None:
    lossy = of_calls(Claim.stream_carries, -2, loss_ratio=0.26)
    found = calls(instead(LOSSY_GATEWAY, LOSSY, lossy, of=WHOLE))
    assert (found.outcome, found.cause, found.where) == ("degraded", "local_link", "home")


def test_a_router_that_drops_pings_while_neutral_streams_live_does_not_hide_a_cut_off() -> None:
    assert calls(instead(LOSSY_GATEWAY, of=WHOLE)).cause == "selective"


def test_relays_that_are_wholly_silent_are_judged_by_where_their_packets_stop() -> None:
    silent = instead(of_calls(Claim.relays_answer, -3), of=WHOLE)
    assert calls(silent).cause == "unknown"
    stops = of_calls(Claim.path_open, -3, where="provider", mechanism="port")
    assert (calls((*silent, stops)).cause, calls((*silent, stops)).mechanism) == ("selective", "port")


def test_one_service_that_is_cut_off_says_nothing_about_another() -> None:
    other = (
        of_calls(Claim.relays_answer, 3, "whatsapp"),
        of_calls(Claim.stream_carries, 3, "whatsapp", loss_ratio=0.0),
    )
    verdicts = judge((*WHOLE, *other), "standard", ON_TIME)
    causes = {one.service: one.cause for one in verdicts if one.function == "calls"}
    assert causes == {"telegram": "selective", "whatsapp": "none"}


@pytest.mark.parametrize("value", [HUGE, -HUGE, -1, float("nan"), float("inf"), "0.9", None, True, [1], {"a": 1}])
def test_wild_facts_break_neither_verdict_nor_sentence(value: Any) -> None:
    evidence = tuple(
        Evidence(
            service=item.service,
            function=item.function,
            claim=item.claim,
            strength=item.strength,
            facts=dict.fromkeys((*item.facts, "unit", "controls_limited", "where"), value),
        )
        for item in (*WHOLE, of_calls(Claim.stream_rate_limited, 3, limit_low_kbps=1, limit_high_kbps=2))
    )
    found = calls(evidence)
    assert found.mechanism == "unknown"
    for language in LANGUAGES:
        assert_readable(explain.headline(found, evidence, language), language)
        for item in evidence:
            assert_readable(explain.claim_text(item, language), language)


# --- loss without a second contrast

LIMITED = of_calls(Claim.stream_rate_limited, 3, limit_low_kbps=58, limit_high_kbps=66, controls_limited=0)
NOT_LIMITED = of_calls(Claim.stream_rate_limited, -2, offered_kbps=300)
BY_CHANCE = of_calls(Claim.loss_independent, 3, loss_ratio=0.3)
IN_RUNS = of_calls(Claim.loss_independent, -2, mean_run=4.1)
SURE_MORE = of_calls(Claim.stream_loses_more, 3, loss_ratio=0.3, controls_loss_ratio=0.0)
BAD = of_calls(Claim.stream_carries, -2, loss_ratio=0.3)
LOSING = (*LINE, BAD, SURE_MORE)


@pytest.mark.parametrize(
    ("others", "suspected"),
    [
        ((), 0.5),
        ((LIMITED,), 0.7),
        ((BY_CHANCE,), 0.7),
        ((LIMITED, BY_CHANCE), 0.7),
        ((NOT_LIMITED, IN_RUNS), 0.5),
        ((of_calls(Claim.stream_rate_limited, 3, controls_limited=2),), 0.5),
        ((of_calls(Claim.stream_rate_limited, 1, controls_limited=0),), 0.5),
    ],
)
def test_loss_or_a_speed_limit_alone_is_suspicion_and_no_more(others: tuple[Evidence, ...], suspected: float) -> None:
    evidence = (*LOSING, *others)
    found = calls(evidence)
    assert (found.outcome, found.cause, found.mechanism) == ("degraded", "unknown", "unknown")
    assert found.causes["selective"] == suspected < ACCUSE_AT
    assert explain.sureness_text(found, "en").startswith("not settled; most likely so far: singled out")
    assert exit_code([found]) == 3


@pytest.mark.parametrize(
    "others",
    [
        (of_network(Claim.controls_carry, -1, loss_ratio=0.05),),
        (of_network(Claim.controls_carry, 0),),
        (of_network(Claim.controls_answer, -3),),
        (of_network(Claim.tunnel_in_use, 2),),
        (of_calls(Claim.stream_loses_more, 0),),
        (of_calls(Claim.stream_loses_more, -2),),
    ],
)
def test_without_a_fair_comparison_nobody_is_suspected(others: tuple[Evidence, ...]) -> None:
    found = calls((*instead(*others, of=LOSING), LIMITED, BY_CHANCE))
    assert (found.outcome, found.causes) == ("degraded", {"unknown": 1.0})


def test_what_contradicts_a_suspicion_stands_against_it() -> None:
    evidence = (*LOSING, NOT_LIMITED, IN_RUNS)
    found = calls(evidence)
    assert claims_of(found.supporting, evidence) == {
        Claim.stream_loses_more,
        Claim.controls_carry,
        Claim.stream_carries,
    }
    assert claims_of(found.against, evidence) == {Claim.stream_rate_limited, Claim.loss_independent}


def test_a_stream_that_carries_works_whatever_small_loss_it_has_more_than_others() -> None:
    fine = of_calls(Claim.stream_carries, 3, loss_ratio=0.02)
    found = calls(instead(fine, of=(*LOSING, LIMITED, BY_CHANCE)))
    assert (found.outcome, found.cause) == ("works", "none")


# --- and over all that could be said beside a cut-off

_STREAM_CLAIMS = tuple(claim for claim in Claim if claim.startswith(("stream_", "loss_")))
_NETWORK_CLAIMS = (Claim.controls_carry, Claim.controls_answer, Claim.tunnel_in_use, Claim.gateway_healthy)
# Each claim mostly says what an accusation needs, so that one that is missing shows.
_usual = {
    **dict.fromkeys((Claim.controls_carry, Claim.controls_answer, Claim.stream_cut_off), 3),
    Claim.tunnel_in_use: -3,
    Claim.gateway_healthy: 2,
    Claim.stream_carries: -3,
}
_strengths = st.fixed_dictionaries(
    {
        claim: st.just(_usual.get(claim, 2)) | st.integers(-3, 3) | st.just(_usual.get(claim, 2))
        for claim in (*_STREAM_CLAIMS, *_NETWORK_CLAIMS)
    }
)


@settings(max_examples=200, deadline=None)
@given(
    strengths=_strengths, loss_ratio=st.floats(0, 1), limited=st.integers(0, 2), valid=st.sampled_from([True, False])
)
def test_a_certain_cut_off_beside_live_controls_accuses_and_nothing_else_does(
    strengths: dict[Claim, int], loss_ratio: float, limited: int, valid: bool
) -> None:
    facts: dict[str, Any] = {"loss_ratio": loss_ratio, "controls_limited": limited}
    evidence = [
        *(text(3), RELAYS),
        *(of_network(claim, strengths[claim], **facts) for claim in _NETWORK_CLAIMS),
        *(of_calls(claim, strengths[claim], **facts) for claim in _STREAM_CLAIMS),
    ]
    found = calls(evidence, Instrument(send_lateness_p99_ms=1.0, valid=valid))
    is_fair = strengths[Claim.controls_carry] >= 2 and strengths[Claim.controls_answer] > -2
    is_own_line = strengths[Claim.tunnel_in_use] <= 0 and valid
    is_cut_off = strengths[Claim.stream_cut_off] == 3
    assert (found.cause == "selective") == (is_fair and is_own_line and is_cut_off)
    assert not set(found.supporting) & set(found.against)


# --- a second contrast

LOSSY_STREAM = of_calls(Claim.stream_carries, -3, loss_ratio=0.3, sent=1200)
EVENLY = of_calls(Claim.path_loses_evenly, -3, hop=3, loss_ratio=0.3, controls_loss_ratio=0.0)
THINNED = (*LINE, LOSSY_STREAM, MORE, of_calls(Claim.loss_independent, 2))


def test_the_same_loss_before_a_router_that_others_reach_is_the_second_contrast() -> None:
    found = calls((*THINNED, EVENLY))
    assert (found.outcome, found.cause, found.mechanism) == ("degraded", "selective", "random_drop")
    assert found.where == "unknown"


@pytest.mark.parametrize("strength", [-2, -1, 0])
def test_without_a_repeated_contrast_loss_stays_a_suspicion(strength: int) -> None:
    found = calls((*THINNED, of_calls(Claim.path_loses_evenly, strength)))
    assert found.cause == "unknown"


def test_a_contrast_without_a_lossy_call_accuses_nobody() -> None:
    evidence = instead(of_calls(Claim.stream_carries, 3, loss_ratio=0.0, sent=1200), of=(*THINNED, EVENLY))
    assert calls(evidence).cause != "selective"


@pytest.mark.parametrize(
    ("strength", "high_kbps", "expected"),
    [(3, 25, ("degraded", "unknown")), (3, 128, ("works", "none")), (2, 25, ("works", "none"))],
)
def test_a_speed_below_a_calls_is_no_good_call_and_no_accusation(
    strength: int, high_kbps: float, expected: tuple[str, str]
) -> None:
    good = of_calls(Claim.stream_carries, 3, loss_ratio=0.02, sent=1200)
    limit = of_calls(Claim.stream_rate_limited, strength, limit_high_kbps=high_kbps, controls_limited=0)
    found = calls((*LINE, good, limit))
    assert (found.outcome, found.cause) == expected
