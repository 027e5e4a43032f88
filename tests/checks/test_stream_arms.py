"""The stream check's arms without sockets: what brings a packet's number, and what does not."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.api import FlowCodec
from callcheck.codec import reflector, stun, turn
from callcheck.codec.stun_attributes import Data, ErrorCode, Lifetime, XorPeerAddress
from callcheck_stream.arms import (
    PAYLOAD_BYTES,
    AllocateQuestions,
    EchoQuestions,
    ReflectorLoop,
    StunQuestions,
    TurnLoop,
    number_in,
    token,
)
from callcheck_stream.arms.dtls import DtlsQuestions

KEY = b"k" * 16
OTHER_KEY = b"o" * 16
TAGS = (b"\x01abc", b"\x02def")
RANDOM = bytes(range(64))
PEER = ("192.0.2.1", 49160)
numbers = st.integers(0, 2**32 - 2)


def loop(key: bytes = KEY) -> ReflectorLoop:
    return ReflectorLoop(b"c" * 11, TAGS, key)


def turn_loop(key: bytes, *, indications: bool) -> TurnLoop:
    """As it is after its handshake."""
    codec = TurnLoop("user", "secret", key, indications)
    for client in codec.clients:
        client.relayed_address, client.peer, client.state = PEER, PEER, "open"
    return codec


# --- what each far end makes of a packet, as the facts say


def relayed(packet: bytes) -> bytes:
    """The receiver sees its own 12 bytes, then tags, length and data as they were."""
    return bytes([1 - packet[0]]) + packet[1:]


def stun_answer(packet: bytes, kind: stun.Kind = "success") -> bytes:
    asked = stun.decode(packet)
    assert isinstance(asked, stun.Message)
    return stun.encode(stun.Message(asked.method, kind, asked.transaction_id, (), asked.cookie))


def told(packet: bytes) -> bytes:
    asked = stun.decode(packet)
    assert isinstance(asked, stun.Message)
    data = tuple(one for one in asked.attributes if isinstance(one, Data))
    return stun.encode(stun.Message(turn.DATA, "indication", b"i" * 12, (XorPeerAddress(*PEER), *data)))


@dataclass(frozen=True)
class Case:
    """`answer` makes of a packet what is heard on leg `hears`; `told_apart_by` are bytes of it that must be right."""

    name: str
    codec: Callable[[bytes], FlowCodec]
    answer: Callable[[bytes], bytes]
    told_apart_by: Sequence[int]
    hears: int = 0


CASES = [
    Case("relay loop", loop, relayed, [*range(1, 12), *range(16, 20), *range(24, 36)], hears=1),
    Case(
        "relay loop, the other way",
        lambda key: ReflectorLoop(b"c" * 11, TAGS, key, sender=1),
        relayed,
        [*range(1, 12), *range(16, 20), *range(24, 36)],
    ),
    Case("STUN", StunQuestions, stun_answer, range(4, 20)),
    Case("STUN without cookie", lambda key: StunQuestions(key, cookie=False), stun_answer, range(4, 20)),
    Case("Allocate", AllocateQuestions, lambda packet: stun_answer(packet, "error"), range(4, 20)),
    Case("echo", EchoQuestions, bytes, range(PAYLOAD_BYTES)),
    Case("TURN, channel", lambda key: turn_loop(key, indications=False), bytes, [0, 1, *range(4, 16)], hears=1),
    Case("TURN, indications", lambda key: turn_loop(key, indications=True), told, [*range(25, 32), *range(36, 48)], 1),
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@given(numbers, st.binary(min_size=1, max_size=32))
@settings(max_examples=100)
def test_a_token_gives_its_number_back_and_to_no_other_key(number: int, key: bytes) -> None:
    assert number_in(key, token(key, number)) == number
    assert number_in(key, token(b"another", number)) is None or key == b"another"


@given(st.binary(max_size=40))
@settings(max_examples=200)
def test_bytes_from_a_stranger_are_no_number(found: bytes) -> None:
    assert number_in(KEY, found) is None


@each_case
@given(number=numbers, chance=st.binary(min_size=64, max_size=64))
@settings(max_examples=50, deadline=None)
def test_a_packet_has_the_common_size_and_its_answer_brings_its_number(case: Case, number: int, chance: bytes) -> None:
    codec = case.codec(KEY)
    sender, packet = codec.packet(number, chance)
    assert len(packet) == PAYLOAD_BYTES
    assert sender == (0 if codec.legs == 1 else 1 - case.hears)
    answer = case.answer(packet)
    assert codec.received(case.hears, answer) == number
    assert all(codec.received(leg, answer) is None for leg in range(codec.legs) if leg != case.hears)


@each_case
@given(number=numbers, chance=st.binary(min_size=64, max_size=64))
@settings(max_examples=50, deadline=None)
def test_an_answer_to_another_flow_is_none_to_this_one(case: Case, number: int, chance: bytes) -> None:
    answer = case.answer(case.codec(OTHER_KEY).packet(number, chance)[1])
    codec = case.codec(KEY)
    codec.packet(number, chance)
    assert codec.received(case.hears, answer) is None


@each_case
def test_an_answer_with_one_wrong_byte_where_flows_are_told_apart_is_none(case: Case) -> None:
    codec = case.codec(KEY)
    answer = case.answer(codec.packet(7, RANDOM)[1])
    for place in case.told_apart_by:
        wrong = answer[:place] + bytes([answer[place] ^ 0x21]) + answer[place + 1 :]
        assert codec.received(case.hears, wrong) is None, f"byte {place}"
    assert codec.received(case.hears, answer) == 7


@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=80).map(lambda rest: stun.binding_request(KEY[:12]) + rest),
        st.binary(max_size=160).map(lambda data: turn.channel_data(turn.FIRST_CHANNEL, data)),
    )
)
@settings(max_examples=200, deadline=None)
def test_no_arm_takes_garbage_for_an_answer(datagram: bytes) -> None:
    for codec in (*(case.codec(KEY) for case in CASES), TurnLoop("user", "secret", KEY), DtlsQuestions()):
        codec.greet(RANDOM)
        codec.packet(7, RANDOM)
        for leg in range(codec.legs):
            assert codec.received(leg, datagram) is None
        assert codec.far_received is None


@pytest.mark.parametrize("codec", [*(case.codec(KEY) for case in CASES), TurnLoop("u", "p", KEY), DtlsQuestions()])
def test_arms_travel_to_the_flow_process(codec: FlowCodec) -> None:
    codec.greet(RANDOM)
    assert pickle.loads(pickle.dumps(codec)) == codec
    assert copy.deepcopy(codec) == codec


# --- the relay loop


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


def test_an_answer_to_one_hello_does_not_repeat_the_other_but_time_does() -> None:
    codec = loop()
    (leg, hello), _ = codec.greet(RANDOM)
    codec.received(leg, reflector.self_info(reflector.SelfInfo(hello[:16], hello[-8:], 0, "192.0.2.7", 40000)))
    assert codec.greet(RANDOM) == []
    assert [leg for leg, _ in codec.greet(RANDOM)] == [1]


def test_a_loop_says_hello_again_every_ten_seconds_of_packets() -> None:
    codec = loop()
    codec.heard = {0, 1}
    greeted = []
    for number in range(600):
        codec.packet(number, RANDOM)
        if not codec.ready:
            assert len(codec.greet(RANDOM)) == 2
            greeted.append(number)
            codec.heard = {0, 1}
    assert greeted == [249, 499]


# --- questions


@pytest.mark.parametrize("cookie", [True, False])
def test_errors_answer_a_stun_question_but_questions_and_other_methods_do_not(cookie: bool) -> None:
    codec = StunQuestions(KEY, cookie=cookie)
    _, question = codec.packet(3, RANDOM)
    assert (question[4:8] == bytes.fromhex("2112a442")) == cookie
    assert codec.received(0, stun_answer(question, "error")) == 3
    assert codec.received(0, stun_answer(question, "indication")) is None
    assert codec.received(0, question) is None
    allocate = stun.Message(stun.ALLOCATE, "success", question[8:20] if cookie else question[4:20], cookie=cookie)
    assert codec.received(0, stun.encode(allocate)) is None


def test_a_refused_allocate_is_asked_again_and_a_granted_one_is_released() -> None:
    codec = AllocateQuestions(KEY)
    methods = []
    for number, kind in enumerate(("error", "success", "success", "error")):
        _, question = codec.packet(number, RANDOM)
        asked = stun.decode(question)
        assert isinstance(asked, stun.Message)
        assert (Lifetime(0) in asked.attributes) == (asked.method == turn.REFRESH)
        methods.append(asked.method)
        reply = stun.Message(asked.method, kind, asked.transaction_id, (ErrorCode(437, ""),))  # type: ignore[arg-type] # a literal
        assert codec.received(0, stun.encode(reply)) == number
    assert methods == [stun.ALLOCATE, stun.ALLOCATE, turn.REFRESH, turn.REFRESH]
    with pytest.raises(ValueError, match="release"):
        AllocateQuestions(KEY, packets_per_port=1)


@pytest.mark.parametrize(
    ("tails", "far_received"),
    [
        ([b""] * 3, None),
        ([b"\0\0\0\1", b"\0\0\0\2", b"\0\0\0\3"], 3),
        ([b"\0\0\0\3", b"\0\0\0\1", b""], 3),
        ([b"\0\0\0\4", b"\xff\xff\xff\xff", b"\0\0\0\0"], None),
    ],
)
def test_the_highest_count_that_can_be_true_is_what_the_far_end_received(
    tails: Sequence[bytes], far_received: int | None
) -> None:
    codec = EchoQuestions(KEY)
    packets = [codec.packet(number, RANDOM)[1] for number in range(3)]
    for number, (packet, tail) in enumerate(zip(packets, tails, strict=True)):
        assert codec.received(0, packet + tail) == number
    assert codec.far_received == far_received
    assert codec.received(0, packets[0] + b"\0") is None
