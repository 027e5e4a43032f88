"""TURN's bytes: the long-term sample of RFC 5769, and streams in any pieces."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.servers.turn_wire import (
    MessageFrames,
    channel_data,
    encode_signed,
    integrity_fits,
    long_term_key,
    parse_channel_data,
    read_xor_address,
)

USER = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9"
NONCE = b"f//499k954d6OL34oL9FSTvy64sA"
KEY = long_term_key(USER, "example.org", "TheMatrIX")
# RFC 5769 section 2.4.
SAMPLE = bytes.fromhex(
    "000100602112a44278ad3433c6ad72c029da412e"
    "00060012e3839ee38388e383aae38383e382afe382b90000"
    "0015001c662f2f34 39396b3935346436 4f4c33346f4c3946 5354767936347341"
    "0014000b6578616d706c652e6f726700"
    "00080014f67024656dd64a3e02b8e0712e85c9a28ca89666"
)
IDENTITY = SAMPLE[4:20]
BINDING = bytes.fromhex("000100002112a442") + bytes(12)


def test_the_sample_of_rfc_5769_is_made_and_recognised() -> None:
    attributes = [(0x0006, USER.encode()), (0x0015, NONCE), (0x0014, b"example.org")]
    assert encode_signed(1, IDENTITY, attributes, KEY) == SAMPLE
    assert integrity_fits(SAMPLE, KEY)
    assert not integrity_fits(SAMPLE, KEY[::-1])


@given(place=st.integers(20, len(SAMPLE) - 25), bit=st.integers(0, 7))
def test_a_changed_value_no_longer_fits(place: int, bit: int) -> None:
    changed = SAMPLE[:place] + bytes([SAMPLE[place] ^ 1 << bit]) + SAMPLE[place + 1 :]
    # A changed attribute length may make it another message, or none at all, but never a signed one.
    is_length = place in {22, 23, 46, 47, 78, 79, 94, 95}
    assert is_length or not integrity_fits(changed, KEY)


def test_a_message_without_signature_does_not_fit() -> None:
    assert not integrity_fits(BINDING, KEY)


@pytest.mark.parametrize("value", [b"", b"\0\1\0\0", b"\0\1" + bytes(18), b"\0\2" + bytes(6), b"\0\3" + bytes(6)])
def test_an_address_that_is_not_whole_is_none(value: bytes) -> None:
    assert read_xor_address(value, IDENTITY) is None


@given(number=st.integers(0x4000, 0x7FFF), data=st.binary(max_size=40), is_padded=st.booleans())
def test_channel_data_is_read_as_it_was_written(number: int, data: bytes, is_padded: bool) -> None:
    written = channel_data(number, data, padded=is_padded)
    assert parse_channel_data(written) == (number, data)
    assert len(written) == 4 + len(data) + (-len(data) % 4 if is_padded else 0)


MESSAGES = st.one_of(
    st.just(BINDING),
    st.just(SAMPLE),
    st.binary(max_size=30).map(lambda data: channel_data(0x4000, data, padded=True)),
)


@given(messages=st.lists(MESSAGES, max_size=6), cuts=st.lists(st.integers(0, 300), max_size=6))
@settings(max_examples=150)
def test_a_stream_is_cut_into_its_messages_however_it_arrives(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(messages)
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    frames = MessageFrames(channel_data=True)
    found = [message for start, end in itertools.pairwise(edges) for message in frames.feed(stream[start:end])]
    assert found == messages


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n..", BINDING[:4] + b"abcd" + BINDING[8:], b"\xff" * 20])
def test_a_stream_that_lost_its_framing_gives_nothing_more(noise: bytes) -> None:
    frames = MessageFrames(channel_data=False)
    assert frames.feed(BINDING + noise) == [BINDING]
    assert frames.feed(BINDING) == []


def test_channel_data_is_no_frame_where_it_is_not_expected() -> None:
    assert MessageFrames(channel_data=False).feed(channel_data(0x4000, bytes(40), padded=True)) == []
