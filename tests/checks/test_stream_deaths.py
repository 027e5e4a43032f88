"""Cut-offs: found with their number and unit, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest

from callcheck.api import Arm, Claim, Depth, Evidence
from callcheck.testing import FakeContext, run_check
from callcheck_stream import CHECK
from callcheck_stream.plan import Endpoint, Round
from callcheck_stream.reading.deaths import stream_cut_off
from callcheck_stream.reading.shared import controls_of, subjects_of
from callcheck_stream.series import all_series
from tests.checks.stream_made import (
    CONTROLS,
    DEEP,
    RELAYS,
    STANDARD,
    MadeContext,
    claims,
    neutral,
    observed,
)
from tests.checks.stream_rules import (
    ROUND_TRIP_S,
    Packet,
    Rule,
    both,
    clear,
    cut_after_packets,
    cut_after_seconds,
    in_runs,
    one_by_one,
    only,
    subjects_only,
)

FEW = (*RELAYS, *CONTROLS[:2])


def cut_off(rule: Rule, endpoints: Sequence[Endpoint] = FEW, *, seconds: float = 30.0, seed: int = 0) -> Evidence:
    """The one claim, of a whole round."""
    streams = all_series(observed(endpoints, rule, seconds=seconds, seed=seed))
    found = stream_cut_off("telegram", subjects_of(streams, "telegram"), controls_of(streams))
    assert found is not None
    return found


def checked(rule: Rule, depth: Depth = "standard", endpoints: Sequence[Endpoint] = FEW) -> Evidence:
    """From the check's own run to its evidence."""
    ctx = MadeContext(endpoints, rule, depth=depth)
    run_check(CHECK, ctx)
    return claims(ctx.observations)[Claim.stream_cut_off]


def number_of(found: Evidence) -> tuple[float, float]:
    return found.facts[f"{found.facts['unit']}_low"], found.facts[f"{found.facts['unit']}_high"]


# --- what is there


