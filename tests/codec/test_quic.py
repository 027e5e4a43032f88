"""The version-independent part of QUIC, against RFC 8999, RFC 9000, RFC 9001 appendix A and aioquic."""

from __future__ import annotations

import pytest
from aioquic._buffer import Buffer
from aioquic.quic.packet import QuicPacketType, encode_quic_version_negotiation, pull_quic_header
from hypothesis import given
from hypothesis import strategies as st

from callcheck.codec import Malformed, quic

DESTINATION, SOURCE = bytes.fromhex("8394c8f03e515708"), bytes(range(0xA0, 0xA8))
# RFC 9001 appendix A.2: the client's unprotected Initial header begins so; A.5 is a short header.
RFC9001_A2 = bytes.fromhex("c300000001088394c8f03e5157080000449e00000002")
RFC9001_A5 = bytes.fromhex("4cfe4189655e5cd55c41f69080575d7999c25a5bfb")
# RFC 9000 section 17.2.1, figure 14, by hand: unused bits, version 0, our ids turned round, versions 1 and 2.
NEGOTIATION = b"\x80\0\0\0\0\x08" + SOURCE + b"\x08" + DESTINATION + bytes.fromhex("000000016b3343cf")
PROBE = quic.version_probe(DESTINATION, SOURCE)


def test_the_probe_is_a_padded_long_header_of_a_version_that_is_set_aside() -> None:
    assert len(PROBE) == 1200
    assert PROBE[:6] == bytes.fromhex("c01a2a3a4a08")
    assert PROBE[6:14] == DESTINATION
    assert PROBE[14:23] == b"\x08" + SOURCE
    assert not any(PROBE[23:])
    assert quic.UNKNOWN_VERSION & 0x0F0F0F0F == 0x0A0A0A0A


def test_a_header_of_version_1_is_that_of_the_rfc() -> None:
    probe = quic.version_probe(DESTINATION, b"", version=quic.VERSION_1)
    assert probe[1:15] == RFC9001_A2[1:15]


def test_aioquic_reads_the_probe_as_we_mean_it() -> None:
    header = pull_quic_header(Buffer(data=PROBE), host_cid_length=8)
    assert (header.version, header.destination_cid, header.source_cid) == (0x1A2A3A4A, DESTINATION, SOURCE)


def test_the_negotiation_of_the_rfc_is_read() -> None:
    assert quic.decode_versions(NEGOTIATION) == quic.VersionNegotiation(SOURCE, DESTINATION, (1, 0x6B3343CF))
    assert quic.answers_probe(NEGOTIATION, PROBE) is not None


@given(st.binary(max_size=20), st.binary(max_size=20), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40))
def test_what_aioquic_writes_is_read(source: bytes, destination: bytes, versions: list[int]) -> None:
    datagram = encode_quic_version_negotiation(
        source_cid=source, destination_cid=destination, supported_versions=versions
    )
    assert quic.decode_versions(datagram) == quic.VersionNegotiation(destination, source, tuple(versions))
    assert pull_quic_header(Buffer(data=datagram)).packet_type is QuicPacketType.VERSION_NEGOTIATION


def test_connection_ids_of_other_versions_may_be_longer() -> None:
    """RFC 8999 section 5.1: up to 255 bytes."""
    heard = quic.decode_versions(b"\xff\0\0\0\0\xff" + bytes(255) + b"\x00" + b"\0\0\0\1")
    assert heard == quic.VersionNegotiation(bytes(255), b"", (1,))


@pytest.mark.parametrize(
    "datagram",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(RFC9001_A5, id="short header"),
        pytest.param(RFC9001_A2, id="Initial"),
        pytest.param(NEGOTIATION[:-8], id="no version"),
        pytest.param(NEGOTIATION[:-1], id="half a version"),
        pytest.param(b"\x80\0\0\0\0\xff" + bytes(9), id="id longer than the packet"),
        pytest.param(b"\x80\0\0\0\0\x00\x09" + bytes(8), id="second id longer than the packet"),
    ],
)
def test_anything_else_is_malformed(datagram: bytes) -> None:
    assert isinstance(quic.decode_versions(datagram), Malformed)


@pytest.mark.parametrize(
    "datagram",
    [
        pytest.param(PROBE, id="the probe sent back"),
        pytest.param(NEGOTIATION.replace(SOURCE, bytes(8)), id="another's answer"),
        pytest.param(b"\x80\0\0\0\0\x08" + DESTINATION + b"\x08" + SOURCE + b"\0\0\0\1", id="ids not turned round"),
        pytest.param(NEGOTIATION + bytes.fromhex("1a2a3a4a"), id="lists the version that it refuses"),
    ],
)
def test_an_answer_to_something_else_does_not_answer_the_probe(datagram: bytes) -> None:
    assert quic.answers_probe(datagram, PROBE) is None


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_bytes_make_it_raise(head: bytes, rest: bytes) -> None:
    for datagram in (head, b"\x80\0\0\0\0" + head, b"\xc0\0\0\0\0\x04" + head + rest):
        quic.answers_probe(datagram, PROBE)
        quic.answers_probe(datagram, rest)


@pytest.mark.parametrize(
    ("destination", "source", "size_bytes"), [(bytes(7), b"", 1200), (bytes(21), b"", 1200), (bytes(8), bytes(8), 22)]
)
def test_a_header_that_may_not_be_is_refused(destination: bytes, source: bytes, size_bytes: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        quic.version_probe(destination, source, size_bytes=size_bytes)
