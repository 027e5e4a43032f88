"""Does the stream come through: loss classes, delays, directions, and what may not be counted."""

from __future__ import annotations

from random import Random

import pytest

from callcheck.api import Claim, Evidence, Knowledge, Observation, Target
from callcheck_stream import CHECK
from tests.checks.stream_made import flow_seconds, neutral, numbered, relay, whatsapp
from tests.stats.made import gilbert

TELEGRAM = ("telegram", Claim.stream_carries)
CONTROLS = ("", Claim.controls_carry)


def reflector(last: int) -> Target:
    return relay(last).target


def control(last: int) -> Target:
    return neutral(last).target


def evidence(*seconds: Observation, needed: int | None = 125) -> dict[tuple[str, Claim], Evidence]:
    return {(one.service, one.claim): one for one in CHECK.read(numbered(*seconds, packets_needed=needed))}


def first_lost(sent: int, received: int) -> list[bool]:
    """The losses come first, so that no flow dies."""
    return [number < sent - received for number in range(sent)]


def direct(sent: int = 150, received: int = 150, **changes: object) -> list[Observation]:
    return flow_seconds("t", reflector(1), first_lost(sent, received), form="loop", changes=changes)


@pytest.mark.parametrize(
    ("received", "strength"), [(200, 3), (194, 3), (193, -1), (180, -1), (179, -2), (140, -2), (139, -3), (1, -3)]
)
def test_loss_classes_of_a_service_and_of_the_controls(received: int, strength: int) -> None:
    lost = first_lost(200, received)
    found = evidence(
        *flow_seconds("t", reflector(1), lost, form="loop"),
        *flow_seconds("a", control(1), lost),
        *flow_seconds("b", control(2), lost),
    )
    assert found[TELEGRAM].strength == found[CONTROLS].strength == strength
    for claim in (TELEGRAM, CONTROLS):
        facts = found[claim].facts
        assert facts["loss_ratio"] == round(1 - received / 200, 4)
        assert facts["loss_low_ratio"] <= facts["loss_ratio"] <= facts["loss_high_ratio"]
    assert found[TELEGRAM].facts["controls_loss_ratio"] == round(1 - received / 200, 4)


def test_losses_in_runs_make_the_interval_wide() -> None:
    def width(mean_run: float | None) -> float:
        lost = gilbert(Random(2), 600, 0.1, mean_run)
        facts = evidence(*flow_seconds("t", reflector(1), lost, form="loop"))[TELEGRAM].facts
        return float(facts["loss_high_ratio"]) - float(facts["loss_low_ratio"])

    assert width(8.0) > 2 * width(None)


def test_all_endpoints_of_a_service_are_summed() -> None:
    found = evidence(
        *flow_seconds("w1", whatsapp(1).target, [False] * 70, form="dtls"),
        *flow_seconds("w2", whatsapp(2).target, first_lost(60, 58), form="dtls"),
    )
    claim = found["whatsapp", Claim.stream_carries]
    assert claim.facts.items() >= {"sent": 130, "received": 128, "endpoints": 2, "seconds": 3, "rtt_ms": 40.0}.items()
    assert claim.strength == 3
    assert claim.seqs == (1, 2, 3, 4, 5, 6)


def test_the_way_through_a_call_relay_is_no_round_trip_of_one_leg() -> None:
    lost = [False] * 125
    found = evidence(*flow_seconds("t", reflector(1), lost, form="loop", rtt_us=91_260))
    assert found[TELEGRAM].facts["loop_ms"] == 91.3
    assert "rtt_ms" not in found[TELEGRAM].facts


@pytest.mark.parametrize(("sent", "needed", "strength"), [(124, 125, 0), (125, 125, 3), (499, None, 0), (500, None, 3)])
def test_too_few_packets_say_nothing(sent: int, needed: int | None, strength: int) -> None:
    assert evidence(*direct(sent, sent), needed=needed)[TELEGRAM].strength == strength


@pytest.mark.parametrize(
    ("answers", "other_received", "strength"),
    [({}, 0, 0), ({}, 5, -3), ({"loop": "confirmed"}, 0, -3), ({"loop": "inferred"}, 0, 0)],
)
def test_total_silence_counts_only_where_the_form_is_known_to_be_answered(
    answers: dict[str, Knowledge], other_received: int, strength: int
) -> None:
    silent = Target(
        service="telegram",
        function="calls",
        address="203.0.113.9",
        port=596,
        protocol="reflector",
        network="telegram",
        answers=answers,
    )
    found = evidence(
        *flow_seconds("t1", silent, [True] * 150, form="loop"),
        *flow_seconds("t2", reflector(2), first_lost(150, other_received), form="loop"),
    )
    assert found[TELEGRAM].strength == strength


