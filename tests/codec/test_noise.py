"""WhatsApp's first two messages: the bytes of the facts, a stream cut anywhere, and bytes that are none of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcheck.codec import Malformed, noise
from callcheck.codec.noise import ServerHello, ServerHelloReader
from tests.codec import strategies

EPHEMERAL = bytes(range(32))
HELLO = ServerHello(EPHEMERAL, bytes(48), bytes(300))


def varint(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups[-1] |= 0x80
        groups.append(value & 0x7F)
    return bytes(groups)


def field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(3, "big") + message


def server_stream(hello: ServerHello, extra: bytes = b"") -> bytes:
    inner = field(1, hello.ephemeral) + field(2, hello.static) + field(3, hello.payload) + extra
    return framed(field(3, inner))


server_hellos = st.builds(
    ServerHello,
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=1, max_size=60),
    st.binary(min_size=1, max_size=400),
)


def test_a_client_hello_is_the_43_bytes_of_the_facts() -> None:
    hello = noise.client_hello(EPHEMERAL)
    assert hello == bytes.fromhex("57410603 000024 12220a20") + EPHEMERAL
    assert len(hello) == 43


def test_an_ephemeral_key_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="ephemeral"):
        noise.client_hello(bytes(31))


def test_a_server_hello_is_read_with_what_follows_it_left_alone() -> None:
    stream = server_stream(HELLO)
    assert stream[3] == 0x1A
    assert ServerHelloReader().feed(stream + b"more") == HELLO


def test_nothing_is_known_until_the_frame_is_whole() -> None:
    reader = ServerHelloReader()
    stream = server_stream(HELLO)
    assert reader.feed(stream[:2]) is None
    assert reader.feed(stream[2:-1]) is None
    assert reader.feed(stream[-1:]) == HELLO
    assert reader.feed(b"anything") == HELLO


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(varint(4 << 3) + varint(2**63), id="varint"),
        pytest.param(varint(900 << 3 | 1) + bytes(8), id="64 bits"),
        pytest.param(varint(5 << 3 | 5) + bytes(4), id="32 bits"),
        pytest.param(field(6, b"later"), id="bytes"),
    ],
)
def test_fields_that_a_later_server_adds_are_passed_over(extra: bytes) -> None:
    assert ServerHelloReader().feed(server_stream(HELLO, extra)) == HELLO


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(bytes(3), id="empty frame"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="HTTP"),
        pytest.param(bytes.fromhex("004001"), id="frame too long"),
        pytest.param(bytes.fromhex("15030300020228") + bytes(0x150303), id="TLS alert"),
        pytest.param(framed(field(2, field(1, EPHEMERAL))), id="a client hello"),
        pytest.param(framed(b"\x1a"), id="no length"),
        pytest.param(framed(b"\x1a\x05abc"), id="length past the end"),
        pytest.param(framed(b"\x1a" + b"\xff" * 11), id="endless varint"),
        pytest.param(framed(b"\x1a" + b"\x80" * 10 + b"\0" + server_stream(HELLO)[3:]), id="varint of 11 bytes"),
        pytest.param(framed(field(3, b"\x0b")), id="group"),
        pytest.param(framed(field(3, b"\x09abc")), id="cut 64 bits"),
        pytest.param(framed(field(3, b"\x0dabc")), id="cut 32 bits"),
        pytest.param(framed(field(3, b"")), id="nothing inside"),
        pytest.param(server_stream(ServerHello(bytes(31), b"s", b"p")), id="short key"),
        pytest.param(server_stream(ServerHello(EPHEMERAL, b"", b"p")), id="no static key"),
        pytest.param(server_stream(ServerHello(EPHEMERAL, b"s", b"")), id="no certificate"),
    ],
)
def test_what_is_no_server_hello_is_malformed_for_good(stream: bytes) -> None:
    reader = ServerHelloReader()
    assert isinstance(reader.feed(stream), Malformed)
    assert isinstance(reader.feed(server_stream(HELLO)), Malformed)


@strategies.examples
@given(server_hellos)
def test_every_server_hello_survives_its_frame(hello: ServerHello) -> None:
    assert ServerHelloReader().feed(server_stream(hello)) == hello


@strategies.examples
@given(
    strategies.cut(
        st.one_of(
            st.binary(max_size=60),
            server_hellos.map(server_stream),
            strategies.damaged(server_hellos.map(server_stream)),
        )
    )
)
def test_a_stream_is_read_alike_however_it_is_cut(example: tuple[bytes, list[bytes]]) -> None:
    stream, pieces = example
    at_once = ServerHelloReader().feed(stream)
    assert isinstance(at_once, ServerHello | Malformed | None)
    reader, slow_reader = ServerHelloReader(), ServerHelloReader()
    assert [reader.feed(piece) for piece in pieces][-1] == at_once
    assert [slow_reader.feed(stream[at : at + 1]) for at in range(len(stream))][-1:] == [at_once][: len(stream)]
