"""Telegram's UDP call reflector (ports 596-599): hello, its answers, and data between the two sides of a call.

Source: facts 3.3(b), from DrKLO/Telegram tgcalls/v2/ReflectorPort.cpp, libtgvoip VoIPController.cpp and the captures
named there. A datagram begins with a 16-byte peer tag: side (0 caller, 1 callee), 11 bytes that the two sides share,
and 4 bytes of the sender's own, its client tag.
"""

import ipaddress
import struct
from dataclasses import dataclass
from typing import Literal

from callcheck.codec import Malformed

TAG_BYTES = 16
HELLO_BYTES = 40
SELF_INFO_BYTES = 64
PEER_INFO_BYTES = 48
DATA_HEADER_BYTES = 24

CLIENT_QUERY_ID = bytes.fromhex("000000000000007b")
"""What tgcalls sends in every hello; a query id of one's own tells answers apart, as libtgvoip's does."""

_SPECIAL = b"\xff" * 12
_HELLO = b"\xfe\xff\xff\xff"
_SELF_INFO = 0xC01572C7
_PEER_INFO = 0x27D9371C


@dataclass(frozen=True, slots=True)
class SelfInfo:
    """The reflector's answer to a hello: the sender's address as it saw it, and its own clock in Unix seconds."""

    peer_tag: bytes
    query_id: bytes
    date_unix_s: int
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class PeerInfo:
    """Own and peer's address as the reflector sees them (IPv4); the layout is libtgvoip's reading, not a capture's."""

    peer_tag: bytes
    own_address: str
    own_port: int
    peer_address: str
    peer_port: int


@dataclass(frozen=True, slots=True)
class Data:
    """A packet between the two sides.

    `tag_head` is the peer tag's first 12 bytes: the sender's own on the way to the reflector; the receiver's on the
    way back, where the reflector rewrites byte 0 (inferred: tgcalls drops what does not begin with its own 12 bytes).
    """

    tag_head: bytes
    destination_tag: bytes
    sender_tag: bytes
    payload: bytes


def peer_tag(common: bytes, side: Literal[0, 1], client_tag: bytes) -> bytes:
    """The 16-byte tag of one side from the 11 bytes both share and the 4 bytes of its own, which may not be zero."""
    if len(common) != 11 or len(client_tag) != 4 or client_tag == bytes(4):
        raise ValueError("a peer tag is made of 11 common bytes and 4 bytes that are not all zero")
    return bytes([side]) + common + client_tag


def client_tag(tag: bytes) -> bytes:
    """The last 4 bytes of a peer tag, by which the other side addresses this one."""
    return tag[-4:]


def hello(tag: bytes, query_id: bytes = CLIENT_QUERY_ID) -> bytes:
    """The 40-byte hello; clients repeat it every 500 ms until answered, then every 10 s. `query_id` has 8 bytes."""
    if len(tag) != TAG_BYTES or len(query_id) != 8:
        raise ValueError("a hello has a tag of 16 bytes and a query id of 8")
    return tag + _SPECIAL + _HELLO + query_id


def self_info(answer: SelfInfo) -> bytes:
    """The 64-byte answer to a hello (pcap telegram.pcap, 2020-05-06); an IPv4 address travels as ::ffff:a.b.c.d."""
    if len(answer.peer_tag) != TAG_BYTES or len(answer.query_id) != 8:
        raise ValueError("an answer has a tag of 16 bytes and a query id of 8")
    address = ipaddress.ip_address(answer.address)
    packed = address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed
    head = answer.peer_tag + _SPECIAL + struct.pack("<Ii", _SELF_INFO, answer.date_unix_s)
    return head + answer.query_id + packed + struct.pack("<I", answer.port)


def data(own_tag: bytes, destination_tag: bytes, payload: bytes) -> bytes:
    """A data packet to the side whose client tag is `destination_tag`, padded with zeros to a multiple of 4 bytes."""
    if len(own_tag) != TAG_BYTES or len(destination_tag) != 4 or not payload:
        raise ValueError("a data packet has a tag of 16 bytes, a destination of 4 and a payload")
    packet = own_tag[:12] + destination_tag + client_tag(own_tag) + struct.pack("!I", len(payload)) + payload
    return packet + bytes(-len(packet) % 4)


def decode(datagram: bytes) -> SelfInfo | PeerInfo | Data | Malformed:
    """What a reflector sent. Never raises; longer special packets are read like tgcalls does, by their first bytes."""
    if len(datagram) <= DATA_HEADER_BYTES:
        return Malformed(f"{len(datagram)} bytes are no reflector packet")
    if datagram[16:28] != _SPECIAL:
        return _data(datagram)
    kind = int.from_bytes(datagram[28:32], "little")
    if kind == _SELF_INFO and len(datagram) >= SELF_INFO_BYTES:
        return _self_info(datagram)
    if kind == _PEER_INFO and len(datagram) >= PEER_INFO_BYTES:
        return _peer_info(datagram)
    return Malformed(f"a special packet of type {kind:#010x} and {len(datagram)} bytes")


def _data(datagram: bytes) -> Data | Malformed:
    size_bytes = int.from_bytes(datagram[20:24], "big")
    if not 0 < size_bytes <= len(datagram) - DATA_HEADER_BYTES:
        return Malformed(f"a payload of {size_bytes} bytes in a packet of {len(datagram)}")
    payload = datagram[DATA_HEADER_BYTES : DATA_HEADER_BYTES + size_bytes]
    return Data(datagram[:12], datagram[12:16], datagram[16:20], payload)


def _self_info(datagram: bytes) -> SelfInfo | Malformed:
    date_unix_s, query_id, packed, port = struct.unpack_from("<i8s16sI", datagram, 32)
    if port > 0xFFFF:
        return Malformed("a port above 65535")
    address = ipaddress.IPv6Address(packed)
    return SelfInfo(datagram[:16], query_id, date_unix_s, str(address.ipv4_mapped or address), port)


def _peer_info(datagram: bytes) -> PeerInfo | Malformed:
    own_packed, own_port, peer_packed, peer_port = struct.unpack_from("<4sI4sI", datagram, 32)
    if own_port > 0xFFFF or peer_port > 0xFFFF:
        return Malformed("a port above 65535")
    own_address, peer_address = ipaddress.IPv4Address(own_packed), ipaddress.IPv4Address(peer_packed)
    return PeerInfo(datagram[:16], str(own_address), own_port, str(peer_address), peer_port)