@pytest.mark.parametrize("other_loss", [0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("limit", [12, 25, 100])
def test_flows_that_die_after_so_many_packets_are_found_to_the_packet(limit: int, other_loss: float) -> None:
    random = Random(limit)
    found = checked(subjects_only(both(one_by_one(random, other_loss), cut_after_packets(limit))))
    assert found.facts["unit"] == "packets"
    low, high = number_of(found)
    assert limit - 1 <= low <= limit <= high <= limit + (2 if other_loss < 0.3 else 3)
    assert found.facts["endpoints"] == found.facts["renewed"] == 2
    # 100 packets are more than the slow flows send, so that only two flows can die of them in one round.
    assert found.strength == (2 if limit == 100 else 3)


@pytest.mark.parametrize("other_loss", [0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("limit_s", [5, 20])
def test_flows_that_die_after_so_many_seconds_are_found_to_three_tenths(limit_s: int, other_loss: float) -> None:
    random = Random(limit_s)
    found = checked(subjects_only(both(one_by_one(random, other_loss), cut_after_seconds(limit_s))))
    assert found.facts["unit"] == "seconds"
    low, high = number_of(found)
    assert limit_s - 0.3 <= low <= high <= limit_s + 0.3
    assert low <= limit_s <= high
    assert found.strength == 3


def test_two_rounds_make_sure_of_a_cut_off_that_only_the_fast_flows_reach() -> None:
    found = checked(subjects_only(cut_after_packets(100)), "deep")
    assert (found.facts["unit"], found.facts["died"], found.strength) == ("packets", 4, 3)
    assert number_of(found) == (100, 101)


def test_the_number_holds_the_true_one_over_many_runs_with_other_loss() -> None:
    """One hello was answered on the way, which a rule may count or not: that is the one packet of doubt."""
    missed = 0
    for seed in range(8):
        limit = 12 + 5 * seed
        rule = subjects_only(both(one_by_one(Random(seed), 0.1), cut_after_packets(limit)))
        found = cut_off(rule, seed=seed)
        assert found.facts["unit"] == "packets"
        low, high = number_of(found)
        assert high - low <= 2
        missed += not low <= limit <= high
    assert missed <= 1


@pytest.mark.parametrize(
    ("is_dead", "unit"),
    [
        (lambda arm, number: number >= 25, "packets"),
        (lambda arm, number: number / arm.rate_pps > 5, "seconds"),
    ],
)
def test_the_fake_flows_of_a_plugin_s_tests_show_a_cut_off_too(is_dead: Callable[[Arm, int], bool], unit: str) -> None:
    ctx = FakeContext(answered=[one.target for one in FEW], depth="standard", info=CHECK.info)
    ctx.flow_answers = lambda arm, number: None if arm.target.role == "subject" and is_dead(arm, number) else 0.04
    run_check(CHECK, ctx)
    found = claims(ctx.observations)[Claim.stream_cut_off]
    assert (found.facts["unit"], found.strength) == (unit, 3)


# --- what is not: none of these may be firm


def relay_dies(random: Random) -> Rule:
    when_s = random.uniform(2, 26)
    return only(lambda packet: packet.arm.target.address == RELAYS[0].address and packet.at_s > when_s, none)


def relay_forgets(random: Random) -> Rule:
    """At one moment a relay loses its calls, and is away for a while; new ones get through."""
    when_s, away_s, is_both = random.uniform(2, 26), random.uniform(0, 5), random.random() < 0.5

    def is_hit(packet: Packet) -> bool:
        theirs = packet.is_subject and (is_both or packet.arm.target.address == RELAYS[0].address)
        began_s = packet.at_s - packet.age_s
        return theirs and packet.at_s > when_s and (began_s < when_s or packet.at_s < when_s + away_s)

    return only(is_hit, none)


def far_leg_forgotten(random: Random) -> Rule:
    """A NAT whose entries only outgoing packets renew: the side of a loop that hears sends hellos alone, one before the
    first packet and one in 250, which is seldom in a slow flow."""
    kept_s = random.uniform(7, 28)

    def is_hit(packet: Packet) -> bool:
        since_s = packet.age_s if packet.number < 250 else packet.number % 250 / packet.arm.rate_pps
        return packet.is_subject and since_s > kept_s

    return only(is_hit, none)


def none(_packet: Packet) -> float | None:
    return None


def between(begin_s: float, end_s: float) -> Callable[[Packet], bool]:
    return lambda packet: begin_s <= packet.at_s < end_s


HARD_NEGATIVES: dict[str, Callable[[Random], Rule]] = {
    "nothing comes after the 15th second, from anybody": lambda _: only(between(15, 99), none),
    "one relay dies and does not come back": relay_dies,
    "a relay forgets its calls at a moment": relay_forgets,
    "a NAT forgets the side that only listens": far_leg_forgotten,
    "a NAT forgets every flow after a while": lambda random: cut_after_seconds(random.uniform(3, 20)),
    "every flow of everybody ends after so many packets": lambda random: cut_after_packets(random.randint(5, 40)),
    "a stall of 3 s that recovers": lambda random: subjects_only(only(between(9, 9 + random.uniform(1, 3)), none)),
    "silence in the last second only": lambda _: subjects_only(only(between(29, 30), none)),
    "60 % are lost by chance": lambda random: subjects_only(one_by_one(random, 0.6)),
    "90 % are lost by chance": lambda random: subjects_only(one_by_one(random, 0.9)),
    "60 % are lost by chance, everywhere": lambda random: one_by_one(random, 0.6),
    "losses in long runs": lambda random: subjects_only(in_runs(random, 0.3, 20)),
}


@pytest.mark.parametrize("name", HARD_NEGATIVES)
def test_what_is_no_cut_off_is_never_firmly_called_one(name: str) -> None:
    for seed in range(2):
        found = cut_off(HARD_NEGATIVES[name](Random(seed)), seconds=(30.0, 42.0)[seed % 2], seed=seed)
        assert found.strength < 2, found.facts


def test_controls_that_died_take_all_weight_from_the_service_s_deaths() -> None:
    found = cut_off(cut_after_packets(25))
    assert found.facts["controls_died"] >= 6
    assert found.strength == 0


def test_controls_that_change_their_ports_cannot_die_and_say_nothing() -> None:
    """A hotspot that ends every UDP flow after 25 packets, where no large control answered."""
    gentle = [neutral(last, large=False) for last in range(1, 5)]
    found = cut_off(cut_after_packets(25), [*RELAYS, *gentle])
    assert found.facts["unit"] == "packets"
    assert (found.facts["controls"], found.facts["controls_outlived"]) == (0, 0)
    assert found.strength == 1


@pytest.mark.parametrize(("controls", "strength"), [(0, 1), (1, 1), (2, 3), (4, 3)])
def test_two_controls_that_went_on_beyond_are_asked_for(controls: int, strength: int) -> None:
    found = cut_off(subjects_only(cut_after_packets(12)), [*RELAYS, *CONTROLS[:controls]])
    assert (found.facts["controls_outlived"], found.strength) == (controls, strength)


def test_one_relay_alone_is_not_sure() -> None:
    assert cut_off(subjects_only(cut_after_packets(12)), [RELAYS[0], *CONTROLS]).strength == 2


def test_deaths_that_no_new_port_ends_are_not_firm() -> None:
    def rule(packet: Packet) -> float | None:
        is_new = "revival" in packet.arm.name
        return None if packet.is_subject and (is_new or packet.sent_before >= 12) else ROUND_TRIP_S

    found = cut_off(rule)
    assert (found.facts["renewed"], found.facts["unit"], found.strength) == (0, "packets", 1)


def test_one_flow_that_goes_on_beyond_takes_the_number_away() -> None:
    def rule(packet: Packet) -> float | None:
        is_spared = packet.arm.name == "telegram-2-stream-1"
        return None if packet.is_subject and not is_spared and packet.sent_before >= 12 else ROUND_TRIP_S

    found = cut_off(rule)
    assert (found.facts["unit"], found.strength) == ("unknown", 1)
    assert found.facts["earliest_packets"] == 12


def test_a_flow_whose_last_packets_were_lost_by_chance_is_no_news() -> None:
    def rule(packet: Packet) -> float | None:
        return None if packet.arm.name == "telegram-1-stream-2" and packet.at_s > 25 else ROUND_TRIP_S

    found = cut_off(rule)
    assert (found.facts["died"], found.facts["unit"], found.strength) == (1, "unknown", 1)


@pytest.mark.parametrize(("rounds", "whole"), [(STANDARD, 6), (DEEP, 12)])
def test_flows_that_all_go_on_speak_against_a_cut_off(rounds: Sequence[Round], whole: int) -> None:
    found = claims(observed(FEW, clear, rounds=rounds))[Claim.stream_cut_off]
    assert (found.facts["flows"], found.facts["died"], found.strength) == (whole, 0, -2)


def test_flows_that_were_heard_for_a_few_seconds_only_do_not_speak_against_a_cut_off() -> None:
    sparse = subjects_only(lambda packet: ROUND_TRIP_S if packet.at_s < 9 and packet.number % 7 == 0 else None)
    assert cut_off(sparse, seconds=11.0).strength >= 0
    assert cut_off(clear, seconds=9.0).strength == 0


def test_without_flows_that_keep_their_port_nothing_is_said() -> None:
    gentle = [neutral(last, large=False) for last in range(1, 5)]
    assert Claim.stream_cut_off not in claims(observed([*gentle], clear))
    assert Claim.stream_cut_off not in claims(observed(FEW, subjects_only(none)))
