"""The E-model gives the values of the facts (1.2), and formulae with the mistakes known from the wild do not."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.quality.emodel import (
    Band,
    Line,
    band,
    good_or_better_percent,
    mean_opinion,
    poor_or_worse_percent,
    rate,
)

R_TOLERANCE = 0.05
MOS_TOLERANCE = 0.01

# One-way ms; R with echo, without, less sensitive (sT 0.55, mT 120 ms), least sensitive (0.4, 150 ms); Idd; MOS.
DELAYS = [
    (0, 93.2, 93.2, 93.2, 93.2, 0, 4.41),
    (100, 90.7, 93.2, 93.2, 93.2, 0, 4.41),
    (150, 89.5, 93.0, 93.0, 93.2, 0.16, 4.41),
    (200, 85.8, 90.2, 91.0, 92.3, 3.04, 4.34),
    (250, 79.2, 84.3, 87.1, 89.8, 8.92, 4.18),
    (300, 72.7, 78.4, 83.1, 87.0, 14.76, 3.96),
    (400, 62.2, 69.1, 76.3, 82.0, 24.07, 3.56),
    (500, 54.8, 62.6, 71.3, 78.1, 30.64, 3.23),
    (800, 42.8, 52.4, 62.7, 71.0, 40.83, 2.70),
]

# Loss %; R at burst ratio 1 and 2 for each of CODECS.
CODECS = [(0, 4.3), (0, 25.1), (11, 19), (0, 10), (10, 15)]
LOSSES = [
    (1, [(75.3, 73.4), (89.6, 89.5), (78.0, 77.9), (84.6, 84.2), (77.9, 77.7)]),
    (2, [(63.0, 57.4), (86.2, 85.9), (74.2, 73.8), (77.4, 75.9), (73.2, 72.6)]),
    (5, [(42.1, 23.4), (77.4, 76.0), (64.7, 62.7), (61.5, 55.2), (62.0, 58.9)]),
    (10, [(26.8, 0), (66.1, 61.6), (53.2, 47.2), (45.7, 29.9), (49.2, 40.7)]),
    (20, [(15.0, 0), (51.1, 39.1), (39.1, 24.3), (29.9, 0), (34.6, 15.2)]),
]
LOSS_CASES = [
    (loss, burst, *codec, expected)
    for loss, row in LOSSES
    for codec, pair in zip(CODECS, row, strict=True)
    for burst, expected in zip((1, 2), pair, strict=True)
]

# R; MOS, GoB %, PoW % (G.107 Annex B, as the facts compute it).
ANNEX_B = [
    (90, 4.339, 97.0, 0.2),
    (80, 4.024, 89.4, 1.4),
    (70, 3.597, 73.4, 5.9),
    (60, 3.1, 50.0, 17.4),
    (50, 2.575, 26.6, 37.7),
]
SCORES = [(r, mos) for r, mos, _, _ in ANNEX_B] + [(93.2, 4.409), (0, 1), (100, 4.5), (-5, 1), (120, 4.5)]

# Each reads as one part of the facts' text does in a program known to be wrong, the rest of the formula left right.
WRONG_DELAYS: dict[str, Callable[[float], float]] = {
    "amplet2 takes the exponent 6 - sT": lambda ms: 25 * (_knee(_octaves(ms), 5) - 3 * _knee(_octaves(ms) / 3, 5) + 2),
    "rtcscore forgets the brackets of 0.1 (delay - 150)": lambda ms: max(0.0, 0.1 * ms - 150),
    "Twilio: delay / 40, and (delay - 120) / 10 from 160 ms on": lambda ms: ms / 40 if ms < 160 else (ms - 120) / 10,
    "Cole and Rosenbluth's shortcut": lambda ms: 0.024 * ms + max(0.0, 0.11 * (ms - 177.3)),
}
WRONG_SCORES: dict[str, Callable[[float], float]] = {
    "SQMF's 1e-6": lambda r: 1 + 0.035 * r + r * (r - 60) * (100 - r) * 1e-6,
}


def _octaves(delay_ms: float) -> float:
    return math.log2(max(1.0, delay_ms / 100))


def _knee(value: float, power: float) -> float:
    return math.pow(1 + math.pow(value, power), 1 / power)


def test_the_default_line_is_rated_as_itu_publishes_part_by_part() -> None:
    rating = rate(Line())
    assert rating.r == pytest.approx(93.2062, abs=5e-4)
    assert mean_opinion(rating.r) == pytest.approx(4.409, abs=5e-4)
    assert rating.noise_dbm0p == pytest.approx(-61.179, abs=5e-4)
    assert rating.signal_to_noise == pytest.approx(94.7688, abs=5e-5)
    assert rating.simultaneous == pytest.approx(1.4136, abs=5e-5)
    parts = (rating.loudness, rating.sidetone, rating.quantizing, rating.listener_echo)
    assert parts == pytest.approx((0.4402, -0.0007, 0.9741, 0.149), abs=5e-5)
    assert (rating.talker_echo, rating.pure_delay, rating.equipment, rating.advantage) == (0, 0, 0, 0)
    assert rating.delayed == rating.listener_echo


@pytest.mark.parametrize(("ms", "echo", "plain", "pure", "mos"), [(*row[:3], *row[5:]) for row in DELAYS])
def test_delay_costs_what_the_table_says(ms: float, echo: float, plain: float, pure: float, mos: float) -> None:
    echoing = rate(Line(absolute_delay_ms=ms, echo_one_way_delay_ms=ms, echo_round_trip_delay_ms=2 * ms))
    silent = rate(Line(absolute_delay_ms=ms))
    assert echoing.r == pytest.approx(echo, abs=R_TOLERANCE)
    assert silent.r == pytest.approx(plain, abs=R_TOLERANCE)
    assert silent.pure_delay == pytest.approx(pure, abs=R_TOLERANCE)
    assert mean_opinion(silent.r) == pytest.approx(mos, abs=MOS_TOLERANCE)


@pytest.mark.parametrize(("ms", "low", "very_low"), [(row[0], *row[3:5]) for row in DELAYS])
def test_delay_costs_the_less_sensitive_what_the_table_says(ms: float, low: float, very_low: float) -> None:
    for sensitivity, least_ms, expected in ((0.55, 120, low), (0.4, 150, very_low)):
        line = Line(absolute_delay_ms=ms, delay_sensitivity=sensitivity, least_noticed_delay_ms=least_ms)
        assert rate(line).r == pytest.approx(expected, abs=R_TOLERANCE)


@pytest.mark.parametrize(("loss", "burst", "impairment", "robustness", "expected"), LOSS_CASES)
def test_loss_costs_what_the_table_says(
    loss: float, burst: float, impairment: float, robustness: float, expected: float
) -> None:
    line = Line(equipment_impairment=impairment, loss_robustness=robustness, loss_percent=loss, burst_ratio=burst)
    assert rate(line).r == pytest.approx(expected, abs=R_TOLERANCE)


@pytest.mark.parametrize(("r", "mos"), SCORES)
def test_a_rating_becomes_the_score_of_annex_b(r: float, mos: float) -> None:
    assert mean_opinion(r) == pytest.approx(mos, abs=5e-4)


@pytest.mark.parametrize(("r", "good", "poor"), [(r, good, poor) for r, _, good, poor in ANNEX_B])
def test_a_rating_becomes_the_shares_of_annex_b(r: float, good: float, poor: float) -> None:
    assert good_or_better_percent(r) == pytest.approx(good, abs=0.06)
    assert poor_or_worse_percent(r) == pytest.approx(poor, abs=0.06)


@pytest.mark.parametrize(
    ("r", "expected"),
    [
        (93.2, "very_satisfied"),
        (90, "very_satisfied"),
        (89.9, "satisfied"),
        (80, "satisfied"),
        (70, "some_dissatisfied"),
        (60, "many_dissatisfied"),
        (50, "nearly_all_dissatisfied"),
        (49.9, "not_recommended"),
        (0, "not_recommended"),
    ],
)
def test_a_rating_falls_into_its_band_of_g109(r: float, expected: Band) -> None:
    assert band(r) == expected


@pytest.mark.parametrize("wrong", WRONG_DELAYS.values(), ids=WRONG_DELAYS.keys())
def test_a_delay_formula_known_to_be_wrong_misses_the_table(wrong: Callable[[float], float]) -> None:
    assert any(abs(wrong(ms) - pure) > R_TOLERANCE for ms, *_, pure, _ in DELAYS)


@pytest.mark.parametrize("wrong", WRONG_SCORES.values(), ids=WRONG_SCORES.keys())
def test_a_score_formula_known_to_be_wrong_misses_annex_b(wrong: Callable[[float], float]) -> None:
    assert any(abs(wrong(r) - mos) > MOS_TOLERANCE for r, mos, _, _ in ANNEX_B)


def test_a_basis_of_100_or_of_twilios_r0_misses_the_default() -> None:
    assert all(abs(basis - rate(Line()).r) > R_TOLERANCE for basis in (100, 94.768))


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        (Line(loss_percent=60), Line(loss_percent=20)),
        (Line(loss_percent=-1), Line(loss_percent=0)),
        (Line(loss_percent=1, burst_ratio=50), Line(loss_percent=1, burst_ratio=8)),
        (Line(loss_percent=1, burst_ratio=0.6), Line(loss_percent=1, burst_ratio=1)),
        (Line(loss_percent=5, burst_ratio=4), Line(loss_percent=5, burst_ratio=2)),
    ],
)
def test_what_lies_outside_the_models_range_is_read_as_its_edge(given: Line, read_as: Line) -> None:
    assert rate(given).r == rate(read_as).r
    assert rate(read_as).r > 0


def test_echo_is_worse_where_one_hears_oneself_loudly_and_where_hardly_at_all() -> None:
    # STMR 8 and 21 take the two side rules of the talker echo, which no table value reaches.
    plain = rate(Line(absolute_delay_ms=200, echo_one_way_delay_ms=200))
    loud = rate(Line(absolute_delay_ms=200, echo_one_way_delay_ms=200, sidetone_masking_rating_db=8))
    faint = rate(Line(absolute_delay_ms=200, echo_one_way_delay_ms=200, sidetone_masking_rating_db=21))
    unmasked = rate(Line(absolute_delay_ms=200, echo_one_way_delay_ms=200, sidetone_masking_rating_db=20))
    assert loud.talker_echo < plain.talker_echo
    assert faint.talker_echo == pytest.approx(math.hypot(unmasked.talker_echo, faint.sidetone), abs=0.05)
    assert faint.talker_echo > unmasked.talker_echo


def test_an_echo_after_a_millisecond_costs_what_the_formulae_give_by_hand() -> None:
    # TERV 67.904, Re 214.76, Roe 94.769; in the first milliseconds two terms count that no table value shows.
    assert rate(Line(echo_one_way_delay_ms=1)).talker_echo == pytest.approx(-0.109, abs=0.001)


@given(st.floats(0, 5000), st.floats(0, 5000), st.floats(0, 100), st.floats(0, 100), st.floats(1, 2))
@settings(max_examples=50, deadline=None)
def test_more_delay_or_more_loss_never_rates_better(
    delay_ms: float, more_ms: float, loss: float, more: float, burst: float
) -> None:
    before = rate(Line(absolute_delay_ms=delay_ms, loss_percent=loss, burst_ratio=burst)).r
    assert (
        0 <= rate(Line(absolute_delay_ms=delay_ms + more_ms, loss_percent=loss, burst_ratio=burst)).r <= before + 1e-9
    )
    assert 0 <= rate(Line(absolute_delay_ms=delay_ms, loss_percent=loss + more, burst_ratio=burst)).r <= before + 1e-9


@given(st.floats(-50, 150), st.floats(0, 50))
@settings(max_examples=50, deadline=None)
def test_a_better_rating_never_scores_worse(r: float, more: float) -> None:
    assert 1 <= mean_opinion(r) <= mean_opinion(r + more) + 1e-12 <= 4.5 + 1e-12
