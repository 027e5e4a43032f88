"""How losses lie: one by one, or in runs."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from callcheck.api import Claim, Evidence
from callcheck_stream.plan import Round
from callcheck_stream.reading.pattern import loss_independent
from callcheck_stream.reading.shared import CALL_PARTS
from callcheck_stream.series import all_series
from tests.checks.stream_made import DEEP, RELAYS, STANDARD, claims, flow_seconds, numbered, observed, relay
from tests.checks.stream_rules import (
    ROUND_TRIP_S,
    Bucket,
    Packet,
    Rule,
    clear,
    cut_after_packets,
    in_runs,
    one_by_one,
)


def pattern(rule: Rule, rounds: Sequence[Round] = STANDARD) -> Evidence | None:
    streams = all_series(observed(RELAYS, rule, rounds=rounds))
    return loss_independent("telegram", [stream for stream in streams if stream.part in CALL_PARTS])


@pytest.mark.parametrize("ratio", [0.1, 0.3, 0.6])
@pytest.mark.parametrize(("rounds", "strength"), [(STANDARD, 2), (DEEP[:2], 3)], ids=["one round", "with twins"])
def test_random_drop_is_independent_and_twins_make_sure_of_it(
    ratio: float, rounds: Sequence[Round], strength: int
) -> None:
    found = pattern(one_by_one(Random(9), ratio), rounds)
    assert found is not None
    assert found.facts["loss_ratio"] == pytest.approx(ratio, abs=0.04)
    assert found.facts["burst_ratio"] == pytest.approx(1, abs=0.15)
    assert found.strength == strength


@pytest.mark.parametrize("ratio", [0.05, 0.2, 0.4])
def test_bursts_of_four_are_runs(ratio: float) -> None:
    found = pattern(in_runs(Random(3), ratio, 4.0))
    assert found is not None
    assert found.facts["mean_run"] == pytest.approx(4, rel=0.5)
    assert found.strength == -2


def test_twins_that_fall_together_were_in_one_queue() -> None:
    """Pairs are lost one by one, but both of a pair."""
    lost_pairs: dict[object, bool] = {}
    random = Random(1)

    def rule(packet: Packet) -> float | None:
        pair = packet.five_tuple, packet.number // 2 if packet.arm.twins_apart_s else packet.number
        return None if lost_pairs.setdefault(pair, random.random() < 0.15) else ROUND_TRIP_S

    found = pattern(rule, DEEP[:2])
    assert found is not None
    assert found.facts["twins_correlation"] > 0.9
    assert found.strength == -2


def test_a_policer_is_no_random_drop() -> None:
    found = pattern(Bucket(lambda packet: packet.five_tuple, 16_000))
    assert found is not None
    assert found.facts["burst_ratio"] < 0.8
    assert found.strength == 0


def test_too_few_losses_have_no_pattern() -> None:
    assert pattern(clear) is None
    assert pattern(lambda packet: None if packet.number % 90 == 5 else ROUND_TRIP_S) is None


def test_flows_that_died_and_flows_that_never_lived_have_no_pattern() -> None:
    assert pattern(cut_after_packets(12)) is None
    drops = [number % 7 == 3 for number in range(700)]
    alone = flow_seconds("a", relay(1).target, drops, form="loop")
    silent = flow_seconds("b", relay(2).target, [True] * 700, form="loop")
    with_silent, without = (claims(numbered(*alone, *more))[Claim.loss_independent] for more in (silent, []))
    assert with_silent.facts == without.facts
