"""TURN over UDP, the client's side: requests, relayed data, and the steps to an allocation that talks to one peer.

RFC 8656, with the long-term credentials of RFC 8489 section 9.2.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from callcheck.codec import Malformed, stun
from callcheck.codec.stun_attributes import (
    Attribute,
    ChannelNumber,
    Data,
    Lifetime,
    Nonce,
    Realm,
    RequestedTransport,
    Software,
    Username,
    XorPeerAddress,
    XorRelayedAddress,
)

REFRESH = 0x004
SEND = 0x006
DATA = 0x007
CREATE_PERMISSION = 0x008
CHANNEL_BIND = 0x009
"""RFC 8656 section 17; Allocate is `stun.ALLOCATE`."""

FIRST_CHANNEL = 0x4000
CHANNEL_HEADER_BYTES = 4
_LAST_CHANNEL = 0x4FFF
_IP_PROTOCOL_UDP = 17
_SOFTWARE_MAX_BYTES = 4 + 128

Endpoint = tuple[str, int]
"""IP address in its canonical text form, and port."""

State = Literal["allocating", "introducing", "open", "refused"]

_Wanted = TypeVar("_Wanted", bound=Attribute)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request shows after the server has named its realm and given a nonce (RFC 8489 section 9.2).

    The key leaves out the string preparation of section 9.2.2, which changes nothing in ASCII.
    """

    username: str
    password: str = field(repr=False)
    realm: str
    nonce: str

    @property
    def key(self) -> bytes:
        # MD5 is what the protocol asks for.
        text = f"{self.username}:{self.realm}:{self.password}"
        return hashlib.md5(text.encode(), usedforsecurity=False).digest()


def request(
    method: int, transaction_id: bytes, attributes: Sequence[Attribute], credentials: Credentials | None = None
) -> bytes:
    """A request; with credentials it ends with USERNAME, REALM, NONCE and MESSAGE-INTEGRITY."""
    if credentials is None:
        return stun.encode(stun.Message(method, "request", transaction_id, tuple(attributes)))
    shown = (Username(credentials.username), Realm(credentials.realm), Nonce(credentials.nonce))
    message = stun.Message(method, "request", transaction_id, (*attributes, *shown))
    return stun.encode(message, key=credentials.key)


def allocate_request(transaction_id: bytes, *, pad_to_bytes: int) -> bytes:
    """The Allocate that Telegram's clients send to port 1400 (facts 3.3a), padded with SOFTWARE: 32 to 160 bytes."""
    return _padded(stun.ALLOCATE, transaction_id, RequestedTransport(_IP_PROTOCOL_UDP), pad_to_bytes)


def release_request(transaction_id: bytes, *, pad_to_bytes: int) -> bytes:
    """A Refresh that ends the allocation (RFC 8656 section 8.2: LIFETIME 0), padded with SOFTWARE: 32 to 160 bytes."""
    return _padded(REFRESH, transaction_id, Lifetime(0), pad_to_bytes)


def _padded(method: int, transaction_id: bytes, attribute: Attribute, total_bytes: int) -> bytes:
    """One SOFTWARE fills the request: fewer than 128 characters (RFC 8489 section 14.14), so 127 and a byte."""
    missing_bytes = total_bytes - len(request(method, transaction_id, [attribute]))
    if missing_bytes % 4 or not 4 <= missing_bytes <= _SOFTWARE_MAX_BYTES:
        raise ValueError(f"a padded request cannot have {total_bytes} bytes")
    return request(method, transaction_id, [attribute, Software("." * min(missing_bytes - 4, 127))])


def channel_data(number: int, data: bytes) -> bytes:
    """A ChannelData message, which UDP does not pad: RFC 8656 section 12.4. Raises ValueError for no such channel."""
    if not FIRST_CHANNEL <= number <= _LAST_CHANNEL:
        raise ValueError(f"no TURN channel: {number}")
    return struct.pack("!HH", number, len(data)) + data


def send_indication(transaction_id: bytes, peer: Endpoint, data: bytes) -> bytes:
    """A Send indication: RFC 8656 section 11.1."""
    return stun.encode(stun.Message(SEND, "indication", transaction_id, (XorPeerAddress(*peer), Data(data))))


@dataclass(frozen=True, slots=True)
class ChannelData:
    """What the peer of channel `number` sent."""

    number: int
    data: bytes


@dataclass(frozen=True, slots=True)
class DataIndication:
    """What `peer` sent."""

    peer: Endpoint
    data: bytes


