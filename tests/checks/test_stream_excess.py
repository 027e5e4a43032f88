"""More loss than neutral hosts have, in the same seconds."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import msgspec
import pytest

from callcheck.api import Claim, Evidence, Numbered, Observation
from callcheck_stream.plan import Endpoint
from tests.checks.stream_made import CONTROLS, DEEP, RELAYS, TELEGRAM, claims, observed
from tests.checks.stream_rules import ROUND_TRIP_S, Packet, Rule, both, clear, in_runs, one_by_one, only, subjects_only


def excess(
    rule: Rule, endpoints: Sequence[Endpoint] = TELEGRAM, *, deep: bool = False, seconds: float = 30.0
) -> Evidence:
    rounds = DEEP[:3] if deep else DEEP[:1]
    return claims(observed(endpoints, rule, rounds=rounds, seconds=seconds))[Claim.stream_loses_more]


@pytest.mark.parametrize("ratio", [0.1, 0.3, 0.6])
def test_random_drop_on_the_service_alone_is_found_in_one_round(ratio: float) -> None:
    found = excess(subjects_only(one_by_one(Random(2), ratio)))
    assert found.facts["loss_ratio"] == pytest.approx(ratio, abs=0.05)
    assert found.facts["more_low_ratio"] <= ratio <= found.facts["more_high_ratio"]
    assert (found.facts["rounds"], found.facts["rounds_held"], found.facts["controls"]) == (1, 1, 4)
    assert found.strength == 2


def test_a_second_round_makes_sure() -> None:
    found = excess(subjects_only(one_by_one(Random(2), 0.3)), deep=True)
    assert (found.facts["rounds"], found.facts["rounds_held"], found.strength) == (3, 3, 3)


def test_a_difference_in_one_round_of_three_stays_a_suspicion() -> None:
    drop = one_by_one(Random(2), 0.3)
    found = excess(lambda packet: drop(packet) if packet.is_subject and packet.round == 1 else ROUND_TRIP_S, deep=True)
    assert (found.facts["rounds_held"], found.strength) == (1, 2)


def test_a_clean_service_is_cleared_and_so_is_one_that_loses_as_everybody_does() -> None:
    assert excess(clear).strength == -2
    assert excess(one_by_one(Random(4), 0.02)).strength == -2


@pytest.mark.parametrize("seed", range(3))
def test_congestion_that_everybody_shares_is_no_excess(seed: int) -> None:
    """15 % while it is on, 4 s in 20 in the mean, each packet by itself."""
    random, switches_s = Random(seed), [0.0]
    while switches_s[-1] < 40:
        switches_s.append(switches_s[-1] + random.expovariate(1 / (4.0 if len(switches_s) % 2 else 16.0)))

    def rule(packet: Packet) -> float | None:
        is_on = sum(at_s <= packet.at_s for at_s in switches_s) % 2
        return None if random.random() < (0.15 if is_on else 0.005) else ROUND_TRIP_S

    assert excess(rule).strength <= 0


@pytest.mark.parametrize("seed", range(3))
def test_bursts_of_four_on_every_line_are_no_excess(seed: int) -> None:
    assert excess(in_runs(Random(seed), 0.1, 4.0)).strength <= 0


def test_an_outage_of_everybody_is_no_excess() -> None:
    assert excess(lambda packet: None if 10 <= packet.at_s < 20 else ROUND_TRIP_S).strength <= 0


def test_a_control_that_is_as_bad_as_the_service_takes_the_claim_away() -> None:
    drop = one_by_one(Random(6), 0.2)
    bad = {*(one.address for one in RELAYS), CONTROLS[2].address}
    assert excess(lambda packet: drop(packet) if packet.arm.target.address in bad else ROUND_TRIP_S).strength <= 0


@pytest.mark.parametrize("controls", [1, 2, 3])
def test_fewer_than_four_controls_never_hold_anything_against_a_service(controls: int) -> None:
    found = excess(subjects_only(one_by_one(Random(2), 0.3)), [*RELAYS, *CONTROLS[:controls]])
    assert (found.facts["controls"], found.strength) == (controls, 0)


def test_without_controls_nothing_is_compared() -> None:
    rule = subjects_only(one_by_one(Random(2), 0.3))
    assert Claim.stream_loses_more not in claims(observed(RELAYS, rule))


def test_a_few_seconds_are_too_few_pairs() -> None:
    assert excess(subjects_only(one_by_one(Random(2), 0.3)), seconds=15.0).strength == 0


def test_a_small_difference_is_neither_held_nor_denied() -> None:
    found = excess(both(subjects_only(one_by_one(Random(8), 0.03)), one_by_one(Random(9), 0.01)))
    assert found.strength == 0


# --- a standstill of our own process

_SECONDS = 60
_HELD_UP_S = range(1, _SECONDS, 3)


def lost_in_bursts() -> Rule:
    """Of some seconds the service loses half of what leaves after the first tenth and before the last."""
    drop = subjects_only(one_by_one(Random(5), 0.5))
    return only(lambda packet: int(packet.at_s) in _HELD_UP_S and 0.1 <= packet.at_s % 1 < 0.9, drop)


def held_up(observations: Sequence[Numbered[Observation]]) -> list[Numbered[Observation]]:
    """The same packets, of which in those seconds all that were due in the first 400 ms left together after them."""

    def late(one: Observation) -> Observation:
        if one.op != "flow.second" or one.data["second"] not in _HELD_UP_S:
            return one
        free_us = one.data["second"] * 1_000_000 + 400_000
        lateness = [max(0, free_us - due_us) for due_us in one.data["scheduled_us"]]
        moved = {
            name: [None if at_us is None else at_us + late_us for at_us, late_us in zip(times, lateness, strict=True)]
            for name in ("sent_us", "received_us")
            for times in (one.data[name],)
        }
        return msgspec.structs.replace(one, data={**one.data, **moved})

    return [Numbered(one.seq, late(one.value)) for one in observations]


def test_loss_of_some_seconds_of_the_service_alone_is_excess() -> None:
    found = claims(observed(TELEGRAM, lost_in_bursts(), seconds=_SECONDS))[Claim.stream_loses_more]
    assert (found.strength, found.facts["rounds_held"]) == (2, 1)


def test_what_is_lost_in_a_burst_after_our_own_process_stood_still_is_no_excess() -> None:
    seconds = observed(TELEGRAM, lost_in_bursts(), seconds=_SECONDS)
    before, found = (claims(some)[Claim.stream_loses_more] for some in (seconds, held_up(seconds)))
    assert (found.strength, found.facts["rounds_held"], found.facts["loss_ratio"]) == (-2, 0, 0.0)
    assert before.facts["loss_ratio"] > 0.1
    assert found.facts["pairs"] == before.facts["pairs"] - len(_HELD_UP_S)
