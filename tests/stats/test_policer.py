"""The mark of a token bucket on one flow."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.policer import PolicerSignature, policer_signature
from tests.stats.made import bucket, gilbert, ticks_us

_BYTES = 188


def signature(sent_us: list[int], lost: list[bool]) -> PolicerSignature | None:
    return policer_signature(sent_us, [_BYTES] * len(lost), lost)


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the table in facts/inference.md 3.3."""

    rate_pps: float
    rate_bps: float
    loss_ratio: float
    onset_s: float
    burst_ratio: float
    gap_variation: float


_TABLE = (
    _Row(50, 64_000, 0.148, 5.6, 0.85, 0.07),
    _Row(50, 32_000, 0.575, 1.5, 0.57, 0.25),
    _Row(100, 128_000, 0.149, 2.8, 0.85, 0.07),
)


@pytest.mark.parametrize("row", _TABLE, ids=lambda row: f"{row.rate_bps} bit/s")
def test_policers_have_the_marks_of_the_facts(row: _Row) -> None:
    sent_us = ticks_us(int(30 * row.rate_pps), row.rate_pps)
    mark = signature(sent_us, bucket(sent_us, _BYTES, rate_bps=row.rate_bps, depth_bytes=8000))
    assert mark is not None
    assert mark.is_policed
    assert mark.loss_ratio == pytest.approx(row.loss_ratio, abs=0.005)
    assert mark.onset_s == pytest.approx(row.onset_s, abs=0.25)
    assert mark.burst_ratio == pytest.approx(row.burst_ratio, abs=0.02)
    assert mark.gap_variation == pytest.approx(row.gap_variation, abs=0.02)
    assert mark.rate_bps.low <= row.rate_bps <= mark.rate_bps.high
    assert mark.rate_bps.high - mark.rate_bps.low < 0.02 * row.rate_bps
    assert mark.offered_bps == pytest.approx(row.rate_pps * _BYTES * 8, rel=0.01)


def test_random_loss_has_the_marks_of_the_facts() -> None:
    mark = signature(ticks_us(1500, 50), gilbert(Random(6), 1500, 0.15))
    assert mark is not None
    assert not mark.is_policed
    assert mark.burst_ratio == pytest.approx(1, abs=0.1)
    assert mark.gap_variation == pytest.approx(0.95, abs=0.1)


def test_a_rate_that_is_not_reached_leaves_no_mark() -> None:
    sent_us = ticks_us(1500, 50)
    assert signature(sent_us, bucket(sent_us, _BYTES, rate_bps=128_000, depth_bytes=8000)) is None


@pytest.mark.parametrize("loss_ratio", [0.08, 0.15, 0.3, 0.57, 0.8, 0.9])
@pytest.mark.parametrize(("jitter_ms", "other_loss_ratio"), [(0.0, 0.0), (5.0, 0.005), (20.0, 0.0)])
def test_policers_are_seen_at_any_loss_through_jitter(
    loss_ratio: float, jitter_ms: float, other_loss_ratio: float
) -> None:
    random, seen, held, sent_us = Random(41), 0, 0, ticks_us(750, 25)
    for _ in range(6):
        rate_bps = 25 * _BYTES * 8 * (1 - loss_ratio) * random.uniform(0.98, 1.02)
        lost = bucket(
            sent_us,
            _BYTES,
            rate_bps=rate_bps,
            depth_bytes=3000,
            random=random,
            jitter_ms=jitter_ms,
            other_loss_ratio=other_loss_ratio,
        )
        mark = signature(sent_us, lost)
        assert mark is not None
        seen += mark.is_policed
        held += mark.rate_bps.low <= rate_bps * (1 - other_loss_ratio) <= mark.rate_bps.high
    assert seen >= 5
    assert held >= 5


@pytest.mark.parametrize("packets", [250, 750])
@pytest.mark.parametrize("burst", [None, 2.0, 6.0])
def test_chance_and_bursts_are_rarely_taken_for_a_policer(packets: int, burst: float | None) -> None:
    random, sent_us, seen = Random(43), ticks_us(packets, 25), 0
    for run in range(60):
        loss_ratio = (0.05, 0.1, 0.2, 0.4, 0.57, 0.7, 0.8, 0.9, 0.95, 0.3)[run % 10]
        mean_run = None if burst is None else burst / (1 - loss_ratio)
        mark = signature(sent_us, gilbert(random, packets, loss_ratio, mean_run))
        seen += mark is not None and mark.is_policed
    # With one false alarm in 200, three of sixty would have a chance of 1 in 300.
    assert seen < 3


@pytest.mark.parametrize(("every", "lasting"), [(25, 5), (25, 2), (50, 3), (250, 12)])
def test_stalls_that_come_regularly_are_no_policer(every: int, lasting: int) -> None:
    mark = signature(ticks_us(1500, 25), [index % every < lasting for index in range(1500)])
    assert mark is not None
    assert not mark.is_policed


def test_one_other_loss_before_the_onset_does_not_hide_a_policer() -> None:
    sent_us = ticks_us(1500, 50)
    lost = bucket(sent_us, _BYTES, rate_bps=64_000, depth_bytes=8000)
    lost[20] = True
    mark = signature(sent_us, lost)
    assert mark is not None
    assert mark.is_policed
    assert mark.onset_s == pytest.approx(5.6, abs=0.25)


@pytest.mark.parametrize(
    "lost",
    [[], [True], [False] * 100, [True] * 100, [True, False] * 19, [*[True] * 100, *[False] * 14, True]],
)
def test_too_little_leaves_no_mark(lost: list[bool]) -> None:
    assert signature(ticks_us(len(lost), 25), lost) is None


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 1500), st.booleans()), max_size=120))
@settings(max_examples=30, deadline=None)
def test_any_flow_may_be_asked(packets: list[tuple[int, int, bool]]) -> None:
    packets.sort()
    mark = policer_signature(
        [sent_us for sent_us, _, _ in packets], [size for _, size, _ in packets], [lost for _, _, lost in packets]
    )
    if mark is not None:
        assert 0 <= mark.rate_bps.low <= mark.rate_bps.high
        assert 0 < mark.loss_ratio < 1
        assert 0 <= mark.chance <= 1
        assert mark.onset_s >= 0


def test_a_flow_sent_at_one_instant_has_no_rate() -> None:
    assert signature([5] * 100, [True, False] * 50) is None