def test_a_control_that_never_answers_the_padded_question_is_not_loss_on_the_line() -> None:
    found = evidence(
        *flow_seconds("a", control(1), [False] * 150),
        *flow_seconds("b", control(2), [False] * 150),
        *flow_seconds("c", control(3), [True] * 150),
    )
    assert found[CONTROLS].facts.items() >= {"sent": 300, "received": 300, "loss_ratio": 0.0, "flows": 2}.items()
    assert found[CONTROLS].strength == 3


def test_one_control_flow_does_not_speak_for_the_line() -> None:
    assert evidence(*flow_seconds("a", control(1), [False] * 150))[CONTROLS].strength == 0


def test_one_service_says_nothing_about_another() -> None:
    found = evidence(*direct(150, 40), *flow_seconds("w", whatsapp(1).target, [False] * 150, form="dtls"))
    assert found[TELEGRAM].strength == -3
    assert found["whatsapp", Claim.stream_carries].strength == 3


def test_packets_that_our_own_system_kept_are_no_loss() -> None:
    lost = [number in (3, 4) for number in range(150)]
    seconds = flow_seconds("t", reflector(1), lost, form="loop")
    seconds[0] = Observation(
        op="flow.second", target=seconds[0].target, form="loop", data={**seconds[0].data, "unsent": [3, 4]}
    )
    facts = evidence(*seconds)[TELEGRAM].facts
    assert (facts["sent"], facts["received"], facts["unsent"]) == (148, 148, 2)


def test_what_came_late_twice_or_out_of_order_is_carried_along() -> None:
    facts = evidence(*direct(late=1, duplicates=2, reordered=3, icmp_errors=4))[TELEGRAM].facts
    assert {name: facts[name] for name in ("late", "duplicates", "reordered", "icmp_errors")} == {
        "late": 6,
        "duplicates": 12,
        "reordered": 18,
        "icmp_errors": 24,
    }
    assert not {"late", "duplicates", "reordered", "unsent", "icmp_errors"} & set(evidence(*direct())[TELEGRAM].facts)


def test_a_clock_that_was_set_takes_the_delays_and_nothing_else() -> None:
    facts = evidence(*direct(events=["clock_set"]))[TELEGRAM].facts
    assert not {"loop_ms", "queue_ms", "jitter_ms"} & set(facts)
    assert facts["received"] == 150


def test_the_queue_is_each_flow_s_own_and_no_other_host_s_distance() -> None:
    far = flow_seconds("t2", reflector(2), [False] * 150, form="loop", rtt_us=200_000)
    facts = evidence(*direct(), *far)[TELEGRAM].facts
    assert facts["queue_ms"] == 0.0
    assert facts["loop_ms"] == 120.0


@pytest.mark.parametrize(
    ("far_received", "expected"),
    [
        (None, {"direction": "unknown"}),
        (100, {"direction": "up", "lost_up": 50, "lost_down": 0}),
        (150, {"direction": "down", "lost_up": 0, "lost_down": 50}),
        (125, {"direction": "unknown"}),
        (400, {"direction": "down", "lost_up": 0, "lost_down": 50}),
    ],
)
def test_a_direction_is_told_only_by_a_far_end_that_counts(
    far_received: int | None, expected: dict[str, object]
) -> None:
    facts = evidence(*direct(150, 100, far_received=far_received))[TELEGRAM].facts
    assert {name: facts[name] for name in ("direction", "lost_up", "lost_down") if name in facts} == expected


def test_what_left_behind_the_last_answer_has_no_direction() -> None:
    """The way back died: the far end's last count cannot know what it got after that."""
    lost = [number >= 50 for number in range(150)]
    facts = evidence(*flow_seconds("t", reflector(1), lost, form="loop", changes={"far_received": 50}))[TELEGRAM].facts
    assert facts["direction"] == "unknown"


def test_a_packet_or_two_make_no_direction() -> None:
    assert evidence(*direct(150, 147, far_received=147))[TELEGRAM].facts["direction"] == "unknown"
