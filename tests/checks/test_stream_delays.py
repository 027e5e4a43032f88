"""Packets that are held up longer than those to neutral hosts, in the same seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import msgspec
import pytest

from callcheck.api import Claim, Evidence, Numbered, Observation
from callcheck.redaction import allowlist
from callcheck_stream.plan import Endpoint
from tests.checks.stream_made import CONTROLS, DEEP, RELAYS, TELEGRAM, claims, neutral, observed, relay, whatsapp
from tests.checks.stream_rules import ROUND_TRIP_S, Packet, Queue, Rule, both, clear, one_by_one, subjects_only

GENTLE = [*RELAYS, whatsapp(1), whatsapp(2), *CONTROLS, neutral(9, large=False)]


def held_up(random: Random, most_s: float, *, from_s: float = 0.0) -> Rule:
    """Each packet by itself, for any time up to `most_s`, which leaves the shortest round trips where they were."""
    return lambda packet: ROUND_TRIP_S + (random.uniform(0, most_s) if packet.at_s >= from_s else 0.0)


def found_in(observations: Sequence[Numbered[Observation]], service: str = "telegram") -> Evidence:
    return claims(observations, service)[Claim.stream_delayed]


def delay(
    rule: Rule, endpoints: Sequence[Endpoint] = TELEGRAM, *, deep: bool = False, seconds: float = 30.0
) -> Evidence:
    return found_in(observed(endpoints, rule, rounds=DEEP[:3] if deep else DEEP[:1], seconds=seconds))


def changed(
    run: Sequence[Numbered[Observation]], change: Callable[[Observation], dict[str, object]]
) -> list[Numbered[Observation]]:
    return [
        Numbered(one.seq, msgspec.structs.replace(one.value, data={**one.value.data, **change(one.value)}))
        if one.value.op == "flow.second"
        else one
        for one in run
    ]


def test_packets_that_are_held_up_for_one_service_alone_are_found_in_one_round() -> None:
    found = delay(subjects_only(held_up(Random(2), 0.3)))
    # The median of what lies evenly between 0 and 300 ms.
    assert found.facts["shift_ms"] == pytest.approx(150, abs=20)
    assert 30 <= found.facts["shift_low_ms"] <= 150 <= found.facts["shift_high_ms"]
    assert found.facts["p_value"] < 0.001
    assert (found.facts["rounds"], found.facts["rounds_held"], found.facts["controls"]) == (1, 1, 4)
    assert 28 <= found.facts["pairs"] <= 30
    assert (found.strength, found.group, found.function) == (2, "delay:telegram", "calls")


def test_a_second_round_makes_sure_and_one_of_three_does_not() -> None:
    hold = held_up(Random(2), 0.3)
    found = delay(subjects_only(hold), deep=True)
    assert (found.facts["rounds"], found.facts["rounds_held"], found.strength) == (3, 3, 3)
    once = delay(lambda packet: hold(packet) if packet.is_subject and packet.round == 1 else ROUND_TRIP_S, deep=True)
    assert (once.facts["rounds_held"], once.strength) == (1, 2)


def test_holding_back_after_the_first_second_is_found() -> None:
    def rule(packet: Packet) -> float | None:
        return ROUND_TRIP_S + (0.2 if packet.is_subject and packet.sent_before >= 10 else 0.0)

    found = delay(rule)
    assert found.facts["shift_ms"] == pytest.approx(200, abs=1)
    assert found.strength == 2


def test_a_long_way_is_no_delay_and_what_holds_all_packets_back_alike_looks_like_one() -> None:
    found = delay(lambda packet: 0.6 if packet.is_subject else ROUND_TRIP_S)
    assert (found.facts["shift_ms"], found.strength) == (0, -2)


def test_a_clean_service_is_cleared_and_so_is_one_that_waits_as_everybody_does() -> None:
    assert delay(clear).strength == -2
    assert delay(held_up(Random(3), 0.06)).strength == -2
    assert delay(clear, deep=True).strength == -2


def test_a_queue_that_all_share_is_no_delay_of_one() -> None:
    # Five arms of 22 packets/s fill a line of 160 kbit/s.
    found = delay(Queue(rate_bps=160_000, depth_packets=60))
    assert found.strength <= 0
    assert found.facts["shift_low_ms"] < 30


def test_a_small_shift_is_neither_held_nor_denied() -> None:
    found = delay(subjects_only(held_up(Random(4), 0.06)))
    assert 20 < found.facts["shift_ms"] < 40
    assert found.strength == 0


def test_a_shift_that_controls_come_near_by_themselves_does_not_hold() -> None:
    random = Random(5)
    found = delay(lambda packet: ROUND_TRIP_S + random.uniform(0, 0.4 if packet.is_subject else 0.2))
    assert found.facts["shift_low_ms"] > 30
    assert found.strength == 0


def test_a_control_that_is_as_bad_as_the_service_takes_the_claim_away() -> None:
    hold = held_up(Random(6), 0.3)
    bad = {*(one.address for one in RELAYS), CONTROLS[2].address}
    assert delay(lambda packet: hold(packet) if packet.arm.target.address in bad else ROUND_TRIP_S).strength == 0


@pytest.mark.parametrize("controls", [1, 2, 3])
def test_fewer_than_four_controls_never_hold_anything_against_a_service(controls: int) -> None:
    found = delay(subjects_only(held_up(Random(2), 0.3)), [*RELAYS, *CONTROLS[:controls]])
    assert (found.facts["controls"], found.strength) == (controls, 0)


def test_a_lone_control_clears_nobody() -> None:
    assert delay(clear, [*RELAYS, CONTROLS[0]]).strength == 0
    assert delay(clear, [*RELAYS, *CONTROLS[:2]]).strength == -2


def test_where_too_little_can_be_compared_nothing_is_claimed() -> None:
    hold = subjects_only(held_up(Random(2), 0.3))
    for endpoints, seconds in ((RELAYS, 30.0), (TELEGRAM, 15.0)):
        assert Claim.stream_delayed not in claims(observed(endpoints, hold, seconds=seconds))
    assert Claim.stream_delayed not in claims(observed(TELEGRAM, subjects_only(lambda _: None)))


def test_losses_are_no_delay() -> None:
    assert delay(subjects_only(one_by_one(Random(7), 0.4))).strength == -2
    assert delay(both(subjects_only(held_up(Random(2), 0.3)), one_by_one(Random(7), 0.2))).strength == 2


def test_a_control_that_is_dead_does_not_count() -> None:
    silent = CONTROLS[3].address
    hold = subjects_only(held_up(Random(2), 0.3))
    found = delay(lambda packet: None if packet.arm.target.address == silent else hold(packet))
    assert (found.facts["controls"], found.strength) == (3, 0)


def test_services_of_a_gentle_pace_are_compared_as_well() -> None:
    hold = held_up(Random(8), 0.3)
    run = observed(GENTLE, lambda one: hold(one) if one.arm.target.service == "whatsapp" else ROUND_TRIP_S)
    assert [found_in(run, service).strength for service in ("whatsapp", "telegram")] == [2, -2]


def test_seconds_in_which_this_process_stood_still_are_left_out() -> None:
    def late(one: Observation) -> dict[str, object]:
        """From the 6th to the 16th second every packet but the first leaves 30 ms after it should."""
        if not 5 <= one.data["second"] < 15:
            return {}
        return {"scheduled_us": [one.data["sent_us"][0], *(at_us - 30_000 for at_us in one.data["sent_us"][1:])]}

    run = observed(TELEGRAM, subjects_only(held_up(Random(2), 0.3)), seconds=35.0)
    whole, part = found_in(run), found_in(changed(run, late))
    assert part.facts["pairs"] <= whole.facts["pairs"] - 10
    assert part.strength == 2


def test_flows_whose_clock_was_set_are_left_out() -> None:
    set_back = changed(
        observed(TELEGRAM, clear),
        lambda one: (
            {
                "events": ["clock_set"],
                "received_us": [None if at_us is None else at_us + 200_000 for at_us in one.data["received_us"]],
            }
            if one.target is not None and one.target.role == "subject" and one.data["second"] > 1
            else {}
        ),
    )
    assert Claim.stream_delayed not in claims(set_back)


@pytest.mark.parametrize("seed", range(2))
def test_stalls_that_everybody_shares_are_no_delay_of_one(seed: int) -> None:
    """As a radio that is away for half a second now and then: what is sent meanwhile comes with its end."""
    random = Random(seed)
    stalls_s = [random.uniform(0, 40) for _ in range(20)]

    def rule(packet: Packet) -> float | None:
        ends_s = [from_s + 0.5 for from_s in stalls_s if from_s <= packet.at_s < from_s + 0.5]
        return ROUND_TRIP_S + max((end_s - packet.at_s for end_s in ends_s), default=0.0)

    assert delay(rule).strength <= 0


def test_one_delayed_relay_of_two_does_not_speak_for_the_service() -> None:
    """Half of the packets wait, which moves the common median little: no claim is better than a wrong one."""
    hold = held_up(Random(9), 0.3)
    slow = relay(1).address
    found = delay(lambda packet: hold(packet) if packet.arm.target.address == slow else ROUND_TRIP_S)
    assert found.strength <= 0


def test_every_fact_may_stay_in_a_redacted_report() -> None:
    facts = delay(subjects_only(held_up(Random(2), 0.3))).facts
    assert allowlist.facts(facts).keys() == facts.keys()
