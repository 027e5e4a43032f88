"""Recognises flows by how they begin: TLS with a name, WhatsApp's Noise, Telegram's transports, DTLS, QUIC.

A middlebox knows such a flow by one packet and treats all that follows as part of it. So do the matchers here: they
say True for the packet by which a flow is recognised and for every later one, in both directions, until the flow was
silent for its time. TCP streams are read from the client's first byte on, up to 4096 bytes, put in order.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from callcheck.lab.wire.frames import TCP, UDP, FlowKey, Packet, tcp_header
from callcheck.lab.wire.hello import dtls_fingerprint, is_dtls_hello, is_tls_hello, is_tls_record_whole, tls_hello
from callcheck.lab.wire.memory import Memory
from callcheck.lab.wire.payloads import is_named
from callcheck.lab.wire.quic import InitialReader, is_initial
from callcheck.lab.wire.reading import Pieces
from callcheck.lab.wire.spec_rule import Match

_SYN: Final = 2
_NOISE: Final = (b"\x57\x41\x06", b"\xed\x00\x01")  # facts/calls-on-the-wire.md 2.2; the second is a routing preface
# facts/calls-on-the-wire.md 3.2: abridged, intermediate, padded. The obfuscated transport, which real apps use, is
# random from its first byte and has no signature: no rule of this kind can mean it.
_MTPROTO: Final = (b"\xef", b"\xee\xee\xee\xee", b"\xdd\xdd\xdd\xdd")

Starts = Callable[[Packet, bytes, int], bool]
"""Takes a packet, its frame and the time: whether its flow is recognised, by this packet or before it."""
_Stream = Callable[[bytes], bool | None]
_Datagram = Callable[[bytes, FlowKey, int], bool]


def starts_of(match: Match, idle_ns: int) -> Starts | None:
    """What recognises flows of the match's payload class; None for a class that goes by single packets."""
    streams: dict[str | None, _Stream] = {
        "sni": partial(_is_tls, match.names),
        "noise": partial(_has_prefix, _NOISE),
        "mtproto": partial(_has_prefix, _MTPROTO),
    }
    if match.payload in streams:
        return StreamStarts(streams[match.payload], idle_ns)
    if match.payload == "dtls_hello":
        return DatagramStarts(partial(_is_dtls, match.fingerprints), idle_ns)
    if match.payload == "quic_initial":
        is_quic = partial(_is_quic_named, InitialReader(idle_ns), match.names) if match.names else _is_quic
        return DatagramStarts(is_quic, idle_ns)
    return None


class _Opening:
    """A TCP stream that is not recognised yet: its bytes so far, by their distance from the first."""

    __slots__ = ("first_sequence", "pieces")

    def __init__(self, first_sequence: int) -> None:
        self.first_sequence = first_sequence
        self.pieces = Pieces()


class StreamStarts:
    """Flows that are recognised by the first bytes that their client sends over TCP.

    A SYN begins a flow anew. Where none was seen, the first segment with bytes counts as the first.
    """

    def __init__(self, recognise: _Stream, idle_ns: int) -> None:
        """`recognise` takes the stream's beginning; None asks for more of it."""
        self._recognise = recognise
        self._flows: Memory[_Opening | bool] = Memory(idle_ns)

    def __call__(self, packet: Packet, frame: bytes, now_ns: int) -> bool:
        if packet.protocol != TCP:
            return False
        known = self._flows.get(packet.flow, now_ns)
        is_settled = isinstance(known, bool)
        if not packet.is_up or (is_settled and packet.payload):
            return known is True
        header = tcp_header(packet, frame)
        if header is None:
            return known is True
        if header.flags & _SYN:
            self._flows.put(packet.flow, _Opening(header.sequence + 1), now_ns)
            return False
        if isinstance(known, bool) or not packet.payload:
            return known is True
        opening = known or _Opening(header.sequence)
        answer = self._read(opening, (header.sequence - opening.first_sequence) % 2**32, packet.payload)
        self._flows.put(packet.flow, opening if answer is None else answer, now_ns)
        return answer is True

    def _read(self, opening: _Opening, offset: int, payload: bytes) -> bool | None:
        opening.pieces.add(offset, payload)
        answer = self._recognise(opening.pieces.beginning())
        return False if answer is None and opening.pieces.is_full() else answer


class DatagramStarts:
    """Flows that are recognised by any UDP datagram of theirs: a call's DTLS comes after its STUN."""

    def __init__(self, recognise: _Datagram, idle_ns: int) -> None:
        self._recognise = recognise
        self._flows: Memory[bool] = Memory(idle_ns)

    def __call__(self, packet: Packet, _frame: bytes, now_ns: int) -> bool:
        if packet.protocol != UDP:
            return False
        if self._flows.get(packet.flow, now_ns):
            return True
        if not self._recognise(packet.payload, packet.flow, now_ns):
            return False
        self._flows.put(packet.flow, True, now_ns)
        return True


def _has_prefix(prefixes: tuple[bytes, ...], stream: bytes) -> bool | None:
    if stream.startswith(prefixes):
        return True
    return None if any(prefix.startswith(stream) for prefix in prefixes) else False


def _is_tls(names: tuple[str, ...], stream: bytes) -> bool | None:
    answer = is_tls_hello(stream)
    if not answer or not names:
        return answer
    if not is_tls_record_whole(stream):
        return None
    hello = tls_hello(stream)
    return hello is not None and is_named(hello.server_name(), names)


def _is_dtls(fingerprints: tuple[str, ...], payload: bytes, _flow: FlowKey, _now_ns: int) -> bool:
    return is_dtls_hello(payload) and (not fingerprints or dtls_fingerprint(payload) in fingerprints)


def _is_quic(payload: bytes, _flow: FlowKey, _now_ns: int) -> bool:
    return is_initial(payload)


def _is_quic_named(reader: InitialReader, names: tuple[str, ...], payload: bytes, flow: FlowKey, now_ns: int) -> bool:
    hello = reader.hello(payload, flow, now_ns)
    return hello is not None and is_named(hello.server_name(), names)
