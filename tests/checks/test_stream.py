"""The stream check: who takes part, and how its rounds go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import msgspec
import pytest

from callcheck.api import Arm, Depth, Failure, Observation, Target
from callcheck.testing import FakeContext, run_check
from callcheck_stream import CHECK, Params
from callcheck_stream.plan import Endpoint
from tests.checks.stream_made import TELEGRAM, MadeContext, relay, whatsapp
from tests.checks.stream_rules import (
    ROUND_TRIP_S,
    Rule,
    clear,
    cut_after_packets,
    cut_after_seconds,
    in_runs,
    one_by_one,
    subjects_only,
)
from tests.codec.test_dtls import HELLO_VERIFY_REQUEST


def turn_at(last: int) -> Target:
    return Target(
        service="telegram", function="calls", address=f"203.0.113.{last}", port=1400, protocol="turn", network="tg"
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


def other_control(protocol: str) -> Target:
    return Target(role="control", address="192.0.2.7", port=7000, protocol=protocol, network="other")


def large_controls(count: int) -> list[Target]:
    return [control_at(last, large=True) for last in range(count)]


REFLECTORS = [relay(last).target for last in range(1, 5)]
RELAYS = [whatsapp(last).target for last in range(1, 5)]


# --- who takes part


class Listening(FakeContext):
    """A fake context that keeps the arms it is asked to run."""

    arms: Sequence[Arm] = ()

    def flows(self, arms: Sequence[Arm], *, seconds: float) -> Any:
        self.arms = arms
        return super().flows(arms, seconds=seconds)


def measured(
    answered: Iterable[Target],
    *,
    depth: Depth = "quick",
    speaks_dtls: Iterable[Target] = (),
    listed: Sequence[Target] = (),
    params: Params | None = None,
) -> Listening:
    ctx = Listening(listed, answered=list(answered), depth=depth, info=CHECK.info)
    ctx.flow_answers = lambda _arm, _number: ROUND_TRIP_S
    for target in speaks_dtls:
        ctx.peer(target.endpoint, lambda _hello: [(0.02, HELLO_VERIFY_REQUEST)])
    for target in listed:
        if target.protocol == "echo":
            ctx.peer(target.endpoint, lambda question: [(0.02, question)])
    run_check(CHECK, ctx, params)
    assert not ctx.open_sockets
    return ctx


def seconds_of(ctx: FakeContext) -> list[Observation]:
    return [one.value for one in ctx.observations if one.value.op == "flow.second"]


def forms(ctx: FakeContext) -> dict[str, str]:
    return {one.target.endpoint: one.form for one in seconds_of(ctx) if one.target}


def test_without_a_call_endpoint_that_answered_no_packet_is_sent() -> None:
    ctx = measured(large_controls(2))
    assert [one.value.op for one in ctx.observations] == ["flow.none"]
    assert ctx.arms == ()
    assert list(CHECK.read(ctx.observations)) == []


def test_two_reflectors_and_four_large_controls_share_rate_size_and_ticks() -> None:
    ctx = measured([*REFLECTORS, turn_at(9), *large_controls(5), control_at(9)])
    assert Counter(arm.target.protocol for arm in ctx.arms) == {"reflector": 2, "stun": 4}
    assert {arm.rate_pps for arm in ctx.arms} == {25.0}
    assert len({arm.start_s for arm in ctx.arms}) == 1
    assert {one.data["ip_bytes"] for one in seconds_of(ctx)} == {188}


def test_without_a_reflector_telegram_is_asked_gently_in_two_payloads() -> None:
    ctx = measured([turn_at(last) for last in range(4)] + large_controls(2))
    turn = [arm for arm in ctx.arms if arm.target.protocol == "turn"]
    assert [arm.rate_pps for arm in turn] == [10.0] * 3
    assert all(arm.codec.packets_per_port == 10 for arm in turn)
    assert [forms(ctx)[arm.target.endpoint] for arm in turn] == ["padded", "allocate", "padded"]


def test_no_address_of_a_service_is_asked_twice() -> None:
    other_port = msgspec.structs.replace(REFLECTORS[0], port=597)
    ctx = measured([REFLECTORS[0], other_port, REFLECTORS[1]])
    assert [arm.target.port for arm in ctx.arms] == [596, 596]
    assert len({arm.target.address for arm in ctx.arms}) == 2


def test_whatsapp_is_asked_in_the_form_that_its_relay_answers() -> None:
    ctx = measured(RELAYS, speaks_dtls=RELAYS[1:])
    assert forms(ctx) == {RELAYS[0].endpoint: "padded", RELAYS[1].endpoint: "dtls", RELAYS[2].endpoint: "dtls"}
    assert [arm.codec.packets_per_port for arm in ctx.arms] == [10, 1, 1]
    assert {arm.rate_pps for arm in ctx.arms} == {10.0}


def test_controls_come_from_different_networks_by_turns_and_no_address_is_asked_twice() -> None:
    google = [control_at(1, "google", large=True, port=port) for port in (3478, 19302)]
    named = Target(role="control", host="stun.example", port=3478, protocol="stun", network="other", large=True)
    ctx = Listening(answered=[REFLECTORS[0], *google, control_at(2, "google", large=True), named], info=CHECK.info)
    ctx.names = {"stun.example": ["198.51.100.9"]}
    run_check(CHECK, ctx)
    controls = [arm.target for arm in ctx.arms if arm.target.role == "control"]
    assert sorted(target.address for target in controls) == ["198.51.100.1", "198.51.100.2", "198.51.100.9"]
    assert [target.network for target in controls] == ["google", "other", "google"]
    assert named.endpoint in forms(ctx), "observations name the target as the catalogue does"


def test_few_large_controls_are_joined_by_four_small_ones_at_a_gentle_rate() -> None:
    ctx = measured([REFLECTORS[0], *large_controls(1), *[control_at(last) for last in range(2, 9)]])
    controls = [arm for arm in ctx.arms if arm.target.role == "control"]
    assert [(arm.rate_pps, arm.codec.packets_per_port) for arm in controls] == [(25.0, 0), *[(10.0, 10)] * 4]


def test_a_service_that_is_asked_gently_has_gentle_controls_even_at_large_hosts() -> None:
    ctx = measured([RELAYS[0], *large_controls(5), control_at(9)])
    controls = [arm for arm in ctx.arms if arm.target.role == "control"]
    assert len(controls) == 4
    assert {(arm.rate_pps, arm.codec.packets_per_port) for arm in controls} == {(10.0, 10)}


def test_each_pace_has_controls_of_its_own() -> None:
    small = [control_at(last) for last in range(20, 26)]
    ctx = measured([*REFLECTORS, *RELAYS, *large_controls(6), *small])
    controls = Counter(arm.rate_pps for arm in ctx.arms if arm.target.role == "control")
    assert controls == {25.0: 4, 10.0: 4}


def test_an_echo_and_a_dtls_server_that_answer_take_part_at_the_pace_they_stand_for() -> None:
    echo, dtls = other_control("echo"), msgspec.structs.replace(other_control("dtls"), address="192.0.2.8")
    ctx = measured([REFLECTORS[0], RELAYS[0]], listed=[echo, dtls], speaks_dtls=[dtls])
    rates = {arm.target.protocol: arm.rate_pps for arm in ctx.arms if arm.target.role == "control"}
    assert rates == {"echo": 25.0, "dtls": 10.0}
    assert (forms(ctx)[echo.endpoint], forms(ctx)[dtls.endpoint]) == ("echo", "dtls")


def test_a_special_control_that_is_silent_or_of_no_pace_in_use_stays_out() -> None:
    silent = other_control("dtls")
    assert {arm.target.role for arm in measured([RELAYS[0]], listed=[silent]).arms} == {"subject"}
    unused = measured([REFLECTORS[0]], listed=[silent], speaks_dtls=[silent])
    assert {arm.target.role for arm in unused.arms} == {"subject"}


def test_a_turn_loop_runs_only_with_a_server_that_the_user_names() -> None:
    params = Params(turn_host="192.0.2.9", turn_username="user", turn_password="secret")
    ctx = Listening(answered=[REFLECTORS[0]], info=CHECK.info)
    ctx.names = {"192.0.2.9": ["192.0.2.9"]}
    run_check(CHECK, ctx, params)
    (loop,) = [arm for arm in ctx.arms if arm.target.role == "control"]
    assert (loop.codec.legs, loop.rate_pps, loop.target.protocol) == (2, 25.0, "turn")
    assert "secret" not in repr(params) + repr(loop)
    assert all(arm.target.role == "subject" for arm in measured([REFLECTORS[0]]).arms)


@pytest.mark.parametrize("depth", ["quick", "standard", "deep"])
def test_one_reflector_is_enough_for_works_at_every_depth(depth: Depth) -> None:
    ctx = measured([REFLECTORS[0]], depth=depth)
    found = {one.claim: one for one in CHECK.read(ctx.observations)}["stream_carries"]  # type: ignore[index]  # StrEnum
    assert found.facts["sent"] >= (125 if depth == "quick" else 500)
    assert found.strength == 3


# --- its rounds


def played(rule: Rule, depth: Depth, endpoints: Sequence[Endpoint] = TELEGRAM) -> MadeContext:
    ctx = MadeContext(endpoints, rule, depth=depth)
    run_check(CHECK, ctx)
    return ctx


def test_a_second_in_which_nothing_came_is_a_failure_with_a_name() -> None:
    ctx = Listening(answered=[REFLECTORS[0]], info=CHECK.info)
    ctx.flow_answers = lambda _arm, number: ROUND_TRIP_S if number < 50 else None
    run_check(CHECK, ctx)
    assert [one.failure for one in seconds_of(ctx)] == [None, None, *[Failure.timeout] * 4]


def test_the_plan_is_written_down_before_the_first_packet() -> None:
    ctx = played(clear, "standard")
    assert ctx.observations[0].value.op == "flow.plan"
    assert ctx.observations[0].value.data == {
        "depth": "standard",
        "seconds": 30.0,
        "packets_needed": 500,
        "rounds": 1,
        "subjects": 2,
        "controls": 4,
    }


def test_a_deep_run_has_three_rounds_20_s_apart_and_then_a_ladder() -> None:
    ctx = played(clear, "deep")
    assert ctx.closed_at_s == [30, 30, 30, 8]
    parts = {
        number: {one.data["part"] for one in seconds_of(ctx) if one.data["round"] == number} for number in range(4)
    }
    assert parts == {0: {"stream"}, 1: {"single", "twins"}, 2: {"stream"}, 3: {"ladder"}}
    fractions = [fraction for fraction, _ in ctx.progress_calls]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert run_check(CHECK, MadeContext(TELEGRAM, clear, depth="deep")) == pytest.approx(30 * 3 + 8 + 2 * 20, abs=0.5)


@pytest.mark.parametrize(
    ("rule", "closed_at_s"),
    [
        (clear, 30),
        (subjects_only(lambda _packet: None), 10),
        (subjects_only(cut_after_packets(12)), 20),
        (subjects_only(cut_after_seconds(25)), 42),
        (subjects_only(one_by_one(Random(1), 0.3)), 30),
        (in_runs(Random(2), 0.15, 8.0), 42),
    ],
    ids=["clear", "silent", "12 packets", "25 s", "random", "runs"],
)
def test_a_round_ends_early_for_gross_effects_and_late_for_runs(rule: Rule, closed_at_s: float) -> None:
    assert played(rule, "standard").closed_at_s == [closed_at_s]


def test_a_round_that_ends_late_keeps_the_last_seconds_of_its_slow_flows() -> None:
    ctx = played(in_runs(Random(2), 0.15, 8.0), "standard")
    last = {one.data["arm"]: one.data["second"] for one in seconds_of(ctx) if one.data["part"] == "stream"}
    assert set(last.values()) == {41}
