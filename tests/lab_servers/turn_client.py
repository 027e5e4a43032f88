"""A TURN client for tests, written apart from the stand-in, with long-term credentials."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from callcheck.lab.servers.responder import Address
from tests.lab_servers.harness import read_exactly, stun_attributes

COOKIE = bytes.fromhex("2112a442")
BINDING, ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND = 0x0001, 0x0003, 0x0004, 0x0008, 0x0009
SEND_INDICATION, DATA_INDICATION = 0x0016, 0x0017

CHANNEL_NUMBER, LIFETIME, XOR_PEER_ADDRESS, DATA = 0x000C, 0x000D, 0x0012, 0x0013
USERNAME, MESSAGE_INTEGRITY, ERROR_CODE, REALM, NONCE = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015
XOR_RELAYED_ADDRESS, REQUESTED_TRANSPORT, XOR_MAPPED_ADDRESS = 0x0016, 0x0019, 0x0020

Attributes = Sequence[tuple[int, bytes]]
UDP_TRANSPORT: Attributes = [(REQUESTED_TRANSPORT, bytes.fromhex("11000000"))]

_transaction_numbers = itertools.count(1)


def message(message_type: int, attributes: Attributes = (), *, transaction_id: bytes | None = None) -> bytes:
    """A message with a transaction id of its own unless one is given."""
    body = b"".join(
        kind.to_bytes(2) + len(value).to_bytes(2) + value + bytes(-len(value) % 4) for kind, value in attributes
    )
    identity = next(_transaction_numbers).to_bytes(12) if transaction_id is None else transaction_id
    return message_type.to_bytes(2) + len(body).to_bytes(2) + COOKIE + identity + body


def signed(plain: bytes, *, user: str = "callcheck", realm: str = "lab", password: str = "lab") -> bytes:
    """The message with MESSAGE-INTEGRITY of the long-term kind (RFC 8489 section 9.2.2)."""
    key = hashlib.md5(f"{user}:{realm}:{password}".encode()).digest()
    counted = plain[:2] + (len(plain) - 20 + 24).to_bytes(2) + plain[4:]
    return counted + bytes.fromhex("00080014") + hmac.digest(key, counted, "sha1")


def xor_address(address: Address) -> bytes:
    """An IPv4 XOR-…-ADDRESS value."""
    ip = bytes(byte ^ key for byte, key in zip(socket.inet_aton(address[0]), COOKIE, strict=True))
    return b"\0\1" + (address[1] ^ 0x2112).to_bytes(2) + ip


def read_xor_address(value: bytes) -> Address:
    """What an IPv4 XOR-…-ADDRESS value says."""
    ip = bytes(byte ^ key for byte, key in zip(value[4:8], COOKIE, strict=True))
    return socket.inet_ntoa(ip), int.from_bytes(value[2:4]) ^ 0x2112


def channel_data(number: int, data: bytes) -> bytes:
    """A ChannelData message without padding (RFC 8656 section 12.4)."""
    return number.to_bytes(2) + len(data).to_bytes(2) + data


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, opened."""

    raw: bytes

    @property
    def kind(self) -> int:
        return int.from_bytes(self.raw[:2])

    @property
    def attributes(self) -> dict[int, bytes]:
        return dict(stun_attributes(self.raw))

    @property
    def code(self) -> int | None:
        """The error code, if it is an error."""
        value = self.attributes.get(ERROR_CODE)
        return None if value is None else value[2] * 100 + value[3]

    @property
    def shape(self) -> tuple[int, int | None, frozenset[int]]:
        """What two servers that behave alike have in common: type, error code, and which attributes are there."""
        return self.kind, self.code, frozenset(self.attributes)


@dataclass(slots=True)
class Client:
    """Asks by a function that takes a request and gives the answer; it remembers the nonce that it was given last."""

    carry: Callable[[bytes], bytes]
    user: str = "callcheck"
    password: str = "lab"
    realm: str = "lab"
    nonce: bytes = b""

    def ask(self, message_type: int, attributes: Attributes = (), *, transaction_id: bytes | None = None) -> Answer:
        """A request without credentials."""
        return self.exchange(message(message_type, attributes, transaction_id=transaction_id))

    def ask_signed(
        self, message_type: int, attributes: Attributes = (), *, transaction_id: bytes | None = None
    ) -> Answer:
        """A request with credentials."""
        plain = message(message_type, [*attributes, *self.credentials()], transaction_id=transaction_id)
        return self.exchange(signed(plain, user=self.user, realm=self.realm, password=self.password))

    def credentials(self) -> Attributes:
        return [(USERNAME, self.user.encode()), (REALM, self.realm.encode()), (NONCE, self.nonce)]

    def exchange(self, request: bytes) -> Answer:
        """Any bytes; a nonce in the answer is remembered."""
        answer = Answer(self.carry(request))
        self.nonce = answer.attributes.get(NONCE, self.nonce)
        return answer

    def allocate(self, attributes: Attributes = UDP_TRANSPORT) -> Address:
        """Ask twice, as a client that knows no nonce must; the relayed address."""
        self.ask(ALLOCATE, attributes)
        answer = self.ask_signed(ALLOCATE, attributes)
        assert answer.kind == 0x0103, answer
        return read_xor_address(answer.attributes[XOR_RELAYED_ADDRESS])


@dataclass(frozen=True, slots=True)
class Link:
    """One socket to one server."""

    sock: socket.socket
    server: Address

    def client(self, *, user: str = "callcheck", password: str = "lab", realm: str = "lab") -> Client:
        return Client(self.carry, user=user, password=password, realm=realm)

    def carry(self, request: bytes) -> bytes:
        """Send and wait for the next message."""
        self.send(request)
        return self.receive()

    def send(self, data: bytes) -> None:
        if self.sock.type == socket.SOCK_DGRAM:
            self.sock.sendto(data, self.server)
        else:
            self.sock.sendall(data)

    def receive(self) -> bytes:
        """The next datagram, or the next message of a stream; ChannelData comes with its padding."""
        if self.sock.type == socket.SOCK_DGRAM:
            data, source = self.sock.recvfrom(65536)
            assert source == self.server
            return data
        head = read_exactly(self.sock, 4)
        length_bytes = int.from_bytes(head[2:4])
        rest_bytes = length_bytes + -length_bytes % 4 if head[0] & 0xC0 else 16 + length_bytes
        return head + read_exactly(self.sock, rest_bytes)
