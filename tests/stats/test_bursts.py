"""RFC 3611's burst and gap metrics."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.stats.bursts import BurstMetrics, burst_metrics


def metrics(text: str) -> BurstMetrics:
    return burst_metrics([mark == "x" for mark in text], packet_interval_ms=20.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", BurstMetrics(0, 0.0, 0.0, 0.0, 0.0)),
        ("." * 50, BurstMetrics(0, 0.0, 0.0, 0.0, 1000.0)),
        ("x" * 50, BurstMetrics(1, 1.0, 0.0, 1000.0, 0.0)),
        ("." * 20 + "x" + "." * 29, BurstMetrics(0, 0.0, 0.02, 0.0, 1000.0)),
        # Sixteen received between two losses part them, fifteen do not.
        ("x" + "." * 16 + "x" + "." * 32, BurstMetrics(0, 0.0, 0.04, 0.0, 1000.0)),
        ("x" + "." * 15 + "x" + "." * 33, BurstMetrics(1, 2 / 17, 0.0, 340.0, 660.0)),
        # Gap, burst of four with two lost, gap with one isolated loss.
        ("." * 16 + "x..x" + "." * 20 + "x" + "." * 9, BurstMetrics(1, 0.5, 1 / 46, 80.0, 460.0)),
    ],
)
def test_bursts_and_gaps_are_those_of_the_rfc(text: str, expected: BurstMetrics) -> None:
    assert metrics(text) == expected


@given(st.lists(st.booleans(), max_size=200), st.integers(1, 20))
@settings(max_examples=30, deadline=None)
def test_bursts_and_gaps_share_out_all_packets_and_losses(lost: list[bool], gmin: int) -> None:
    found = burst_metrics(lost, 20.0, gmin)
    in_bursts = round(found.bursts * found.burst_duration_ms / 20)
    losses = found.burst_density_ratio * in_bursts + found.gap_density_ratio * (len(lost) - in_bursts)
    assert losses == pytest.approx(sum(lost))
    assert 0 <= found.gap_density_ratio <= 1 / gmin or len(lost) < gmin or found.gap_density_ratio <= 2 / gmin
    assert found.burst_density_ratio == 0 or found.burst_density_ratio >= 1 / gmin
