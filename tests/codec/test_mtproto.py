"""MTProto: the documented samples, the transports' bytes, streams cut anywhere, and bytes that are none of it."""

from collections.abc import Callable, Sequence

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from callcheck.codec import Malformed, mtproto
from callcheck.codec.mtproto import Abridged, Intermediate, Obfuscated, ResPQ, TransportError
from tests.codec import strategies

# core.telegram.org/mtproto/samples-auth_key: the request of one edition of the page.
SAMPLE_NONCE = bytes.fromhex("79f0afb50252e5fc96924bfcecda4f05")
SAMPLE_REQUEST = bytes.fromhex("0000000000000000 60970500ebe57767 14000000 f18e7ebe") + SAMPLE_NONCE

# The same page's resPQ of an earlier edition, with one fingerprint.
SAMPLE_ANSWER = bytes.fromhex(
    "0000000000000000 01c8831ec97ae551 40000000 63241605"
    "3e0549828cca27e966b301a48fece2fc a5cf4d33f4a11ea877ba4aa573907330"
    "08 17ed48941a08f981 000000 15c4b51c 01000000 216be86c022bb4c3"
)
RANDOM64 = bytes(range(64, 128))


def answer(count: int, pq: bytes = b"\x08" + bytes(11)) -> bytes:
    """The sample with another number of fingerprints; `pq` is that field as it stands on the wire."""
    body = SAMPLE_ANSWER[20:56] + pq + SAMPLE_ANSWER[68:72] + count.to_bytes(4, "little") + bytes(8 * count)
    return with_body(body)


def with_body(body: bytes) -> bytes:
    return SAMPLE_ANSWER[:16] + len(body).to_bytes(4, "little") + body


def server_ciphers(opening: bytes) -> tuple[Callable[[bytes], bytes], Callable[[bytes], bytes], bytes]:
    """What a server makes of the 64 bytes: how to read the client, how to write to it, and the opening in the clear."""
    reads = Cipher(algorithms.AES(opening[8:40]), modes.CTR(opening[40:56])).decryptor()
    backwards = opening[55:7:-1]
    writes = Cipher(algorithms.AES(backwards[:32]), modes.CTR(backwards[32:48])).encryptor()
    return reads.update, writes.update, reads.update(opening)


def test_req_pq_multi_is_the_documented_sample() -> None:
    assert mtproto.req_pq_multi(SAMPLE_NONCE, 0x6777E5EB_00059760) == SAMPLE_REQUEST
    assert len(SAMPLE_REQUEST) == 40


def test_a_nonce_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="nonce"):
        mtproto.req_pq_multi(bytes(15), 0)


@strategies.examples
@given(st.floats(1.0e9, 2.1e9))
def test_a_message_id_is_divisible_by_4_and_tells_the_time(unix_time_s: float) -> None:
    identity = mtproto.message_id(unix_time_s)
    assert identity % 4 == 0
    assert identity >> 32 == int(unix_time_s)


def test_the_documented_answer_is_read_whole() -> None:
    assert mtproto.decode_answer(SAMPLE_ANSWER) == ResPQ(
        message_id=0x51E57AC91E83C801,
        nonce=bytes.fromhex("3e0549828cca27e966b301a48fece2fc"),
        server_nonce=bytes.fromhex("a5cf4d33f4a11ea877ba4aa573907330"),
        pq=bytes.fromhex("17ed48941a08f981"),
        fingerprints=(0xC3B42B026CE86B21,),
    )


