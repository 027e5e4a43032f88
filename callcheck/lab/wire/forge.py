"""Frames that the middlebox makes itself: resets of TCP connections, and answers to DNS questions.

Every frame is a whole IP packet with right checksums, addressed like the frame that it answers. Total: never raises.
"""

import struct
from typing import Final

from callcheck.lab.wire.frames import ETHERNET_BYTES, TCP, UDP, Packet, tcp_header
from callcheck.lab.wire.reading import Cursor, ShortError

Injected = tuple[bool, bytes]
"""Whether the frame goes up, and the frame."""

_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16
_TTL: Final = 64
_ANSWER_TTL_S: Final = 60
_CLASS_IN: Final = 1
_TYPE_BY_BYTES: Final = {4: 1, 16: 28}  # A and AAAA: RFC 1035 section 3.2.2, RFC 3596 section 2.1
_NAME_OF_QUESTION: Final = b"\xc0\x0c"  # RFC 1035 section 4.1.4: the name is at byte 12
_IS_RESPONSE: Final = 0x8000
_KEPT_FLAGS: Final = 0x7900  # opcode and "recursion desired" come back as they were asked
_RECURSION_AVAILABLE: Final = 0x0080


def resets(packet: Packet, frame: bytes) -> tuple[Injected, Injected] | None:
    """Frames that end the packet's connection at both ends, as if it never arrived (RFC 9293 section 3.10.7).

    None where it is not TCP with a header, or is a reset itself. Each has the number that its receiver awaits next:
    the receiver of the packet awaits the packet's own, and its sender what the packet acknowledges.
    """
    header = tcp_header(packet, frame)
    if header is None or header.flags & _RST:
        return None
    has_acknowledged = bool(header.flags & _ACK)
    acknowledged = header.acknowledgement if has_acknowledged else 0
    taken = len(packet.payload) + bool(header.flags & _SYN) + bool(header.flags & _FIN)
    onward = _tcp_segment(header.sequence, acknowledged, _RST | _ACK if has_acknowledged else _RST)
    back = _tcp_segment(acknowledged, (header.sequence + taken) % 2**32, _RST | _ACK)
    return (
        (packet.is_up, _frame(packet, frame, onward, is_back=False)),
        (not packet.is_up, _frame(packet, frame, back, is_back=True)),
    )


def dns_answer(packet: Packet, frame: bytes, address: bytes) -> bytes | None:
    """The frame that answers a DNS question over UDP with this address; None where the packet holds no question.

    A question of another type than the address's (or of another class than IN) gets an empty answer without error.
    """
    question = _question(packet)
    if question is None:
        return None
    kind, question_class = struct.unpack("!HH", question[-4:])
    is_answered = kind == _TYPE_BY_BYTES[len(address)] and question_class == _CLASS_IN
    record = _NAME_OF_QUESTION + struct.pack("!HHIH", kind, _CLASS_IN, _ANSWER_TTL_S, len(address)) + address
    asked_flags = int.from_bytes(packet.payload[2:4], "big")
    flags = _IS_RESPONSE | _RECURSION_AVAILABLE | asked_flags & _KEPT_FLAGS
    header = packet.payload[:2] + struct.pack("!HHHHH", flags, 1, int(is_answered), 0, 0)
    message = header + question + (record if is_answered else b"")
    return _frame(packet, frame, struct.pack("!HH", 8 + len(message), 0) + message, is_back=True)


def _question(packet: Packet) -> bytes | None:
    """The first question of a DNS question on its way up, as it stands in the message (RFC 1035 section 4.1.2)."""
    message = packet.payload
    if packet.protocol != UDP or not packet.is_up or len(message) < 12:
        return None
    if message[2] & 0x80 or message[4:6] == b"\0\0":
        return None
    cursor = Cursor(message)
    try:
        cursor.take(12)
        while label_bytes := cursor.number(1):
            if label_bytes > 63:  # a pointer, which no question needs
                return None
            cursor.take(label_bytes)
        cursor.take(4)  # type and class
    except ShortError:
        return None
    return message[12 : cursor.at]


def _tcp_segment(sequence: int, acknowledgement: int, flags: int) -> bytes:
    """A TCP header without its ports: no options, no window, and a checksum of nought for now."""
    return struct.pack("!IIBBHHH", sequence, acknowledgement, 5 << 4, flags, 0, 0, 0)


def _frame(packet: Packet, frame: bytes, segment: bytes, *, is_back: bool) -> bytes:
    """A frame between the packet's ends; `segment` follows the ports. `is_back`: towards the packet's sender."""
    near = (packet.near_address, packet.near_port)
    remote = (packet.remote_address, packet.remote_port)
    source, destination = (near, remote) if packet.is_up != is_back else (remote, near)
    ports = struct.pack("!HH", source[1], destination[1])
    whole = _with_checksum(ports + segment, packet.protocol, source[0] + destination[0])
    ethernet = frame[6:12] + frame[:6] if is_back else frame[:12]
    return (
        ethernet + frame[12:ETHERNET_BYTES] + _ip_header(packet.protocol, source[0], destination[0], len(whole)) + whole
    )


def _ip_header(protocol: int, source: bytes, destination: bytes, segment_bytes: int) -> bytes:
    if len(source) == 16:  # RFC 8200 section 3
        return struct.pack("!IHBB", 6 << 28, segment_bytes, protocol, _TTL) + source + destination
    # RFC 791 section 3.1: no options, not to be fragmented
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + segment_bytes, 0, 0x4000, _TTL, protocol, 0) + source + destination
    return header[:10] + _checksum(header).to_bytes(2, "big") + header[12:]


def _with_checksum(segment: bytes, protocol: int, addresses: bytes) -> bytes:
    """The segment with its checksum filled in (RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1)."""
    at = 16 if protocol == TCP else 6
    checksum = _checksum(addresses + struct.pack("!II", len(segment), protocol) + segment)
    if protocol == UDP and checksum == 0:
        checksum = 0xFFFF  # RFC 768: nought would say that there is no checksum
    return segment[:at] + checksum.to_bytes(2, "big") + segment[at + 2 :]


def _checksum(data: bytes) -> int:  # RFC 1071
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
