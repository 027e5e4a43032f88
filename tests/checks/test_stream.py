"""The stream check: its arms, who takes part, and what is read out of the flows."""

from __future__ import annotations

import asyncio
import copy
import pickle
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.api import (
    Arm,
    Claim,
    Depth,
    Evidence,
    Failure,
    FlowCodec,
    FlowSecond,
    Knowledge,
    Numbered,
    Observation,
    Target,
)
from callcheck.codec import reflector, stun
from callcheck.flow.runner import run_flows
from callcheck.lab.servers.responder import DatagramResponder, Setting
from callcheck.lab.servers.stun import StunOverUdp
from callcheck.lab.servers.telegram_relay import TelegramRelay
from callcheck.lab.servers.whatsapp_relay import WhatsAppRelay
from callcheck.testing import FakeContext, run_check
from callcheck_stream import CHECK
from callcheck_stream.arms import PAYLOAD_BYTES, ReflectorLoop, StunQuestions, number_in, token
from callcheck_stream.dtls_arms import DtlsQuestions
from tests.codec.test_dtls import HELLO_VERIFY_REQUEST
from tests.flow.echo import UdpThread

KEY = b"k" * 16
TAGS = (b"\x01abc", b"\x02def")
RANDOM = bytes(range(64))
numbers = st.integers(0, 2**32 - 1)


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


def loop() -> ReflectorLoop:
    return ReflectorLoop(b"c" * 11, TAGS, KEY)


def relayed(packet: bytes) -> bytes:
    """As the facts say: the receiver sees its own 12 bytes, then tags, length and data as they were."""
    return bytes([1 - packet[0]]) + packet[1:]


# --- arms


@given(numbers, st.binary(min_size=1, max_size=32))
@settings(max_examples=100)
def test_a_token_gives_its_number_back_and_to_no_other_key(number: int, key: bytes) -> None:
    assert number_in(key, token(key, number)) == number
    assert number_in(key, token(b"another", number)) is None or key == b"another"


@given(st.binary(max_size=40))
@settings(max_examples=200)
def test_bytes_from_a_stranger_are_no_number(found: bytes) -> None:
    assert number_in(KEY, found) is None


@given(numbers, st.binary(min_size=64, max_size=64))
@settings(max_examples=100)
def test_a_relay_brings_the_number_to_the_other_leg_only(number: int, chance: bytes) -> None:
    codec = loop()
    leg, packet = codec.packet(number, chance)
    assert (leg, len(packet)) == (0, PAYLOAD_BYTES)
    assert codec.received(1, relayed(packet)) == number
    assert codec.received(0, relayed(packet)) is None


@given(numbers)
@settings(max_examples=100)
def test_a_stun_answer_brings_the_number_of_its_question(number: int) -> None:
    codec = StunQuestions(KEY)
    _, question = codec.packet(number, RANDOM)
    request = stun.decode(question)
    assert len(question) == PAYLOAD_BYTES
    assert isinstance(request, stun.Message)
    for kind, expected in (("success", number), ("error", number), ("indication", None), ("request", None)):
        answer = stun.encode(stun.Message(stun.BINDING, kind, request.transaction_id))  # type: ignore[arg-type] # a literal
        assert codec.received(0, answer) == expected


@given(
    st.one_of(st.binary(max_size=120), st.binary(max_size=80).map(lambda rest: stun.binding_request(KEY[:12]) + rest))
)
@settings(max_examples=200)
def test_no_arm_takes_garbage_for_an_answer(datagram: bytes) -> None:
    codecs: list[FlowCodec] = [loop(), StunQuestions(KEY), DtlsQuestions()]
    for codec in codecs:
        codec.packet(7, RANDOM)
        for leg in range(codec.legs):
            assert codec.received(leg, datagram) is None


def test_a_loop_is_ready_when_the_relay_has_greeted_both_legs() -> None:
    codec = loop()
    hellos = codec.greet(RANDOM)
    assert [leg for leg, _ in hellos] == [0, 1]
    for leg, hello in hellos:
        assert not codec.ready
        assert len(hello) == reflector.HELLO_BYTES
        answer = reflector.self_info(reflector.SelfInfo(hello[:16], hello[-8:], 0, "192.0.2.7", 40000))
        codec.received(1 - leg, answer)
        assert leg not in codec.heard, "an answer to the other leg's hello is none to this one"
        codec.received(leg, answer)
    assert codec.ready
    assert codec.greet(RANDOM) == []


def test_a_loop_says_hello_again_every_ten_seconds_of_packets() -> None:
    codec = loop()
    codec.heard = {0, 1}
    greeted = []
    for number in range(600):
        codec.packet(number, RANDOM)
        if not codec.ready:
            greeted.append(number)
            codec.heard = {0, 1}
    assert greeted == [249, 499]


def test_a_data_packet_from_another_sender_is_not_counted() -> None:
    stranger = ReflectorLoop(b"c" * 11, (b"\x09xyz", TAGS[1]), KEY)
    assert loop().received(1, relayed(stranger.packet(3, RANDOM)[1])) is None


@pytest.mark.parametrize("codec", [loop(), StunQuestions(KEY, 10), DtlsQuestions()])
def test_arms_travel_to_the_flow_process(codec: FlowCodec) -> None:
    assert pickle.loads(pickle.dumps(codec)) == codec
    assert copy.deepcopy(codec) == codec


def _served(responder: type[TelegramRelay | StunOverUdp | WhatsAppRelay]) -> UdpThread:
    """A server of the lab, which reads the facts for itself, on loopback."""
    server: DatagramResponder = responder(Setting(local=("127.0.0.1", 0), random=random.Random(7), names={}))
    return UdpThread(lambda data, source: [(item.data, item.destination) for item in server.received(data, source)])


def test_every_arm_carries_its_packets_through_the_labs_servers() -> None:
    async def flow(arms: Sequence[Arm]) -> list[FlowSecond]:
        return [second async for second in run_flows(arms, seconds=0.6, origin_ns=time.monotonic_ns())]

    with _served(TelegramRelay) as relay, _served(StunOverUdp) as neutral, _served(WhatsAppRelay) as whatsapp:
        arms = [
            Arm(name="loop", target=relay.target, codec=loop(), rate_pps=25),
            Arm(name="stun", target=neutral.target, codec=StunQuestions(KEY), rate_pps=25),
            Arm(name="dtls", target=whatsapp.target, codec=DtlsQuestions(), rate_pps=10),
        ]
        seconds = asyncio.run(flow(arms))
    received = {second.arm: sum(at_us is not None for at_us in second.received_us) for second in seconds}
    assert received == {"loop": 15, "stun": 15, "dtls": 6}
    assert {second.arm: second.ip_bytes for second in seconds} == {"loop": 188, "stun": 188, "dtls": 234}


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