def test_an_answer_with_three_fingerprints_has_a_body_of_80_bytes() -> None:
    payload = answer(3)
    assert payload[16:20] == bytes.fromhex("50000000")
    read = mtproto.decode_answer(payload)
    assert isinstance(read, ResPQ)
    assert len(read.fingerprints) == 3


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        SAMPLE_REQUEST,
        SAMPLE_ANSWER[:-1],
        SAMPLE_ANSWER + b"\0",
        b"\1" + SAMPLE_ANSWER[1:],
        SAMPLE_ANSWER[:20] + bytes(4) + SAMPLE_ANSWER[24:],
        answer(1, pq=bytes(4)),
        answer(1, pq=b"\x09" + bytes(11)),
        answer(1, pq=b"\xfe" + bytes(11)),
        with_body(SAMPLE_ANSWER[20:72]),
        with_body(SAMPLE_ANSWER[20:60]),
        with_body(SAMPLE_ANSWER[20:56]),
        SAMPLE_ANSWER[:68] + bytes(4) + SAMPLE_ANSWER[72:],
        SAMPLE_ANSWER[:72] + b"\xff\xff\xff\xff" + SAMPLE_ANSWER[76:],
    ],
)
def test_a_payload_that_is_no_res_pq_is_malformed(payload: bytes) -> None:
    assert isinstance(mtproto.decode_answer(payload), Malformed)


@strategies.examples
@given(st.one_of(st.binary(max_size=120), strategies.damaged(st.integers(0, 4).map(answer))))
def test_any_payload_is_an_answer_or_malformed(payload: bytes) -> None:
    assert isinstance(mtproto.decode_answer(payload), ResPQ | Malformed)


def test_abridged_starts_with_42_bytes() -> None:
    transport = Abridged()
    assert transport.open() + transport.frame(SAMPLE_REQUEST) == b"\xef\x0a" + SAMPLE_REQUEST


def test_intermediate_starts_with_48_bytes() -> None:
    transport = Intermediate()
    assert transport.open() + transport.frame(SAMPLE_REQUEST) == bytes.fromhex("eeeeeeee 28000000") + SAMPLE_REQUEST


@pytest.mark.parametrize(
    ("inner", "announced", "framed"),
    [
        (Abridged(), b"\xef" * 4, b"\x0a" + SAMPLE_REQUEST),
        (Intermediate(), b"\xee" * 4, b"\x28\0\0\0" + SAMPLE_REQUEST),
    ],
)
def test_a_server_can_read_the_obfuscated_stream(
    inner: Abridged | Intermediate, announced: bytes, framed: bytes
) -> None:
    transport = Obfuscated(RANDOM64, inner, dc_id=-2)
    opening = transport.open()
    read, write, plain_opening = server_ciphers(opening)
    assert opening[:56] == RANDOM64[:56]
    assert plain_opening[56:62] == announced + b"\xfe\xff"
    assert plain_opening[62:] == RANDOM64[62:]
    assert read(transport.frame(SAMPLE_REQUEST)) == framed
    assert transport.feed(write(type(inner)().frame(SAMPLE_ANSWER))) == [SAMPLE_ANSWER]


@pytest.mark.parametrize(
    "start",
    [b"\xef000", b"HEAD", b"POST", b"GET ", b"OPTI", b"\xee" * 4, b"\xdd" * 4, b"\x16\x03\x01\x02", b"0000\0\0\0\0"],
)
def test_an_opening_that_looks_like_something_else_is_refused(start: bytes) -> None:
    random64 = start + RANDOM64[len(start) :]
    assert not mtproto.usable_random(random64)
    with pytest.raises(ValueError, match="another transport"):
        Obfuscated(random64, Abridged(), 2)


def test_an_opening_of_another_size_is_refused() -> None:
    assert mtproto.usable_random(RANDOM64)
    assert not mtproto.usable_random(b"")
    assert not mtproto.usable_random(RANDOM64[:63])


@pytest.mark.parametrize("transport", [Abridged(), Intermediate(), Obfuscated(RANDOM64, Abridged(), 2)])
@pytest.mark.parametrize("payload", [b"", b"123", bytes(mtproto.MAX_FRAME_BYTES + 4)])
def test_a_payload_that_no_frame_carries_is_refused(transport: mtproto.Transport, payload: bytes) -> None:
    with pytest.raises(ValueError, match="payload"):
        transport.frame(payload)


