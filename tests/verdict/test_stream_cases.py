"""What the judge makes of a call's flows: a cut-off or loss before a hop may accuse, loss alone never."""

from __future__ import annotations

from typing import Any

import pytest

from callcheck.model import Evidence
from callcheck.verdict import explain
from callcheck.verdict.judge import ACCUSE_AT
from callcheck.words import Claim
from tests.report.made import HUGE
from tests.verdict.made import (
    CARRY,
    CONTROLS,
    CUT,
    CUT_OFF,
    EVENLY,
    GATEWAY,
    LINE,
    LOSSY,
    LOSSY_GATEWAY,
    MORE,
    THINNED,
    TOO_SLOW,
    about,
    accused,
    calls,
    claims_of,
    instead,
    of_calls,
    path,
    relays,
    stream,
    suspected,
    text,
    without,
)
from tests.verdict.readable import LANGUAGES, assert_readable


def changed(strength: int, **facts: Any) -> Evidence:
    return of_calls(Claim.stream_cut_off, strength, **(CUT_OFF.facts | facts))


@pytest.mark.parametrize(
    ("unit", "mechanism"),
    [("packets", "cutoff_packets"), ("seconds", "cutoff_time"), ("unknown", "unknown"), (None, "unknown")],
)
def test_flows_cut_off_at_two_relays_and_revived_are_singled_out(unit: str | None, mechanism: str) -> None:
    evidence = instead(changed(3, unit=unit), of=CUT)
    found = calls(evidence)
    assert (found.outcome, found.cause, found.mechanism) == ("fails", "selective", mechanism)
    assert found.confidence >= ACCUSE_AT
    assert Claim.stream_cut_off in claims_of(found.supporting, evidence)
    for language in LANGUAGES:
        assert_readable(explain.headline(found, evidence, language), language)


def test_the_provider_is_named_only_where_a_dead_flow_was_traced() -> None:
    assert calls(CUT).where == "provider"
    for evidence in (without(Claim.path_open, CUT), instead(path(-1, "provider"), of=CUT)):
        found = calls(evidence)
        assert found.where == "unknown"
        assert "provider" not in explain.headline(found, evidence, "en").lower()
        assert "провайдер" not in explain.headline(found, evidence, "ru").lower()


@pytest.mark.parametrize(
    ("loss_ratio", "outcome"),
    [(0.98, "fails"), (0.51, "fails"), (0.5, "degraded"), (0.1, "degraded"), (0.01, "degraded"), (None, "degraded")],
)
def test_a_call_that_is_cut_off_is_never_said_to_be_unclear(loss_ratio: float | None, outcome: str) -> None:
    found = calls(instead(of_calls(Claim.stream_carries, -1, loss_ratio=loss_ratio), of=CUT))
    assert found.outcome == outcome


def test_what_contradicts_a_cut_off_does_not_stand_for_it() -> None:
    evidence = instead(of_calls(Claim.stream_loses_more, -2), stream(3, 0.01), of=CUT)
    found = calls(evidence)
    assert Claim.stream_loses_more not in claims_of(found.supporting, evidence)


def test_through_a_tunnel_nobody_is_even_suspected() -> None:
    for evidence in (CUT, without(Claim.stream_cut_off, CUT)):
        assert suspected(calls(evidence))
        tunnelled = calls(instead(about(Claim.tunnel_in_use, 3), of=evidence))
        assert explain.leading_text(tunnelled, "en") == ""


def test_a_lossy_home_explains_dead_flows_before_anybody_is_accused() -> None:
    found = calls(instead(LOSSY_GATEWAY, LOSSY, stream(-2, 0.26), of=CUT))
    assert found.cause != "selective"
    assert found.outcome == "degraded"


def test_flows_of_relays_that_are_wholly_silent_were_not_cut_off() -> None:
    assert calls(without(Claim.path_open, instead(relays(-3), of=CUT))).cause == "unknown"


@pytest.mark.parametrize("value", [HUGE, -HUGE, -1, float("nan"), float("inf"), "0.9", None, True, [1], {"a": 1}])
def test_wild_facts_break_no_sentence(value: Any) -> None:
    evidence = tuple(
        Evidence(
            service=item.service,
            function=item.function,
            claim=item.claim,
            strength=item.strength,
            facts=dict.fromkeys((*item.facts, "unit", "controls_limited", "where"), value),
        )
        for item in (*CUT, TOO_SLOW)
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
LOSING = (*LINE, text(3), relays(3), stream(-2, 0.3), SURE_MORE)


@pytest.mark.parametrize(
    "others",
    [
        (),
        (LIMITED,),
        (BY_CHANCE,),
        (LIMITED, BY_CHANCE),
        (NOT_LIMITED, IN_RUNS),
        (of_calls(Claim.stream_rate_limited, 3, limit_high_kbps=25, controls_limited=2),),
        (of_calls(Claim.stream_rate_limited, 1, limit_high_kbps=25, controls_limited=0),),
    ],
    ids=len,
)
def test_loss_or_a_speed_limit_alone_is_no_accusation(others: tuple[Evidence, ...]) -> None:
    found = calls((*LOSING, *others))
    assert (found.outcome, found.cause, found.mechanism) == ("degraded", "unknown", "unknown")
    assert suspected(found) <= 0.65


@pytest.mark.parametrize(
    "other",
    [
        about(Claim.controls_carry, -1, loss_ratio=0.05),
        about(Claim.controls_carry, 0),
        about(Claim.controls_answer, -3),
        about(Claim.tunnel_in_use, 2),
        of_calls(Claim.stream_loses_more, 0),
        of_calls(Claim.stream_loses_more, -2),
    ],
)
def test_without_a_fair_comparison_loss_accuses_nobody(other: Evidence) -> None:
    for contrast in ((LIMITED, BY_CHANCE), (TOO_SLOW,)):
        assert not accused((*instead(other, of=LOSING), *contrast))


@pytest.mark.parametrize("strength", [-2, -1, 0])
def test_without_a_repeated_contrast_loss_stays_a_suspicion(strength: int) -> None:
    assert calls(instead(of_calls(Claim.path_loses_evenly, strength), of=THINNED)).cause == "unknown"


def test_the_same_loss_before_a_router_that_others_reach_is_the_second_contrast() -> None:
    found = calls(THINNED)
    assert EVENLY in THINNED
    assert (found.outcome, found.cause, found.mechanism) == ("degraded", "selective", "random_drop")
    assert found.where == "unknown"


@pytest.mark.parametrize(("strength", "high_kbps"), [(3, 25), (3, 128), (2, 25)])
def test_a_speed_limit_beside_a_good_call_accuses_nobody(strength: int, high_kbps: float) -> None:
    limit = of_calls(Claim.stream_rate_limited, strength, limit_high_kbps=high_kbps, controls_limited=0)
    found = calls((*LINE, text(3), relays(3), stream(3, 0.02, sent=1200), limit))
    assert found.cause != "selective"
    assert found.outcome == ("degraded" if strength == 3 and high_kbps < 60 else "works")


def test_everything_that_a_flow_can_show_beside_dead_neutral_flows_accuses_nobody() -> None:
    line = instead(about(Claim.controls_carry, -3, loss_ratio=1.0), of=(GATEWAY, CONTROLS, CARRY))
    assert not accused((*line, text(3), relays(3), stream(-3, 0.9), MORE, CUT_OFF, EVENLY, TOO_SLOW))
