"""The quality of a call over a measured path: score, interval, word, and when there is none."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.quality.call import LEAST_PACKETS, CallQuality, Heard, Word, call_quality, word_for, worse_of
from callcheck.quality.emodel import Line, mean_opinion, rate
from callcheck.quality.playout import Packet, play
from tests.quality.series import PATH_US, any_series, gilbert, lossy, series, stalls


def quality_of(packets: list[Packet], one_way_factor: float = 1.0) -> CallQuality:
    quality = call_quality(packets, one_way_factor=one_way_factor)
    assert quality is not None
    return quality


def every(count: int, total: int = 1500) -> list[bool]:
    """`count` losses evenly spread over `total` packets."""
    return [number * count // total != (number + 1) * count // total for number in range(total)]


@pytest.mark.parametrize(
    "packets",
    [[], series(LEAST_PACKETS - 1), lossy(series(500), [True] * 500)],
    ids=["nothing sent", "too few sent", "nothing came"],
)
def test_too_little_to_go_by_has_no_quality(packets: list[Packet]) -> None:
    assert call_quality(packets) is None


def test_a_hundred_packets_are_enough() -> None:
    assert quality_of(series(LEAST_PACKETS)).packets == LEAST_PACKETS


def test_an_even_path_sounds_as_good_as_the_codec_lets_it() -> None:
    packets = series(750, step_us=40_000)
    quality = quality_of(packets)
    playout = play(packets)
    assert playout is not None
    assert (quality.loss_ratio, quality.late_ratio, quality.burst_ratio) == (0, 0, 1)
    assert quality.delay_ms == pytest.approx(20 + PATH_US / 1000 + playout.mean_target_ms + 15)
    assert quality.r == pytest.approx(rate(Line(equipment_impairment=10, absolute_delay_ms=quality.delay_ms)).r)
    assert quality.mos == mean_opinion(quality.r) == quality.mos_high
    assert (quality.word, quality.heard) == ("clear", "nothing")
    assert quality.packets == 750
    assert quality.seconds == pytest.approx(30)


# Facts 1.3: with Ie 10 and Bpl 15 a loss of 5 % scores 3.2 and one of 10 % 2.5, no delay counted.
@pytest.mark.parametrize(("lost", "mos"), [(75, 3.2), (150, 2.5)])
def test_loss_scores_as_the_facts_anchors(lost: int, mos: float) -> None:
    quality = quality_of(lossy(series(1500), every(lost)))
    assert quality.mos == pytest.approx(mos, abs=0.06)
    assert quality.loss_ratio == lost / 1500
    assert quality.heard == "gaps"


@given(any_series(least=LEAST_PACKETS, most=250))
@settings(max_examples=40, deadline=None)
def test_any_series_scores_within_its_interval_and_the_scale(packets: list[Packet]) -> None:
    quality = call_quality(packets)
    if quality:
        assert 1 <= quality.mos_low <= quality.mos <= quality.mos_high <= 4.5
        assert 0 <= quality.r <= 100
        assert 0 <= quality.loss_ratio < 1
        assert 0 <= quality.late_ratio <= 1
        assert quality.word == word_for(quality.mos)
        assert quality.delay_ms >= 35


def test_the_same_loss_in_bursts_scores_worse() -> None:
    even = quality_of(lossy(series(1500), every(75)))
    bursty = quality_of(lossy(series(1500), [number % 60 < 3 for number in range(1500)]))
    assert bursty.loss_ratio == even.loss_ratio
    assert bursty.mos < even.mos - 0.1


@given(st.integers(0, 1490), st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_more_evenly_spread_loss_never_scores_better(lost: int, more: int) -> None:
    fewer, greater = (quality_of(lossy(series(1500), every(count))) for count in (lost, lost + more))
    # Losing another set of packets moves the mean delay and the burst ratio by a hair.
    assert greater.mos <= fewer.mos + 0.01


def test_beyond_the_models_range_loss_still_counts_and_is_named_as_assumed() -> None:
    scores = [quality_of(lossy(series(1500), every(lost))) for lost in (240, 300, 600, 900, 1480)]
    assert [quality.r for quality in scores] == sorted((quality.r for quality in scores), reverse=True)
    assert scores[2].r == pytest.approx(scores[1].r * 0.6 / 0.8, rel=0.01)
    assert scores[-1].r < 1
    assert "loss_beyond_model" not in quality_of(lossy(series(1500), every(75))).assumptions
    assert all("loss_beyond_model" in quality.assumptions for quality in scores[2:])


def test_every_result_names_what_it_assumes() -> None:
    assert quality_of(series(200)).assumptions == (
        "opus_like_codec",
        "frames_of_20_ms",
        "device_15_ms",
        "no_echo",
        "neteq_like_buffer",
        "path_as_measured",
    )


def test_the_interval_is_wide_for_an_unknown_codec_and_for_few_packets_and_for_bursts() -> None:
    def width(quality: CallQuality) -> float:
        return quality.mos_high - quality.mos_low

    even = quality_of(lossy(series(1500), every(75)))
    # Even loss that needs no sampling would still be this wide: Bpl 10 to 25.
    scores = [
        mean_opinion(rate(Line(equipment_impairment=10, loss_robustness=bpl, loss_percent=5, absolute_delay_ms=116)).r)
        for bpl in (10, 25)
    ]
    few = quality_of(lossy(series(300), every(15, 300)))
    bursty = quality_of(lossy(series(1500), [number % 300 < 15 for number in range(1500)]))
    assert width(even) > scores[1] - scores[0] > 0.5
    assert width(few) > width(even) + 0.1
    assert width(bursty) > width(even) + 0.1


@pytest.mark.parametrize(("loss_ratio", "mean_run"), [(0.03, 1 / 0.97), (0.08, 4)])
def test_the_interval_holds_the_score_of_the_path_itself(loss_ratio: float, mean_run: float) -> None:
    chance = random.Random(5)
    path = quality_of(lossy(series(20_000), gilbert(chance, 20_000, loss_ratio, mean_run)))
    samples = [quality_of(lossy(series(750), gilbert(chance, 750, loss_ratio, mean_run))) for _ in range(20)]
    held = sum(sample.mos_low <= path.mos <= sample.mos_high for sample in samples)
    assert held >= 19  # the codec's span makes it wider than the 95 % of sampling alone


@pytest.mark.parametrize(("factor", "path_ms"), [(1.0, 40), (0.5, 20), (0.0, 0)])
def test_the_factor_takes_its_part_of_the_path_and_nothing_of_the_rest(factor: float, path_ms: float) -> None:
    even = quality_of(series(750), factor)
    stalling = quality_of(series(750, stalls(120_000, 1_000_000)), factor)
    assert even.delay_ms == pytest.approx(quality_of(series(750)).delay_ms - 40 + path_ms)
    assert stalling.delay_ms == pytest.approx(
        quality_of(series(750, stalls(120_000, 1_000_000))).delay_ms - 40 + path_ms
    )


@pytest.mark.parametrize(
    ("extra_ms", "word"), [(0, "clear"), (100, "good"), (200, "fair"), (300, "poor"), (600, "barely")]
)
def test_delay_alone_is_heard_as_lag(extra_ms: int, word: Word) -> None:
    quality = quality_of(series(750, lambda _: extra_ms * 1000))
    heard: Heard = "lag" if extra_ms else "nothing"
    assert (quality.word, quality.heard, quality.late_ratio) == (word, heard, 0)


def test_stalls_too_rare_for_the_buffer_to_expect_are_heard_as_gaps() -> None:
    quality = quality_of(series(1500, lambda sent_us: stalls(800_000, 15_000_000)(sent_us - 7_000_000)))
    assert quality.loss_ratio == 0
    assert quality.late_ratio == pytest.approx((800 - 60) * 2 / 30_000, abs=0.003)
    assert quality.burst_ratio > 5
    assert quality.heard == "gaps"


def test_late_and_lost_packets_count_together() -> None:
    stalling = series(1500, lambda sent_us: stalls(800_000, 15_000_000)(sent_us - 7_000_000))
    lost = quality_of(lossy(series(1500), every(45)))
    both = quality_of(lossy(stalling, every(45)))
    half = quality_of(lossy(stalling, every(750)))
    assert both.loss_ratio == lost.loss_ratio
    assert both.mos < lost.mos - 0.2
    assert both.mos < quality_of(stalling).mos - 0.2
    # Half of what a stall holds back is lost anyway, and late is only what came.
    assert half.late_ratio == pytest.approx(quality_of(stalling).late_ratio, abs=0.004)


def test_a_call_that_dies_after_eight_seconds_is_hopeless() -> None:
    quality = quality_of([(sent, came if sent < 8_000_000 else None) for sent, came in series(1500)])
    assert quality.word == "hopeless"
    assert quality.mos_high < 2


@pytest.mark.parametrize(
    ("mos", "word"),
    [
        (4.5, "clear"),
        (4.0, "clear"),
        (3.99, "good"),
        (3.6, "good"),
        (3.59, "fair"),
        (3.1, "fair"),
        (3.09, "poor"),
        (2.6, "poor"),
        (2.59, "barely"),
        (2.0, "barely"),
        (1.99, "hopeless"),
        (1.0, "hopeless"),
    ],
)
def test_a_score_has_its_word(mos: float, word: Word) -> None:
    assert word_for(mos) == word


def test_the_worse_direction_is_the_calls_quality_whichever_comes_first() -> None:
    good, bad = quality_of(series(750)), quality_of(lossy(series(1500), every(150)))
    assert worse_of(good, bad) is worse_of(bad, good) is bad
    twin = msgspec.structs.replace(good, packets=1)
    assert worse_of(good, twin) is good


@given(any_series(least=LEAST_PACKETS, most=150), st.integers(-(10**12), 10**12))
@settings(max_examples=25, deadline=None)
def test_the_clocks_zero_changes_nothing(packets: list[Packet], shift_us: int) -> None:
    moved = [(sent + shift_us, None if came is None else came + shift_us) for sent, came in packets]
    assert call_quality(moved) == call_quality(packets)
