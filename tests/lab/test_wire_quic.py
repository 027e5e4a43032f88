"""QUIC Initials: the vectors of RFC 9001 Appendix A, a real client's, split ones, and hostile ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.crypto import CryptoPair
from hypothesis import given, settings
from hypothesis import strategies as st

from callcheck.lab.wire.hello import ClientHello
from callcheck.lab.wire.quic import InitialReader, client_keys, is_initial

from .test_wire_hello import tls_client_hello

REPOSITORY = Path(__file__).parents[2]
MINUTE_NS = 60_000_000_000
VERSION_1 = 1
# RFC 9001 Appendix A.1 and A.2: the connection ID, the header, and the CRYPTO frame of a client's first Initial.
CONNECTION_ID = bytes.fromhex("8394c8f03e515708")
HEADER = bytes.fromhex("c300000001088394c8f03e5157080000449e00000002")
CRYPTO_FRAME = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
    "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
    "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
    "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
    "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
    "75300901100f088394c8f03e51570806048000ffff"
)
# The protected packet of A.2 at its beginning, and at its end: the authentication tag of all that is in it.
PROTECTED_START = bytes.fromhex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b")
PROTECTED_TAG = bytes.fromhex("e221af44860018ab0856972e194cd934")


def protect(
    header: bytes, frames: bytes, number: int, *, is_client: bool = True, connection_id: bytes = CONNECTION_ID
) -> bytes:
    """A protected Initial as aioquic makes it; `header` ends with the packet number, its length field is ours."""
    pair = CryptoPair()
    pair.setup_initial(cid=connection_id, is_client=is_client, version=VERSION_1)
    return pair.encrypt_packet(header, frames, number)


def rfc_packet() -> bytes:
    return protect(HEADER, CRYPTO_FRAME + bytes(1162 - len(CRYPTO_FRAME)), 2)


def initial(
    frames: bytes,
    *,
    number: int = 0,
    token: bytes = b"",
    is_client: bool = True,
    connection_id: bytes = CONNECTION_ID,
) -> bytes:
    """An Initial of one datagram with a packet number of one byte."""
    length = (0x4000 | 1 + len(frames) + 16).to_bytes(2, "big")
    header = b"\xc0\0\0\0\x01\x08" + connection_id + b"\0" + bytes([len(token)]) + token + length + bytes([number])
    return protect(header, frames, number, is_client=is_client, connection_id=connection_id)


def crypto(offset: int, data: bytes) -> bytes:
    return b"\x06" + (0x4000 | offset).to_bytes(2, "big") + (0x4000 | len(data)).to_bytes(2, "big") + data


def real_initials(name: str) -> list[bytes]:
    """The first flight of aioquic's client."""
    client = QuicConnection(configuration=QuicConfiguration(is_client=True, server_name=name, alpn_protocols=["h3"]))
    client.connect(("203.0.113.9", 443), now=0.0)
    return [datagram for datagram, _ in client.datagrams_to_send(now=0.0)]


def read(*payloads: bytes, reader: InitialReader | None = None, flow: str = "flow") -> ClientHello | None:
    """What the reader says of the last of these datagrams."""
    reader = reader or InitialReader(MINUTE_NS)
    return [reader.hello(payload, flow, now_ns) for now_ns, payload in enumerate(payloads)][-1]


def test_the_keys_are_those_of_rfc_9001_appendix_a_1() -> None:
    keys = client_keys(CONNECTION_ID)
    assert keys.key.hex() == "1f369613dd76d5467730efcbe3b1a22d"
    assert keys.iv.hex() == "fa044b2f42a3fd3b46fb255c"
    assert keys.header_key.hex() == "9f50449e04a0e810283a1e9933adedd2"


def test_the_packet_of_rfc_9001_appendix_a_2_asks_for_example_com() -> None:
    packet = rfc_packet()
    assert len(packet) == 1200
    assert (packet[: len(PROTECTED_START)], packet[-16:]) == (PROTECTED_START, PROTECTED_TAG)
    assert is_initial(packet)
    hello = read(packet)
    assert hello is not None
    assert hello.server_name() == "example.com"
    assert hello.ciphers == (0x1301, 0x1302)


