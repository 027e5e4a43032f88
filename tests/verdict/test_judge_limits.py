"""The judge's limits at their very edges: probabilities, strengths, losses, delays and the order of exit codes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from callcheck.model import Evidence, Verdict
from callcheck.verdict import judge as judging
from callcheck.verdict.exit_code import exit_code
from callcheck.verdict.findings import Findings, Key
from callcheck.verdict.hypotheses import HYPOTHESES, LEAKS
from callcheck.verdict.judge import DECIDE_AT, causes_of, judge
from callcheck.verdict.posterior import Weighed
from callcheck.words import Cause, Claim, Outcome
from tests.verdict.made import ON_TIME, STATED, about


def of_telegram(claim: Claim, strength: int, **facts: Any) -> Evidence:
    return about(claim, strength, "telegram", "messaging" if claim == Claim.text_answers else "calls", **facts)


TEXT = of_telegram(Claim.text_answers, 3)
RELAYS = of_telegram(Claim.relays_answer, 3)
CONTROLS = about(Claim.controls_answer, 3)
SILENT = of_telegram(Claim.relays_answer, 0)


def calls_verdict(evidence: Sequence[Evidence]) -> Verdict:
    return next(one for one in judge(evidence, "quick", ON_TIME, STATED) if one.function == "calls")


# --- the probabilities from which a cause is named


_NAMES: dict[Cause, str] = {
    "selective": "relays cut off",
    "service_outage": "relays down",
    "none": "as it should be",
    "local_link": "loss at home",
}


def judged(monkeypatch: pytest.MonkeyPatch, causes: Mapping[Cause, float]) -> Verdict:
    """The verdict on calls of which it is known how they do, where the evidence makes these causes so likely and no
    gate is closed."""
    chances = {_NAMES[cause]: chance for cause, chance in causes.items()}
    chances["something else"] = 1 - sum(causes.values())
    seen = Weighed(chances, {}, {one.name: {} for one in (*HYPOTHESES["calls"], *LEAKS)})
    monkeypatch.setattr(judging, "weighed", lambda *_: seen)
    monkeypatch.setattr(judging, "kept_shares", lambda *_: {})
    return calls_verdict([of_telegram(Claim.stream_carries, -2, loss_ratio=0.2)])


@pytest.mark.parametrize(
    ("cause", "probability", "named"),
    [
        ("selective", 0.9, True),
        ("selective", 0.8999, False),
        ("selective", 0.8, False),
        ("service_outage", 0.8, True),
        ("service_outage", 0.7999, False),
        ("none", 0.8, True),
        ("none", 0.7999, False),
        ("local_link", 0.9, True),
    ],
)
def test_a_cause_is_named_from_its_limit_on(
    monkeypatch: pytest.MonkeyPatch, cause: Cause, probability: float, named: bool
) -> None:
    found = judged(monkeypatch, {cause: probability})
    assert found.causes == {cause: probability, "unknown": pytest.approx(1 - probability, abs=0.0001)}
    if named:
        assert (found.cause, found.confidence) == (cause, round(probability, 3))
    else:
        assert found.cause == "unknown"
        assert found.confidence == pytest.approx(1 - probability, abs=0.001)
        assert (found.mechanism, found.where) == ("unknown", "unknown")


def test_the_likeliest_cause_is_the_one_that_is_held_against_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, {"service_outage": 0.05, "selective": 0.92}).cause == "selective"
    assert judged(monkeypatch, {"selective": 0.1, "service_outage": 0.85}).cause == "service_outage"
    assert judged(monkeypatch, {"selective": 0.45, "service_outage": 0.45}).cause == "unknown"


def test_where_it_is_not_known_how_calls_do_no_cause_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(monkeypatch, {"selective": 0.97}).cause == "selective"
    found = calls_verdict([TEXT])
    assert (found.outcome, found.cause, found.mechanism) == ("unknown", "unknown", "unknown")
    assert found.causes["selective"] == 0.97


@pytest.mark.parametrize("evidence", [(), (TEXT,), (RELAYS,), (CONTROLS, TEXT, RELAYS), (TEXT, SILENT)])
def test_an_unknown_outcome_has_an_unknown_cause(evidence: tuple[Evidence, ...]) -> None:
    for found in judge(evidence, "quick", ON_TIME, STATED):
        assert found.outcome != "unknown" or found.cause == "unknown"


# --- what hypotheses with closed gates leave of their causes


def causes_where(chances: Mapping[str, float], kept: Mapping[str, float]) -> Mapping[Cause, float]:
    return causes_of(Weighed(chances, {}, {}), kept)


BESIDE = {"relays down": 0.06, "something else": 0.04}


@pytest.mark.parametrize(
    ("chances", "kept", "selective"),
    [
        # One that may be said speaks for the whole cause where it has a third of it.
        ({"relays cut off": 0.9}, {}, 0.9),
        ({"relays cut off": 0.31, "flows end": 0.59}, {"flows end": 0.65}, 0.9),
        ({"relays cut off": 0.29, "flows end": 0.61}, {"flows end": 0.65}, 0.65 * 0.9),
        ({"relays cut off": 0.01, "flows end": 0.89}, {"flows end": 0.2}, 0.65 * 0.01 + 0.2 * 0.89),
        # Where none may be said each keeps its own share.
        ({"relays cut off": 0.9}, {"relays cut off": 0.65}, 0.585),
        ({"relays cut off": 0.9}, {"relays cut off": 0.2}, 0.18),
        ({"relays cut off": 0.4, "flows end": 0.5}, {"relays cut off": 0.65, "flows end": 0.2}, 0.36),
    ],
)
def test_what_may_not_be_said_goes_to_the_unknown(
    chances: Mapping[str, float], kept: Mapping[str, float], selective: float
) -> None:
    found = causes_where({**chances, **BESIDE}, kept)
    assert found == pytest.approx({"selective": selective, "service_outage": 0.06, "unknown": 0.94 - selective})


@pytest.mark.parametrize("share", [0.2, 0.65])
def test_no_chance_makes_a_named_cause_of_one_that_may_not_be_said(share: float) -> None:
    found = causes_where({"relays cut off": 0.9999, "something else": 0.0001}, {"relays cut off": share})
    assert found["selective"] < DECIDE_AT


# --- of several words on one claim the firmest counts


@pytest.mark.parametrize(
    ("strengths", "firmest"),
    [
        ((1, -2), 1),
        ((-2, 1), 0),
        ((2, -3), 1),
        ((-3, 2), 0),
        ((-1, 2, 1), 1),
        ((0, -1), 1),
        ((0, 1, 0), 1),
        ((2, 2), 0),
        ((2, -2, 3), 2),
        ((-2, 2, -3), 2),
        ((1, -2, -1), 1),
        ((3, 3), 0),
    ],
)
def test_the_firmest_word_counts_whichever_way_it_points_and_the_first_of_those_that_agree(
    strengths: tuple[int, ...], firmest: int
) -> None:
    evidence = [about(Claim.tcp_passes, strength, asked=turn) for turn, strength in enumerate(strengths)]
    found, key = Findings(evidence), Key(Claim.tcp_passes)
    assert found.strength(key) == strengths[firmest]
    assert found.number(key, "asked") == firmest
    assert found.cited([key]) == (firmest,)


@pytest.mark.parametrize("strengths", [(2, -2), (-2, 2), (3, -3), (-1, 1), (2, 1, -2), (2, -2, 2), (-3, 3, 2), (0,)])
def test_two_equally_firm_words_that_contradict_each_other_say_nothing(strengths: tuple[int, ...]) -> None:
    evidence = [about(Claim.tcp_passes, strength, asked=turn) for turn, strength in enumerate(strengths)]
    found, key = Findings(evidence), Key(Claim.tcp_passes)
    assert (found.strength(key), found.says(key), found.denies(key)) == (0, False, False)
    assert found.cited([key]) == (0,)


@pytest.mark.parametrize(("strength", "says", "denies"), [(3, 1, 0), (2, 1, 0), (1, 0, 0), (-1, 0, 0), (-2, 0, 1)])
def test_a_word_is_firm_from_two_on(strength: int, says: int, denies: int) -> None:
    found, key = Findings([about(Claim.tcp_passes, strength)]), Key(Claim.tcp_passes)
    assert (found.says(key), found.denies(key)) == (bool(says), bool(denies))


def test_what_nobody_spoke_of_is_neither_said_nor_denied() -> None:
    found, key = Findings([]), Key(Claim.tcp_passes)
    assert (found.strength(key), found.says(key), found.denies(key)) == (0, False, False)
    assert (found.number(key, "asked"), found.word(key, "where"), found.cited([key])) == (0.0, "", ())


# --- exit codes


def with_code(code: int, *, function: str = "calls", informed: bool = True) -> Verdict:
    words: dict[int, tuple[Outcome, Cause]] = {
        0: ("works", "none"),
        1: ("fails", "service_outage"),
        2: ("fails", "selective"),
        3: ("fails", "unknown"),
    }
    outcome, cause = words[code]
    return Verdict(
        service="telegram",
        function=function,  # type: ignore[arg-type]  # one of the two words of the model
        outcome=outcome,
        cause=cause,
        mechanism="none",
        where="unknown",
        confidence=1.0,
        causes={cause: 1.0},
        supporting=(0,) if informed else (),
    )


@pytest.mark.parametrize("codes", [(2, 1, 3, 0), (1, 3, 0), (3, 0), (0,), (2, 0), (2, 3), (1, 0)])
def test_the_exit_code_is_the_first_of_2_1_3_0_in_whatever_order_verdicts_come(codes: tuple[int, ...]) -> None:
    for order in itertools.permutations(codes):
        assert exit_code(with_code(code) for code in order) == codes[0]


def test_messages_and_verdicts_without_information_have_no_say() -> None:
    aside = (with_code(2, function="messaging"), with_code(1, informed=False))
    assert exit_code((*aside, with_code(0))) == 0
    assert exit_code(aside) == 3
    assert exit_code(()) == 3


def test_poor_calls_are_no_success_whatever_else_is_said_of_them() -> None:
    assert exit_code([msgspec.structs.replace(with_code(0), outcome="degraded")]) == 1


# --- loss that begins at home


def at_home(
    *, loss: float = 0.2, controls_loss: float = 0.2, gateway_loss: float = 0.2, relays_strength: int = 3
) -> Verdict:
    return calls_verdict(
        (
            about(Claim.route_exists, 3),
            about(Claim.tcp_passes, 3),
            CONTROLS,
            TEXT,
            about(Claim.gateway_healthy, -3, loss_ratio=gateway_loss),
            about(Claim.controls_carry, -2, loss_ratio=controls_loss),
            of_telegram(Claim.relays_answer, relays_strength),
            of_telegram(Claim.stream_carries, -2, loss_ratio=loss),
        )
    )


@pytest.mark.parametrize(
    ("losses", "is_home"),
    [
        ({"loss": 0.0301, "controls_loss": 0.03, "gateway_loss": 0.06}, True),
        # The controls must show at least half of what the gateway loses: it may only limit pings.
        ({"controls_loss": 0.1, "gateway_loss": 0.2}, True),
        ({"controls_loss": 0.0999, "gateway_loss": 0.2}, False),
        # What the service loses far beyond the controls has another cause.
        ({"loss": 0.24, "controls_loss": 0.1}, True),
        ({"loss": 0.26, "controls_loss": 0.1}, False),
    ],
)
def test_a_lossy_home_is_named_only_within_its_limits(losses: dict[str, float], is_home: bool) -> None:
    found = at_home(**losses)  # type: ignore[arg-type]  # the table names losses only, never the strength
    assert (found.cause, found.where) == (("local_link", "home") if is_home else ("unknown", "unknown"))


@pytest.mark.parametrize(("loss", "outcome"), [(0.5, "degraded"), (0.51, "fails")])
def test_a_home_that_loses_more_than_half_lets_calls_fail(loss: float, outcome: str) -> None:
    found = at_home(loss=loss, controls_loss=loss, gateway_loss=loss)
    assert (found.outcome, found.cause) == (outcome, "local_link")


@pytest.mark.parametrize(("strength", "is_home"), [(3, True), (0, True), (-1, True), (-2, False), (-3, False)])
def test_relays_that_are_wholly_silent_are_no_lossy_home(strength: int, is_home: bool) -> None:
    assert (at_home(relays_strength=strength).cause == "local_link") == is_home


# --- slowness and delay


@pytest.mark.parametrize("fact", ["loop_ms", "rtt_ms"])
@pytest.mark.parametrize(("delay_ms", "outcome", "cause"), [(400, "works", "none"), (400.1, "degraded", "unknown")])
def test_a_stream_that_comes_later_than_a_talk_bears_does_not_work(
    fact: str, delay_ms: float, outcome: str, cause: str
) -> None:
    stream = of_telegram(Claim.stream_carries, 3, loss_ratio=0.0, **{fact: delay_ms})
    found = calls_verdict((CONTROLS, TEXT, RELAYS, stream))
    assert (found.outcome, found.cause) == (outcome, cause)
