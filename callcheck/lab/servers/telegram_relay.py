"""Telegram's UDP reflector on ports 596 to 599 (calls-on-the-wire 3.3b)."""

from __future__ import annotations

import ipaddress
import struct
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from callcheck.lab.servers.config_checks import ConfigError, Option, refuse_unknown_keys, shown
from callcheck.lab.servers.responder import Address, Datagram, Setting

_TAG_BYTES: Final = 16
_TAG_PREFIX_BYTES: Final = 12
_SPECIAL: Final = b"\xff" * 12
_HELLO: Final = _SPECIAL + bytes.fromhex("feffffff")
_HELLO_BYTES: Final = 40
_SELF_INFO: Final = 0xC01572C7
_PUBLIC_ENDPOINTS_REQUEST: Final = b"\xff" * 16
_PEER_INFO: Final = 0x27D9371C
_DATA_HEADER_BYTES: Final = 24

# A client says hello every 10 s (calls-on-the-wire 3.3b); how long the real server waits is not known.
_IDLE_S: Final = 60.0
_MOST_PEERS: Final = 4096


def check_options(options: Mapping[str, Option]) -> None:
    """`peer_info`, true or false: whether a client is told its peer's address if it asks."""
    refuse_unknown_keys(options, {"peer_info"}, "telegram_relay")
    if not isinstance(options.get("peer_info", False), bool):
        raise ConfigError(f"peer_info: expected true or false, got {shown(options['peer_info'])}")


@dataclass(frozen=True, slots=True)
class _PeerKey:
    """Who a peer is to the relay: the call, its side (byte 0 of the tag), and the client tag it chose."""

    call: bytes
    side: int
    client_tag: bytes


@dataclass(frozen=True, slots=True)
class _Peer:
    address: Address
    seen_s: float


class TelegramRelay:
    """Answers hello with self-info, and forwards data from one side of a call to the other.

    Confirmed: hello and self-info, byte for byte; the sender's layout of a data packet; that the receiver checks
    its own first 12 bytes. Inferred: that the relay turns byte 0 from 00 to 01 and back and leaves the rest as
    sent, so that the receiver sees its own whole tag; that a forwarded packet refreshes its sender's address, much
    as libtgvoip's MockReflector does.

    With the option `peer_info` it also answers the question that libtgvoip calls a public endpoints request. That
    question, the number of PEER_INFO and how a client reads it are in libtgvoip's VoIPController; that today's relays
    still answer, and that they do so as soon as the other side has said hello, is inferred.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._tells_peers = setting.options.get("peer_info") is True
        self._peers: OrderedDict[_PeerKey, _Peer] = OrderedDict()

    @property
    def peer_count(self) -> int:
        """How many peers are remembered; never more than 4096."""
        return len(self._peers)

    def received(self, data: bytes, source: Address) -> Iterable[Datagram]:
        if len(data) < _TAG_BYTES + len(_SPECIAL):
            return ()
        self._forget_idle_peers()
        if data[_TAG_BYTES : _TAG_BYTES + len(_SPECIAL)] != _SPECIAL:
            return self._forward(data, source)
        if data[_TAG_BYTES:] == _PUBLIC_ENDPOINTS_REQUEST:
            return self._introduce(data, source) if self._tells_peers else ()
        if len(data) == _HELLO_BYTES and data[_TAG_BYTES : _TAG_BYTES + len(_HELLO)] == _HELLO:
            return (self._greet(data, source),)
        return ()

    def _greet(self, hello: bytes, source: Address) -> Datagram:
        tag, query_id = hello[:_TAG_BYTES], hello[-8:]
        self._remember(_PeerKey(tag[1:_TAG_PREFIX_BYTES], tag[0], tag[_TAG_PREFIX_BYTES:]), source)
        self_info = (
            tag
            + _SPECIAL
            + struct.pack("<II", _SELF_INFO, int(self._setting.unix_time_s()) & 0xFFFFFFFF)
            + query_id
            + _as_ipv6(source[0])
            + struct.pack("<I", source[1])
        )
        return Datagram(self_info, source)

    def _introduce(self, request: bytes, source: Address) -> Iterable[Datagram]:
        """PEER_INFO: tag | ff x12 | its number | own IPv4 address, port | the peer's, the ports least byte first.

        Of several peers on the other side it is the one heard last.
        """
        side, call = request[0], request[1:_TAG_PREFIX_BYTES]
        known = (peer for key, peer in reversed(self._peers.items()) if (key.call, key.side) == (call, 1 - side))
        peer = next(known, None)
        if peer is None or ":" in source[0] + peer.address[0]:
            return ()
        places = b"".join(
            ipaddress.IPv4Address(ip).packed + struct.pack("<I", port) for ip, port in (source, peer.address)
        )
        return (Datagram(request[:_TAG_BYTES] + _SPECIAL + struct.pack("<I", _PEER_INFO) + places, source),)

    def _forward(self, packet: bytes, source: Address) -> Iterable[Datagram]:
        """A data packet: tag[0:12] | destination's client tag | sender's client tag | length | data | padding."""
        side, call = packet[0], packet[1:_TAG_PREFIX_BYTES]
        (data_bytes,) = struct.unpack_from(">I", packet, _DATA_HEADER_BYTES - 4)
        if side not in {0, 1} or data_bytes > len(packet) - _DATA_HEADER_BYTES:
            return ()
        receiver_key = _PeerKey(call, 1 - side, packet[_TAG_PREFIX_BYTES:_TAG_BYTES])
        receiver = self._peers.get(receiver_key)
        if receiver is None:
            return ()
        self._remember(_PeerKey(call, side, packet[_TAG_BYTES : _TAG_BYTES + 4]), source)
        return (Datagram(bytes([1 - side]) + packet[1:], receiver.address),)

    def _remember(self, key: _PeerKey, source: Address) -> None:
        self._peers[key] = _Peer(source, self._setting.monotonic_s())
        self._peers.move_to_end(key)
        if len(self._peers) > _MOST_PEERS:
            self._peers.popitem(last=False)

    def _forget_idle_peers(self) -> None:
        oldest_allowed_s = self._setting.monotonic_s() - _IDLE_S
        while self._peers and next(iter(self._peers.values())).seen_s < oldest_allowed_s:
            self._peers.popitem(last=False)


def _as_ipv6(ip_text: str) -> bytes:
    """16 bytes; an IPv4 address as ::ffff:a.b.c.d."""
    ip = ipaddress.ip_address(ip_text)
    return ip.packed if ip.version == 6 else bytes(10) + b"\xff\xff" + ip.packed


def datagram_responder(setting: Setting) -> TelegramRelay:
    """One relay a port: peers meet only where both said hello."""
    return TelegramRelay(setting)
