"""The stream check: who takes part, and what is read out of the flows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from callcheck.api import (
    Arm,
    Claim,
    Depth,
    Evidence,
    Failure,
    Knowledge,
    Numbered,
    Observation,
    Target,
)
from callcheck.testing import FakeContext, run_check
from callcheck_stream import CHECK
from tests.codec.test_dtls import HELLO_VERIFY_REQUEST


def reflector_at(last: int) -> Target:
    return Target(
        service="telegram", function="calls", address=f"203.0.113.{last}", port=596, protocol="reflector", network="tg"
    )


def turn_at(last: int) -> Target:
    return Target(
        service="telegram", function="calls", address=f"203.0.113.{last}", port=1400, protocol="turn", network="tg"
    )


def whatsapp_at(last: int) -> Target:
    return Target(
        service="whatsapp",
        function="calls",
        address=f"203.0.113.{last}",
        port=3478,
        protocol="whatsapp_relay",
        network="meta",
    )


def control_at(last: int, network: str = "", *, large: bool = False, port: int = 3478) -> Target:
    return Target(
        role="control",
        address=f"198.51.100.{last}",
        port=port,
        protocol="stun",
        network=network or f"net-{last}",
        large=large,
    )


# --- who takes part


class Listening(FakeContext):
    """A fake context that keeps the arms it is asked to run."""

    arms: Sequence[Arm] = ()

    def flows(self, arms: Sequence[Arm], *, seconds: float) -> Any:
        self.arms = arms
        return super().flows(arms, seconds=seconds)


def measured(answered: Iterable[Target], *, depth: Depth = "quick", speaks_dtls: Iterable[Target] = ()) -> Listening:
    ctx = Listening(answered=list(answered), depth=depth, info=CHECK.info)
    ctx.flow_answers = lambda _arm, _number: 0.04
    for target in speaks_dtls:
        ctx.peer(target.endpoint, lambda _hello: [(0.02, HELLO_VERIFY_REQUEST)])
    run_check(CHECK, ctx)
    assert not ctx.open_sockets
    return ctx


def seconds_of(ctx: FakeContext) -> list[Observation]:
    return [one.value for one in ctx.observations if one.value.op == "flow.second"]


def forms(ctx: FakeContext) -> dict[str, str]:
    return {one.target.endpoint: one.form for one in seconds_of(ctx) if one.target}


def test_without_a_call_endpoint_that_answered_no_packet_is_sent() -> None:
    ctx = measured([control_at(1, large=True), control_at(2, large=True)])
    assert [one.value.op for one in ctx.observations] == ["flow.none"]
    assert ctx.arms == ()
    assert list(CHECK.read(ctx.observations)) == []


def test_two_reflectors_and_four_large_controls_share_rate_size_and_ticks() -> None:
    controls = [control_at(n, large=True) for n in range(5)]
    ctx = measured([*[reflector_at(n) for n in range(4)], turn_at(9), *controls, control_at(9)])
    assert Counter(arm.target.protocol for arm in ctx.arms) == {"reflector": 2, "stun": 4}
    assert {arm.rate_pps for arm in ctx.arms} == {25.0}
    assert len({arm.start_s for arm in ctx.arms}) == 1
    assert {one.data["ip_bytes"] for one in seconds_of(ctx)} == {188}


def test_without_a_reflector_telegram_is_asked_gently_by_stun() -> None:
    ctx = measured([turn_at(1), turn_at(2), control_at(1, large=True), control_at(2, large=True)])
    turn = [arm for arm in ctx.arms if arm.target.protocol == "turn"]
    assert [arm.rate_pps for arm in turn] == [10.0, 10.0]
    assert all(arm.codec.packets_per_port == 10 for arm in turn)


def test_whatsapp_is_asked_in_the_form_that_its_relay_answers() -> None:
    relays = [whatsapp_at(n) for n in range(4)]
    ctx = measured(relays, speaks_dtls=relays[1:])
    assert forms(ctx) == {relays[0].endpoint: "padded", relays[1].endpoint: "dtls", relays[2].endpoint: "dtls"}
    assert [arm.codec.packets_per_port for arm in ctx.arms] == [10, 1, 1]
    assert {arm.rate_pps for arm in ctx.arms} == {10.0}


def test_controls_come_from_different_networks_and_no_address_is_asked_twice() -> None:
    google = [control_at(1, "google", large=True, port=port) for port in (3478, 19302)]
    named = Target(role="control", host="stun.example", port=3478, protocol="stun", network="other", large=True)
    ctx = Listening(answered=[reflector_at(1), *google, control_at(2, "google", large=True), named], info=CHECK.info)
    ctx.names = {"stun.example": ["198.51.100.9"]}
    run_check(CHECK, ctx)
    controls = [arm.target for arm in ctx.arms if arm.target.role == "control"]
    assert sorted(target.address for target in controls) == ["198.51.100.1", "198.51.100.2", "198.51.100.9"]
    assert [target.network for target in controls] == ["google", "other", "google"]
    assert named.endpoint in forms(ctx), "observations name the target as the catalogue does"


def test_few_large_controls_are_joined_by_small_ones_at_a_gentle_rate() -> None:
    ctx = measured([reflector_at(1), control_at(1, large=True), *[control_at(n) for n in range(2, 9)]])
    controls = [arm for arm in ctx.arms if arm.target.role == "control"]
    assert [(arm.rate_pps, arm.codec.packets_per_port) for arm in controls] == [(25.0, 0), *[(10.0, 10)] * 3]


@pytest.mark.parametrize("depth", ["quick", "standard", "deep"])
def test_no_relay_and_no_responder_gets_more_than_politeness_allows(depth: Depth) -> None:
    ctx = measured(
        [
            *[reflector_at(n) for n in range(3)],
            *[whatsapp_at(n) for n in range(10, 14)],
            *[control_at(n, large=n < 4) for n in range(9)],
        ],
        depth=depth,
    )
    for arm in ctx.arms:
        at_relay_bps = arm.rate_pps * 188 * 8 * arm.codec.legs
        assert at_relay_bps <= 80_000
        assert arm.rate_pps <= (25 if arm.target.large or arm.target.protocol == "reflector" else 10)
        assert arm.codec.packets_per_port in ((0,) if arm.rate_pps > 10 else range(1, 11))
    assert len({arm.name for arm in ctx.arms}) == len(ctx.arms)


@pytest.mark.parametrize(("depth", "needed", "strength"), [("quick", 125, 3), ("standard", 500, 3), ("deep", 500, 3)])
def test_one_reflector_is_enough_for_works_at_every_depth(depth: Depth, needed: int, strength: int) -> None:
    ctx = measured([reflector_at(1)], depth=depth)
    (found,) = CHECK.read(ctx.observations)
    assert found.facts["sent"] >= needed
    assert found.strength == strength


def test_a_second_in_which_nothing_came_is_a_failure_with_a_name() -> None:
    ctx = Listening(answered=[reflector_at(1)], info=CHECK.info)
    ctx.flow_answers = lambda _arm, number: 0.04 if number < 50 else None
    run_check(CHECK, ctx)
    assert [one.failure for one in seconds_of(ctx)] == [None, None, *[Failure.timeout] * 4]


# --- what is read out of it


def arm_seconds(
    name: str, target: Target, *, sent: int, received: int, form: str = "padded", rtt_us: int = 40_000
) -> list[Observation]:
    """One observation a 25 packets; the first `received` packets came back."""
    found = []
    for second, first in enumerate(range(0, sent, 25)):
        due = range(first, min(first + 25, sent))
        data = {
            "arm": name,
            "second": second,
            "first_number": first,
            "ip_bytes": 188,
            "scheduled_us": [n * 40_000 for n in due],
            "sent_us": [n * 40_000 for n in due],
            "received_us": [n * 40_000 + rtt_us if n < received else None for n in due],
        }
        found.append(Observation(op="flow.second", target=target, form=form, data=data))
    return found


def evidence(*seconds: Observation, needed: int | None = 125) -> dict[tuple[str, Claim], Evidence]:
    plan = [Observation(op="flow.plan", data={"packets_needed": needed})] if needed else []
    observations = [Numbered(seq, one) for seq, one in enumerate([*plan, *seconds])]
    return {(item.service, item.claim): item for item in CHECK.read(observations)}


TELEGRAM = ("telegram", Claim.stream_carries)
CONTROLS = ("", Claim.controls_carry)


@pytest.mark.parametrize(
    ("received", "strength"), [(200, 3), (194, 3), (193, -1), (180, -1), (179, -2), (140, -2), (139, -3), (1, -3)]
)
def test_loss_classes_of_a_service_and_of_the_controls(received: int, strength: int) -> None:
    found = evidence(
        *arm_seconds("t", reflector_at(1), sent=200, received=received, form="loop"),
        *arm_seconds("a", control_at(1), sent=200, received=received),
        *arm_seconds("b", control_at(2), sent=200, received=received),
    )
    assert found[TELEGRAM].strength == found[CONTROLS].strength == strength
    assert found[TELEGRAM].facts["loss_ratio"] == round(1 - received / 200, 4)
    assert found[TELEGRAM].facts["controls_loss_ratio"] == round(1 - received / 200, 4)


def test_all_endpoints_of_a_service_are_summed() -> None:
    found = evidence(
        *arm_seconds("w1", whatsapp_at(1), sent=70, received=70, form="dtls"),
        *arm_seconds("w2", whatsapp_at(2), sent=60, received=58, form="dtls"),
    )
    claim = found["whatsapp", Claim.stream_carries]
    assert claim.facts == {
        "sent": 130,
        "received": 128,
        "loss_ratio": 0.0154,
        "endpoints": 2,
        "seconds": 3,
        "rtt_ms": 40.0,
    }
    assert claim.strength == 3
    assert claim.seqs == (1, 2, 3, 4, 5, 6)


def test_the_way_through_a_call_relay_is_no_round_trip_of_one_leg() -> None:
    found = evidence(*arm_seconds("t", reflector_at(1), sent=125, received=125, form="loop", rtt_us=91_260))
    assert found[TELEGRAM].facts["loop_ms"] == 91.3
    assert "rtt_ms" not in found[TELEGRAM].facts


@pytest.mark.parametrize(("sent", "needed", "strength"), [(124, 125, 0), (125, 125, 3), (499, None, 0), (500, None, 3)])
def test_too_few_packets_say_nothing(sent: int, needed: int | None, strength: int) -> None:
    found = evidence(*arm_seconds("t", reflector_at(1), sent=sent, received=sent, form="loop"), needed=needed)
    assert found[TELEGRAM].strength == strength


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
        address="203.0.113.1",
        port=596,
        protocol="reflector",
        network="tg",
        answers=answers,
    )
    found = evidence(
        *arm_seconds("t1", silent, sent=150, received=0, form="loop"),
        *arm_seconds("t2", reflector_at(2), sent=150, received=other_received, form="loop"),
    )
    assert found[TELEGRAM].strength == strength


def test_a_control_that_never_answers_the_padded_question_is_not_loss_on_the_line() -> None:
    found = evidence(
        *arm_seconds("a", control_at(1), sent=150, received=150),
        *arm_seconds("b", control_at(2), sent=150, received=150),
        *arm_seconds("c", control_at(3), sent=150, received=0),
    )
    assert found[CONTROLS].facts == {"sent": 300, "received": 300, "loss_ratio": 0.0, "flows": 2}
    assert found[CONTROLS].strength == 3


def test_one_control_flow_does_not_speak_for_the_line() -> None:
    found = evidence(*arm_seconds("a", control_at(1), sent=150, received=150))
    assert found[CONTROLS].strength == 0


def test_one_service_says_nothing_about_another() -> None:
    found = evidence(
        *arm_seconds("t", reflector_at(1), sent=150, received=40, form="loop"),
        *arm_seconds("w", whatsapp_at(1), sent=150, received=150, form="dtls"),
    )
    assert found[TELEGRAM].strength == -3
    assert found["whatsapp", Claim.stream_carries].strength == 3
