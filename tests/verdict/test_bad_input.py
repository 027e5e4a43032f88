"""Evidence that no check would make: contradictions, floods, wild numbers and foreign words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from callcheck.model import Evidence
from callcheck.verdict.judge import judge
from callcheck.words import Claim
from tests.report.made import HUGE
from tests.verdict.made import (
    ACCUSED,
    BLOCKED,
    LINE,
    ON_TIME,
    STATED,
    about,
    accused,
    calls,
    instead,
    relays,
    stream,
    text,
)

WILD = [HUGE, -HUGE, -1, float("nan"), float("inf"), float("-inf"), "0.9", "", None, True, [1], {"a": 1}]
_FACTS = (
    "networks",
    "rtt_ms",
    "loss_ratio",
    "loss_low_ratio",
    "where",
    "mechanism",
    "unit",
    "limit_high_kbps",
    "loop_ms",
)


def assert_sane(evidence: tuple[Evidence, ...]) -> None:
    for found in judge(evidence, "standard", ON_TIME):
        assert sum(found.causes.values()) == pytest.approx(1, abs=0.001)
        assert all(0 <= chance <= 1 for chance in found.causes.values())


@pytest.mark.parametrize("value", WILD, ids=str)
@pytest.mark.parametrize("name", ACCUSED)
def test_wild_facts_accuse_nobody(name: str, value: Any) -> None:
    """Neutral hosts of no sane number of networks are none."""
    evidence = tuple(
        msgspec.structs.replace(item, facts=dict.fromkeys((*item.facts, *_FACTS), value)) for item in ACCUSED[name]
    )
    assert_sane(evidence)
    assert not accused(evidence)


@pytest.mark.parametrize("strength", [-9, 9, 2**40, -(2**40)])
def test_strengths_beyond_the_scale_break_nothing(strength: int) -> None:
    assert_sane(tuple(msgspec.structs.replace(item, strength=strength) for item in BLOCKED))


def test_thousands_of_items_are_read_and_say_what_one_of_each_says() -> None:
    assert calls(BLOCKED * 500).causes == calls(BLOCKED).causes


def test_services_and_functions_that_nobody_knows_change_nothing() -> None:
    strange = (
        about(Claim.relays_answer, -3, "telegram", "singing"),
        about(Claim.relays_answer, 3, "\N{SNOWMAN}", "calls"),
        about(Claim.controls_answer, -3, "telegram"),
    )
    for name, evidence in ACCUSED.items():
        assert calls((*evidence, *strange)).cause == calls(evidence).cause, name


def test_a_service_without_a_word_of_itself_gets_an_empty_verdict() -> None:
    found = judge((*LINE, about(Claim.relay_list_fresh, 2, "telegram", "calls")), "standard", ON_TIME, STATED)
    assert {(one.cause, one.outcome, one.supporting) for one in found} == {("unknown", "unknown", ())}


def test_slow_silence_of_a_service_alone_is_a_verdict_too() -> None:
    assert_sane((text(-3, rtt_ms=2000),))


OPPOSITE = {
    "relays answer": relays(3),
    "neutral hosts are silent": about(Claim.controls_answer, -3),
    "packets go as far as others": about(Claim.path_open, 3, "telegram", "calls"),
}


@pytest.mark.parametrize("name", OPPOSITE)
def test_nobody_is_accused_on_words_that_contradict_each_other_whichever_comes_first(name: str) -> None:
    assert accused(BLOCKED)
    assert not accused((*BLOCKED, OPPOSITE[name]))
    assert not accused((OPPOSITE[name], *BLOCKED))


@pytest.mark.parametrize(
    "evidence", [(), (about(Claim.controls_answer, 3),), (about(Claim.route_exists, 0, "telegram", "calls"),)]
)
def test_next_to_nothing_is_no_verdict_on_anybody(evidence: tuple[Evidence, ...]) -> None:
    assert all((one.cause, one.outcome) == ("unknown", "unknown") for one in judge(evidence, "quick", ON_TIME))


def test_no_data_is_never_well() -> None:
    silent = (text(0), relays(0), stream(0, 0.0))
    assert {one.outcome for one in judge((*LINE, *silent), "standard", ON_TIME)} == {"unknown"}
    assert calls(instead(stream(0, 0.0), of=(*LINE, text(3), relays(3)))).cause != "none"