@pytest.mark.parametrize(
    ("transport", "stream", "code"),
    [
        (Abridged(), "01 6cfeffff", -404),
        (Intermediate(), "04000000 6cfeffff", -404),
        (Abridged(), "01 53feffff", -429),
    ],
)
def test_a_four_byte_frame_with_a_negative_number_is_a_transport_error(
    transport: mtproto.Transport, stream: str, code: int
) -> None:
    assert transport.feed(bytes.fromhex(stream)) == [TransportError(code)]


def test_a_four_byte_frame_with_another_number_is_a_payload() -> None:
    assert Abridged().feed(bytes.fromhex("01 94010000")) == [bytes.fromhex("94010000")]


@pytest.mark.parametrize(
    ("transport", "stream"),
    [
        (Abridged(), "00"),
        (Abridged(), "80aabbcc"),
        (Abridged(), "7f 014000"),
        (Abridged(), "7f 000000"),
        (Intermediate(), "00000000"),
        (Intermediate(), "04000080"),
        (Intermediate(), "485454 50"),
    ],
)
def test_a_length_that_no_answer_has_ends_the_stream(transport: mtproto.Transport, stream: str) -> None:
    good = transport.frame(SAMPLE_ANSWER)
    received = transport.feed(good + bytes.fromhex(stream) + good)
    assert received[0] == SAMPLE_ANSWER
    assert isinstance(received[1], Malformed)
    assert received[2:] == []
    assert transport.feed(good) == []


@pytest.mark.parametrize(("transport", "header"), [(Abridged(), b"\x7f\x00\x40\x00"), (Intermediate(), b"\0\0\1\0")])
def test_the_longest_frame_is_read(transport: mtproto.Transport, header: bytes) -> None:
    payload = bytes(mtproto.MAX_FRAME_BYTES)
    assert transport.frame(payload) == header + payload
    assert transport.feed(header + payload) == [payload]


def written(made: type[Abridged | Intermediate]) -> st.SearchStrategy[bytes]:
    """Streams of frames, some of them long enough for abridged's long header, some with damage."""
    payloads = st.integers(1, 140).flatmap(lambda words: st.binary(min_size=words * 4, max_size=words * 4))
    whole = st.lists(payloads, max_size=4).map(lambda frames: b"".join(map(made().frame, frames)))
    return st.one_of(whole, strategies.damaged(whole), st.binary(max_size=60))


def received(transport: mtproto.Transport, pieces: Sequence[bytes]) -> list[mtproto.Received]:
    return [one for piece in pieces for one in transport.feed(piece)]


@strategies.examples
@given(st.data(), st.sampled_from([Abridged, Intermediate]), st.booleans())
def test_a_stream_is_read_alike_however_it_is_cut(
    data: st.DataObject, made: type[Abridged | Intermediate], obfuscated: bool
) -> None:
    def transport() -> mtproto.Transport:
        return Obfuscated(RANDOM64, made(), 2) if obfuscated else made()

    _, encrypt, _ = server_ciphers(Obfuscated(RANDOM64, made(), 2).open())
    streams = written(made)
    stream, pieces = data.draw(strategies.cut(streams.map(encrypt) if obfuscated else streams))
    at_once = transport().feed(stream)
    assert received(transport(), pieces) == at_once
    assert received(transport(), [stream[at : at + 1] for at in range(len(stream))]) == at_once
    assert not any(isinstance(one, Malformed) for one in at_once[:-1])


@strategies.examples
@given(
    st.lists(st.integers(2, 300).flatmap(lambda words: st.binary(min_size=words * 4, max_size=words * 4)), max_size=4),
    st.sampled_from([Abridged, Intermediate]),
)
def test_every_payload_survives_its_frame(payloads: list[bytes], made: type[Abridged | Intermediate]) -> None:
    sender = made()
    assert made().feed(b"".join(map(sender.frame, payloads))) == payloads