def test_a_real_client_is_read() -> None:
    hello = read(*real_initials("web.whatsapp.com"))
    assert hello is not None
    assert hello.server_name() == "web.whatsapp.com"


def test_a_hello_in_pieces_over_two_datagrams_in_any_order_is_read() -> None:
    message = tls_client_hello("web.whatsapp.com")[5:]
    middle = len(message) // 2
    ack = bytes.fromhex("02 05 00 01 02 00 01") + bytes.fromhex("03 05 00 00 02 01 02 03")  # with a range; with counts
    first = initial(b"\x01" + crypto(20, message[20:middle]) + bytes(30) + ack + crypto(0, message[:20]), token=b"tok")
    second = initial(crypto(middle, message[middle:]), number=1)
    for flight in ((first, second), (second, first)):
        assert read(flight[0]) is None
        hello = read(*flight)
        assert hello is not None
        assert hello.server_name() == "web.whatsapp.com"


def test_pieces_of_other_flows_and_of_flows_long_silent_are_not_put_together() -> None:
    message = tls_client_hello("web.whatsapp.com")[5:]
    first, second = initial(crypto(0, message[:50])), initial(crypto(50, message[50:]), number=1)
    reader = InitialReader(MINUTE_NS)
    assert reader.hello(first, "flow", 0) is None
    assert reader.hello(second, "other", 0) is None
    assert reader.hello(second, "flow", 2 * MINUTE_NS) is None
    assert reader.hello(first, "flow", 2 * MINUTE_NS) is not None


def test_an_attempt_with_another_connection_id_begins_anew_as_after_a_retry() -> None:
    first, second = (tls_client_hello(name)[5:] for name in ("first.example", "second.example"))
    hello = read(initial(crypto(0, first)), initial(crypto(0, second), connection_id=b"retried!", token=b"tok"))
    assert hello is not None
    assert hello.server_name() == "second.example"


def test_a_servers_initial_and_a_changed_one_are_not_read() -> None:
    message = tls_client_hello("web.whatsapp.com")[5:]
    assert read(initial(crypto(0, message), is_client=False)) is None
    changed = bytearray(initial(crypto(0, message)))
    changed[-1] ^= 1
    assert read(bytes(changed)) is None


@pytest.mark.parametrize(
    "payload",
    [
        bytes.fromhex("40") + rfc_packet()[1:],  # a short header
        bytes.fromhex("e0") + rfc_packet()[1:],  # a Handshake packet
        rfc_packet()[:1] + bytes.fromhex("6b3343cf") + rfc_packet()[5:],  # version 2
        rfc_packet()[:1] + bytes.fromhex("babababa") + rfc_packet()[5:],
        rfc_packet()[:5] + b"\x15" + rfc_packet()[6:],  # a connection ID of 21 bytes
        rfc_packet()[:6],
    ],
)
def test_what_is_no_initial_of_version_1_is_none(payload: bytes) -> None:
    assert not is_initial(payload)
    assert read(payload) is None


def test_a_frame_that_no_client_sends_ends_the_reading() -> None:
    message = tls_client_hello("web.whatsapp.com")[5:]
    assert read(initial(b"\x1c" + crypto(0, message))) is None


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_datagram_breaks_the_reader(data: st.DataObject) -> None:
    good = rfc_packet()
    start = data.draw(st.integers(0, 60))
    hostile = good[:start] + data.draw(st.binary(max_size=60)) + good[start + data.draw(st.integers(0, 1200)) :]
    assert read(hostile) is None or hostile == good


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_no_frames_break_the_reader(frames: bytes) -> None:
    assert read(initial(frames + bytes(20))) is None


def test_a_bridge_without_installed_packages_finds_the_cipher_when_a_rule_needs_it_and_not_before() -> None:
    script = """
import sys
from callcheck.lab.wire.rules import RuleBook
from callcheck.lab.wire.spec import read_wire
from callcheck.lab.wire.strict import Table

def load(**match):
    rule = {"match": {"payload": "quic_initial"} | match, "action": {"drop": 1}}
    RuleBook(read_wire(Table({"rule": [rule]})).rules, seed=1, wire="core")
    print("cryptography" in sys.modules)

load()
load(names=["example.com"])
"""
    command = [sys.executable, "-S", "-P", "-c", script]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["False", "True"]
