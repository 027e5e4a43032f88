"""A resolver that knows only the zone it was given (RFC 1035, 3596) in the ways of unbound 1.17.1 with static zones."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from callcheck.lab.servers.responder import Address, Datagram, Setting, StreamReply

ANSWER_TTL_S: Final = 60
TLS_PROTOCOLS: Final = ("dot",)

_HEADER_BYTES: Final = 12
_A: Final = 1
_AAAA: Final = 28
_IN: Final = 1
_IS_ANSWER: Final = 0x8000
_OPCODE_BITS: Final = 0x7800
_AUTHORITATIVE: Final = 0x0400
_RECURSION_DESIRED: Final = 0x0100
_RECURSION_AVAILABLE: Final = 0x0080
_KEPT_BITS: Final = _OPCODE_BITS | _RECURSION_DESIRED

_FORMAT_ERROR: Final = 1
_NO_SUCH_NAME: Final = 3
_NOT_IMPLEMENTED: Final = 4
_REFUSED: Final = 5


@dataclass(frozen=True, slots=True)
class _Question:
    name: str
    record_type: int
    record_class: int
    end: int


def answer_query(query: bytes, names: Mapping[str, tuple[str, ...]]) -> bytes | None:
    """The answer to one message; None for what is no query at all. `names` is in lower case.

    A name that is known has its addresses, IPv4 as A and IPv6 as AAAA, or nothing (any other type); a name that is not
    known does not exist.
    Additional records such as OPT (RFC 6891) are passed over.
    """
    if len(query) < _HEADER_BYTES:
        return None
    (flags,) = struct.unpack_from(">H", query, 2)
    if flags & _IS_ANSWER:
        return None
    question = _parse_question(query)
    if question is None:
        return _with_flags(query, flags, _FORMAT_ERROR)
    added_flags, addresses = _outcome(question, flags, names)
    return _with_flags(query[: question.end], flags, added_flags, answers=addresses)


def _outcome(question: _Question, flags: int, names: Mapping[str, tuple[str, ...]]) -> tuple[int, tuple[str, ...]]:
    """The flags and the addresses that answer a well-formed question."""
    if flags & _OPCODE_BITS:
        return _NOT_IMPLEMENTED, ()
    if question.record_class != _IN:
        return _REFUSED, ()
    addresses = names.get(question.name)
    if addresses is None:
        return _AUTHORITATIVE | _NO_SUCH_NAME, ()
    return _AUTHORITATIVE, tuple(one for one in addresses if _type_of(one) == question.record_type)


def _type_of(address: str) -> int:
    return _A if ipaddress.ip_address(address).version == 4 else _AAAA


def _parse_question(query: bytes) -> _Question | None:
    """The only question; None when there is none or more than one, or when its name is malformed or compressed."""
    if struct.unpack_from(">H", query, 4) != (1,):
        return None
    labels: list[str] = []
    offset = _HEADER_BYTES
    while offset < len(query) and query[offset]:
        label_end = offset + 1 + query[offset]
        if query[offset] > 63 or label_end > len(query):
            return None
        labels.append(query[offset + 1 : label_end].decode("latin-1"))
        offset = label_end
    end = offset + 5
    if end > len(query) or end - _HEADER_BYTES > 255 + 4:
        return None
    record_type, record_class = struct.unpack_from(">HH", query, offset + 1)
    return _Question(".".join(labels).lower(), record_type, record_class, end)


def _with_flags(asked: bytes, flags: int, added: int, *, answers: tuple[str, ...] = ()) -> bytes:
    """The question as it was asked, with the answer's flags, counts and address records."""
    answer_flags = _IS_ANSWER | flags & _KEPT_BITS | added
    if added not in {_NOT_IMPLEMENTED, _FORMAT_ERROR}:
        answer_flags |= _RECURSION_AVAILABLE
    header = asked[:2] + struct.pack(">H", answer_flags) + asked[4:6] + struct.pack(">HHH", len(answers), 0, 0)
    return header + asked[_HEADER_BYTES:] + b"".join(map(_record, answers))


def _record(address: str) -> bytes:
    """An address of the name asked for, to which its first two bytes point."""
    packed = ipaddress.ip_address(address).packed
    return struct.pack(">HHHIH", 0xC000 | _HEADER_BYTES, _type_of(address), _IN, ANSWER_TTL_S, len(packed)) + packed


class DnsOverUdp:
    """One query a datagram. Answers are never truncated: the lab's are short."""

    def __init__(self, setting: Setting) -> None:
        self._names = setting.names

    def received(self, data: bytes, source: Address) -> Iterable[Datagram]:
        answer = answer_query(data, self._names)
        return () if answer is None else (Datagram(answer, source),)


class DnsOverTcp:
    """Queries one after another, each behind its length in two bytes (RFC 1035 section 4.2.2)."""

    def __init__(self, setting: Setting) -> None:
        self._names = setting.names
        self._buffer = bytearray()

    def received(self, data: bytes) -> StreamReply:
        self._buffer += data
        answers = bytearray()
        while len(self._buffer) >= 2:
            end = 2 + int.from_bytes(self._buffer[:2], "big")
            if len(self._buffer) < end:
                break
            answer = answer_query(bytes(self._buffer[2:end]), self._names)
            del self._buffer[:end]
            if answer is not None:
                answers += struct.pack(">H", len(answer)) + answer
        return StreamReply(bytes(answers))


def datagram_responder(setting: Setting) -> DnsOverUdp:
    """The resolver on UDP."""
    return DnsOverUdp(setting)


def stream_responder(setting: Setting, _peer: Address) -> DnsOverTcp:
    """The resolver on TCP, and in TLS (RFC 7858)."""
    return DnsOverTcp(setting)
