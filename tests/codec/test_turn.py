"""The TURN client's codec: vectors, its steps against the lab's own reading of the RFC, and hostile answers."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.codec import Malformed, stun, turn
from callcheck.codec.stun_attributes import (
    Attribute,
    ChannelNumber,
    Data,
    ErrorCode,
    Lifetime,
    Nonce,
    Realm,
    Software,
    Unknown,
    XorPeerAddress,
    XorRelayedAddress,
)
from callcheck.lab.servers.stun_answers import PASSWORD, USER
from tests.codec import strategies
from tests.codec.test_stun_rfc5769 import LONG_TERM_KEY, LONG_TERM_USER
from tests.lab_servers.harness import CLIENT, SERVER
from tests.lab_servers.turn_place import PEER, Place, hear

TRANSACTION_ID = bytes(range(12))
HEADER = "2112a442" + TRANSACTION_ID.hex()
CREDENTIALS = turn.Credentials("user", "secret", "realm", "nonce")
RELAYED = XorRelayedAddress("192.0.2.7", 49152)
CHALLENGE = (Realm("realm"), Nonce("nonce"))


def decoded(datagram: bytes) -> stun.Message:
    message = stun.decode(datagram)
    assert isinstance(message, stun.Message), message
    return message


def answer(question: bytes | None, kind: stun.Kind, *attributes: Attribute, key: bytes | None = None) -> bytes:
    assert question is not None
    asked = decoded(question)
    return stun.encode(stun.Message(asked.method, kind, asked.transaction_id, attributes), key=key)


def challenged() -> turn.Client:
    client = turn.Client("user", "secret")
    client.answered(answer(client.question(b"1" * 12), "error", ErrorCode(401, "Unauthorized"), *CHALLENGE))
    return client


def allocated() -> turn.Client:
    client = challenged()
    client.answered(answer(client.question(b"2" * 12), "success", RELAYED, key=CREDENTIALS.key))
    client.peer = PEER
    return client


STAGES: dict[str, Callable[[], turn.Client]] = {
    "allocating": lambda: turn.Client("user", "secret"),
    "allocating with credentials": challenged,
    "introducing": allocated,
}

# --- bytes


def test_the_key_is_that_of_the_long_term_vector_of_rfc_5769() -> None:
    credentials = turn.Credentials(LONG_TERM_USER, "TheMatrIX", "example.org", "f//499k954d6OL34oL9FSTvy64sA")
    assert credentials.key == LONG_TERM_KEY
    datagram = turn.request(stun.BINDING, TRANSACTION_ID, (), credentials)
    assert stun.check_integrity(datagram, LONG_TERM_KEY)
    assert not stun.check_integrity(datagram, CREDENTIALS.key)
    assert "TheMatrIX" not in repr(credentials)


def test_requests_have_the_bytes_of_the_rfc() -> None:
    bind = turn.request(turn.CHANNEL_BIND, TRANSACTION_ID, [ChannelNumber(0x4001), XorPeerAddress("192.0.2.1", 32853)])
    assert bind == bytes.fromhex("00090014" + HEADER + "000c000440010000" + "001200080001a147e112a643")
    sent = turn.send_indication(TRANSACTION_ID, ("192.0.2.1", 32853), b"data?")
    assert sent == bytes.fromhex("00160018" + HEADER + "001200080001a147e112a643" + "0013000564617461" + "3f000000")
    assert turn.channel_data(0x4001, b"data?") == bytes.fromhex("40010005") + b"data?"


@pytest.mark.parametrize("size", [32, 36, 152, 156, 160])
def test_padded_requests_have_the_size_and_only_what_a_server_may_ignore(size: int) -> None:
    allocate = turn.allocate_request(TRANSACTION_ID, pad_to_bytes=size)
    assert (len(allocate), allocate[20:28]) == (size, bytes.fromhex("0019000411000000"))
    release = turn.release_request(TRANSACTION_ID, pad_to_bytes=size)
    assert (len(release), release[20:28]) == (size, bytes.fromhex("000d000400000000"))
    for datagram in (allocate, release):
        (padding,) = decoded(datagram).attributes[1:]
        assert isinstance(padding, Software)
        assert len(padding.text) < 128


@pytest.mark.parametrize("size", [0, 28, 30, 164])
def test_padding_refuses_a_size_it_cannot_reach(size: int) -> None:
    with pytest.raises(ValueError, match="padded request"):
        turn.allocate_request(TRANSACTION_ID, pad_to_bytes=size)


@pytest.mark.parametrize("number", [0, 0x3FFF, 0x5000])
def test_there_is_no_channel_outside_the_rfcs_range(number: int) -> None:
    with pytest.raises(ValueError, match="channel"):
        turn.channel_data(number, b"")


@strategies.examples
@given(
    st.integers(0x4000, 0x4FFF), st.binary(max_size=200), strategies.addresses, strategies.ports, st.binary(max_size=3)
)
def test_data_survive_both_forms(number: int, data: bytes, address: str, port: int, padding: bytes) -> None:
    assert turn.relayed(turn.channel_data(number, data) + padding) == turn.ChannelData(number, data)
    told = stun.Message(turn.DATA, "indication", TRANSACTION_ID, (XorPeerAddress(address, port), Data(data)))
    assert turn.relayed(stun.encode(told)) == turn.DataIndication((address, port), data)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        bytes.fromhex("400000"),
        bytes.fromhex("4000000561626364"),
        bytes.fromhex("4000000061626364"),
        turn.send_indication(TRANSACTION_ID, PEER, b"data"),
        stun.encode(stun.Message(turn.DATA, "indication", TRANSACTION_ID, (Data(b"data"),))),
        stun.encode(stun.Message(turn.DATA, "indication", TRANSACTION_ID, (XorPeerAddress(*PEER),))),
        stun.encode(stun.Message(turn.DATA, "request", TRANSACTION_ID, (XorPeerAddress(*PEER), Data(b"data")))),
        stun.encode(stun.Message(turn.DATA, "indication", TRANSACTION_ID + b"1234", (Data(b"data"),), cookie=False)),
    ],
)
def test_what_brings_no_data_of_a_peer_is_malformed(datagram: bytes) -> None:
    assert isinstance(turn.relayed(datagram), Malformed)


@pytest.mark.parametrize(("attribute_type", "value"), [(0x000C, "4000"), (0x0012, "0003000101020304")])
def test_a_value_that_does_not_fit_its_type_is_kept_as_unknown(attribute_type: int, value: str) -> None:
    unknown = Unknown(attribute_type, bytes.fromhex(value))
    assert decoded(stun.encode(stun.Message(1, "success", TRANSACTION_ID, (unknown,)))).attributes == (unknown,)


# --- steps


@pytest.mark.parametrize(("channel", "method"), [(0x4000, turn.CHANNEL_BIND), (None, turn.CREATE_PERMISSION)])
def test_the_labs_own_server_grants_an_allocation_and_lets_the_peer_in(channel: int | None, method: int) -> None:
    place = Place()
    client = turn.Client(USER, PASSWORD, channel, peer=PEER)
    asked = []
    for step in range(3):
        question = client.question(bytes([step]) * 12)
        assert question is not None
        asked.append(decoded(question).method)
        reply = place.server.received(question, CLIENT)
        assert reply is not None
        client.answered(reply)
    assert asked == [stun.ALLOCATE, stun.ALLOCATE, method]
    assert (client.state, client.relayed_address) == ("open", (SERVER[0], 50000))
    assert client.question(b"3" * 12) is None
    assert place.server.received(client.wrapped(b"to the peer", b"4" * 12), CLIENT) is None
    assert place.relays[0].sent == [(b"to the peer", PEER)]
    hear(place.relays[0], b"from the peer", PEER)
    ((told, receiver),) = place.to_client
    assert (client.heard(told), receiver) == (b"from the peer", CLIENT)


def test_a_stale_nonce_is_replaced_and_no_second_allocation_is_made() -> None:
    place = Place()
    client = turn.Client(USER, PASSWORD)
    codes = []
    for step in range(3):
        reply = place.server.received(client.question(bytes([step]) * 12) or b"", CLIENT)
        assert reply is not None
        codes.append(stun.error_code(decoded(reply)))
        client.answered(reply)
        place.now_s += 2.5 * 3600 if step == 0 else 0
    assert [code and code[0] for code in codes] == [401, 438, None]
    assert (client.state, len(place.relays)) == ("introducing", 1)


def test_it_asks_for_a_short_lifetime_and_for_nothing_without_a_peer() -> None:
    client = turn.Client("user", "secret")
    assert Lifetime(120) in decoded(client.question(TRANSACTION_ID) or b"").attributes
    client = allocated()
    client.peer = None
    assert client.question(TRANSACTION_ID) is None


@pytest.mark.parametrize("stage", STAGES)
def test_a_question_keeps_its_bytes_until_it_is_answered(stage: str) -> None:
    client = STAGES[stage]()
    question = client.question(b"a" * 12)
    assert client.question(b"b" * 12) == question
    for travelled in (copy.deepcopy(client), pickle.loads(pickle.dumps(client))):
        assert travelled == client
        assert travelled.question(b"c" * 12) == question


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("code", [300, 400, 401, 403, 420, 437, 438, 441, 442, 443, 486, 508, None])
def test_every_error_but_the_first_401_and_a_stale_nonce_is_final(stage: str, code: int | None) -> None:
    client = STAGES[stage]()
    reason = () if code is None else (ErrorCode(code, "no"),)
    client.answered(answer(client.question(b"a" * 12), "error", *reason, Realm("other"), Nonce("later")))
    if code == (401 if stage == "allocating" else 438):
        assert client.state in {"allocating", "introducing"}
        assert client.credentials == turn.Credentials("user", "secret", "other", "later")
        assert client.question(b"b" * 12) is not None
    else:
        assert client.state == "refused"
        assert client.question(b"b" * 12) is None


@pytest.mark.parametrize("given_back", [(), (Realm("realm"),), (Nonce("nonce"),)])
def test_a_challenge_without_realm_or_nonce_is_final(given_back: tuple[Attribute, ...]) -> None:
    client = turn.Client("user", "secret")
    client.answered(answer(client.question(b"a" * 12), "error", ErrorCode(401, ""), *given_back))
    assert client.state == "refused"


def test_a_grant_without_a_relayed_address_is_final() -> None:
    client = turn.Client("user", "secret")
    client.answered(answer(client.question(b"a" * 12), "success"))
    assert client.state == "refused"


def test_a_server_that_asks_for_no_credentials_is_shown_none() -> None:
    client = turn.Client("user", "secret", peer=PEER)
    client.answered(answer(client.question(b"a" * 12), "success", RELAYED))
    question = client.question(b"b" * 12) or b""
    assert [type(one) for one in decoded(question).attributes] == [ChannelNumber, XorPeerAddress]


# --- hostile answers


@pytest.mark.parametrize("key", [None, b"another key"])
@pytest.mark.parametrize("stage", ["allocating with credentials", "introducing"])
def test_a_success_that_is_not_signed_with_the_key_is_not_taken(stage: str, key: bytes | None) -> None:
    client = STAGES[stage]()
    question = client.question(b"a" * 12)
    before = copy.deepcopy(client)
    client.answered(answer(question, "success", RELAYED, key=key))
    assert client == before


@strategies.examples
@given(
    st.sampled_from(sorted(STAGES)),
    st.one_of(
        st.binary(max_size=120),
        strategies.damaged(strategies.messages().map(stun.encode)),
        st.builds(turn.channel_data, st.integers(0x4000, 0x4FFF), st.binary(max_size=40)),
    ),
)
def test_a_datagram_that_answers_no_question_changes_nothing(stage: str, datagram: bytes) -> None:
    client = STAGES[stage]()
    client.question(bytes.fromhex("5ac3e1970f2b84d66d1e93ba"))
    before = copy.deepcopy(client)
    client.answered(datagram)
    assert client == before
    turn.relayed(datagram)
    client.heard(datagram)


@strategies.examples
@given(
    st.sampled_from(sorted(STAGES)),
    st.integers(0, 4095),
    strategies.kinds,
    st.lists(strategies.attributes, max_size=4),
    st.booleans(),
)
def test_no_answer_makes_it_raise_and_another_method_is_no_answer(
    stage: str, method: int, kind: stun.Kind, attributes: list[Attribute], signed: bool
) -> None:
    client = STAGES[stage]()
    question = client.question(b"a" * 12) or b""
    before = copy.deepcopy(client)
    key = CREDENTIALS.key if signed else None
    plain = tuple(attributes)
    client.answered(stun.encode(stun.Message(method, kind, b"a" * 12, plain), key=key))
    assert client == before or method == decoded(question).method
    client.answered(stun.encode(stun.Message(decoded(question).method, kind, b"a" * 12, plain), key=key))
    client.question(b"b" * 12)
