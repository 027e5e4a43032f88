"""Weighing: what one sign may say, how signs add up, and that a cause that nobody thought of keeps a share."""

from __future__ import annotations

import itertools
import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.verdict.calibration import CAP, CAP_REPLICATED, Calibration, shipped
from callcheck.verdict.findings import Findings
from callcheck.verdict.hypotheses import HYPOTHESES, LEAKS
from callcheck.verdict.hypothesis import LIKELY, NO, RARELY, YES, Chance, Hypothesis
from callcheck.verdict.posterior import Seen, seen_of, weighed
from callcheck.verdict.signs import READINGS, Sign
from tests.verdict.made import BLOCKED, CUT, STATED

_LEVELS = [-3, -2, -1, 1, 2, 3]
_CALIBRATIONS = [shipped(), STATED]


@pytest.mark.parametrize("fitted", _CALIBRATIONS)
def test_a_calibration_is_of_sane_numbers(fitted: Calibration) -> None:
    assert list(fitted.errors) == sorted(fitted.errors, reverse=True)
    assert all(0 < error < 0.5 for error in fitted.errors)
    assert 0.5 < fitted.likely < 1
    assert 0 < fitted.leak < 1
    assert 0 < fitted.sharpness <= 1
    assert fitted.made_from
    assert msgspec.json.decode(msgspec.json.encode(fitted), type=Calibration) == fitted


@pytest.mark.parametrize("fitted", _CALIBRATIONS)
def test_no_sign_weighs_more_than_its_cap(fitted: Calibration) -> None:
    wild = msgspec.structs.replace(fitted, errors=(1e-9, 1e-9, 1e-9))
    for one, level, chance in itertools.product((fitted, wild), _LEVELS, Chance):
        assert abs(one.weight(level, chance)) <= (CAP_REPLICATED if abs(level) == 3 else CAP)
    assert (math.exp(CAP), math.exp(CAP_REPLICATED)) == pytest.approx((20, 100))


@pytest.mark.parametrize("fitted", _CALIBRATIONS)
def test_firmer_signs_weigh_no_less_and_yes_mirrors_no(fitted: Calibration) -> None:
    for one, two in itertools.pairwise(_LEVELS):
        assert fitted.weight(one, YES) <= fitted.weight(two, YES)
        assert fitted.weight(one, NO) >= fitted.weight(two, NO)
    for level in _LEVELS:
        assert fitted.weight(level, YES) == pytest.approx(fitted.weight(-level, NO))
        assert fitted.weight(level, LIKELY) == pytest.approx(fitted.weight(-level, RARELY))


def test_weights_are_the_logs_of_what_the_calibration_states() -> None:
    """Against even odds: a sign of strength 2 that errs once in twenty says ln(0.95 / 0.5), or ln(0.05 / 0.5)."""
    assert STATED.weight(2, YES) == pytest.approx(math.log(0.95 / 0.5))
    assert STATED.weight(2, NO) == pytest.approx(math.log(0.05 / 0.5))
    assert STATED.weight(-1, LIKELY) == pytest.approx(math.log(0.25 / 0.5))
    assert STATED.weight(0, YES) == STATED.weight(3, None) == 0


def test_strengths_beyond_the_scale_are_the_firmest() -> None:
    assert STATED.weight(9, YES) == STATED.weight(3, YES)


# --- adding up

A = Hypothesis("a", "congestion", {Sign.text: YES, Sign.relays: YES, Sign.stream: YES})
B = Hypothesis("b", "offline", {Sign.text: NO, Sign.relays: NO, Sign.stream: NO})


def test_the_chances_are_bayes_rule() -> None:
    found = weighed(Seen({Sign.text: 2}, {Sign.text: "text"}), (A, B), STATED)
    shares = {"a": 0.95, "b": 0.05, "something else about this service": 0.025, "something else": 0.025}
    total = sum(shares.values())
    assert found.chances == pytest.approx({name: share / total for name, share in shares.items()})


def test_of_one_group_the_sign_that_tells_most_counts_alone() -> None:
    levels = {Sign.text: 1, Sign.relays: 3, Sign.stream: 2}
    together = weighed(Seen(levels, dict.fromkeys(levels, "line")), (A, B), STATED)
    alone = weighed(Seen({Sign.relays: 3}, {Sign.relays: "line"}), (A, B), STATED)
    apart = weighed(Seen(levels, {sign: sign.value for sign in levels}), (A, B), STATED)
    assert together.chances == alone.chances
    assert set(together.levels) == {Sign.relays}
    assert apart.chances["a"] > together.chances["a"]


def test_sharpness_dulls_what_evidence_says() -> None:
    seen = Seen({Sign.text: 3}, {Sign.text: "text"})
    dull = msgspec.structs.replace(STATED, sharpness=0.5)
    assert weighed(seen, (A, B), dull).chances["a"] < weighed(seen, (A, B), STATED).chances["a"]


def test_without_signs_only_the_unknown_is_left() -> None:
    found = weighed(Seen({}, {}), HYPOTHESES["calls"], STATED)
    assert set(found.chances) == {one.name for one in LEAKS}


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from(list(Sign)), st.sampled_from(_LEVELS), max_size=20))
def test_the_unknown_keeps_a_share_whatever_is_seen(levels: dict[Sign, int]) -> None:
    for hypotheses in HYPOTHESES.values():
        found = weighed(Seen(levels, {sign: sign.value for sign in levels}), hypotheses, STATED)
        assert math.fsum(found.chances.values()) == pytest.approx(1)
        assert all(found.chances[one.name] > 0 for one in LEAKS)


def test_a_larger_leak_leaves_more_to_the_unknown() -> None:
    seen = seen_of(Findings(BLOCKED), "telegram", "calls")
    shares = [
        sum(
            weighed(seen, HYPOTHESES["calls"], msgspec.structs.replace(STATED, leak=leak)).chances[one.name]
            for one in LEAKS
        )
        for leak in (0.01, 0.1, 0.5)
    ]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


# --- the table


@pytest.mark.parametrize("function", HYPOTHESES)
def test_the_table_is_of_different_names_and_comparable_priors(function: str) -> None:
    hypotheses = HYPOTHESES[function]  # type: ignore[index]  # the table's own keys
    assert len({one.name for one in (*hypotheses, *LEAKS)}) == len(hypotheses) + len(LEAKS)
    priors = [one.prior for one in hypotheses]
    assert max(priors) <= 20 * min(priors)  # no prior says more than one sign may


def test_a_name_stands_for_one_cause_in_both_tables() -> None:
    causes: dict[str, set[str]] = {}
    for one in itertools.chain(*HYPOTHESES.values(), LEAKS):
        causes.setdefault(one.name, set()).add(one.cause)
    assert all(len(some) == 1 for some in causes.values())


def test_every_sign_is_read() -> None:
    assert set(READINGS) == set(Sign)


def test_levels_are_strengths_and_speak_of_the_service_asked_for() -> None:
    found = Findings(CUT)
    levels = seen_of(found, "telegram", "calls").levels
    assert (levels[Sign.cut_off], levels[Sign.stream], levels[Sign.relays]) == (3, -3, 3)
    assert Sign.cut_off not in seen_of(found, "whatsapp", "calls").levels
    assert Sign.stream not in seen_of(found, "telegram", "messaging").levels