def relayed(datagram: bytes) -> ChannelData | DataIndication | Malformed:
    """What the server passes on from a peer, in either form. Never raises; up to 3 bytes of padding are let go."""
    if len(datagram) >= CHANNEL_HEADER_BYTES and datagram[0] >> 6 == 1:
        number, data_bytes = struct.unpack_from("!HH", datagram)
        if not 0 <= len(datagram) - CHANNEL_HEADER_BYTES - data_bytes < 4:
            return Malformed(f"{data_bytes} bytes of channel data in a datagram of {len(datagram)}")
        return ChannelData(number, datagram[CHANNEL_HEADER_BYTES : CHANNEL_HEADER_BYTES + data_bytes])
    heard = stun.decode(datagram)
    if isinstance(heard, Malformed):
        return heard
    peer, data = _first(heard, XorPeerAddress), _first(heard, Data)
    if (heard.method, heard.kind, heard.cookie) != (DATA, "indication", True) or peer is None or data is None:
        return Malformed("no data of a peer")
    return DataIndication((peer.address, peer.port), data.data)


def _first(message: stun.Message, wanted: type[_Wanted]) -> _Wanted | None:
    return next((attribute for attribute in message.attributes if isinstance(attribute, wanted)), None)


@dataclass(slots=True)
class Client:
    """One allocation and its one peer, step by step: Allocate, the same with credentials, then ChannelBind.

    With `channel` None the peer is let in by CreatePermission, and data travel in indications; a ChannelBind installs
    that permission itself (RFC 8656 section 12). The caller sends what `question` gives, hands every datagram to
    `answered`, and names the peer by setting `peer`. The end is "open" or "refused": a refusal is any error but the
    first 401, and 438 (stale nonce), so 403, 437, 486 and 508 are final.

    Nothing is refreshed: a permission holds for 300 s, a channel and by default an allocation for 600 s (sections 9,
    12 and 3.2), and where a server grants the 120 s that are asked for, a flow of a minute still ends before. Nothing
    is released either: the allocation ends with its lifetime.
    """

    username: str
    password: str = field(repr=False)
    channel: int | None = FIRST_CHANNEL
    lifetime_s: int = 120
    state: State = "allocating"
    relayed_address: Endpoint | None = None
    peer: Endpoint | None = None
    credentials: Credentials | None = None
    unanswered: bytes = b""

    def question(self, transaction_id: bytes) -> bytes | None:
        """What to ask in this state: the same bytes until they are answered; None where there is nothing to ask."""
        if not self.unanswered:
            self.unanswered = self._next_question(transaction_id)
        return self.unanswered or None

    def answered(self, datagram: bytes) -> None:
        """Take the answer to the question that is open; anything else changes nothing. Never raises.

        A success that is not signed with the key is not taken (RFC 8489 section 9.2.5).
        """
        heard = stun.decode(datagram)
        if isinstance(heard, Malformed) or not self.unanswered or heard.transaction_id != self.unanswered[8:20]:
            return
        if heard.method != self._method:
            return
        if heard.kind == "error":
            self._declined(heard)
        elif heard.kind == "success" and self._is_trusted(datagram):
            self._granted(heard)

    def wrapped(self, data: bytes, transaction_id: bytes) -> bytes:
        """Data to the peer; as long as no peer is known they go into a channel that leads nowhere."""
        if self.channel is None and self.peer is not None:
            return send_indication(transaction_id, self.peer, data)
        return channel_data(self.channel or FIRST_CHANNEL, data)

    def heard(self, datagram: bytes) -> bytes | None:
        """What the peer sent in this datagram; None where it brings nothing of the peer's."""
        found = relayed(datagram)
        if isinstance(found, ChannelData):
            return found.data if found.number == self.channel else None
        return found.data if isinstance(found, DataIndication) and found.peer == self.peer else None

    def _next_question(self, transaction_id: bytes) -> bytes:
        if self.state == "allocating":
            wanted: tuple[Attribute, ...] = (RequestedTransport(_IP_PROTOCOL_UDP), Lifetime(self.lifetime_s))
        elif self.state == "introducing" and self.peer is not None:
            channel = () if self.channel is None else (ChannelNumber(self.channel),)
            wanted = (*channel, XorPeerAddress(*self.peer))
        else:
            return b""
        return request(self._method, transaction_id, wanted, self.credentials)

    @property
    def _method(self) -> int:
        if self.state == "allocating":
            return stun.ALLOCATE
        return CREATE_PERMISSION if self.channel is None else CHANNEL_BIND

    def _is_trusted(self, datagram: bytes) -> bool:
        return self.credentials is None or stun.check_integrity(datagram, self.credentials.key)

    def _granted(self, heard: stun.Message) -> None:
        self.unanswered = b""
        if self.state == "introducing":
            self.state = "open"
            return
        found = _first(heard, XorRelayedAddress)
        self.relayed_address = None if found is None else (found.address, found.port)
        self.state = "refused" if found is None else "introducing"

    def _declined(self, heard: stun.Message) -> None:
        self.unanswered = b""
        error, realm, nonce = stun.error_code(heard), _first(heard, Realm), _first(heard, Nonce)
        # A second 401 says that the credentials are wrong; asking again would not change that (section 9.2.5).
        retried = 401 if self.credentials is None else 438
        if error is None or error[0] != retried or realm is None or nonce is None:
            self.state = "refused"
            return
        self.credentials = Credentials(self.username, self.password, realm.text, nonce.text)
