"""A STUN server with a second address and a second port, by which clients learn how their NAT behaves (RFC 5780)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from callcheck.lab.servers import config_checks as check
from callcheck.lab.servers import stun_wire as wire
from callcheck.lab.servers.config import EndpointConfig
from callcheck.lab.servers.config_checks import ConfigError, Option
from callcheck.lab.servers.faults import AnswerDoor
from callcheck.lab.servers.responder import Address, Endpoint, Setting
from callcheck.lab.servers.stun_answers import COTURN, answer_stun, refuse
from callcheck.lab.servers.stun_wire import Attribute, StunMessage
from callcheck.lab.servers.turn_sockets import UdpSocket

CHANGE_REQUEST: Final = 0x0003
PADDING: Final = 0x0026
RESPONSE_PORT: Final = 0x0027
_CHANGE_IP: Final = 4
_CHANGE_PORT: Final = 2
_PADDING_BYTES: Final = 1500
"""What coturn sends: the MTU of an Ethernet, so that the answer goes out in fragments (RFC 5780 section 7.6)."""


def check_options(options: Mapping[str, Option]) -> None:
    """ConfigError unless the options are `other_address`, an IP address, and `other_port`; port 0 is any free one."""
    _other(options)


def _other(options: Mapping[str, Option]) -> Address:
    check.refuse_unknown_keys(options, {"other_address", "other_port"}, "nat_discovery")
    other_port = check.whole_number(options.get("other_port"), "other_port")
    if not 0 <= other_port <= 65535:
        raise ConfigError(f"other_port: {other_port} is not between 0 and 65535")
    return check.ip_address(options.get("other_address"), "other_address"), other_port


async def start(
    config: EndpointConfig, opened: Callable[[str, int, str], socket.socket], setting: Callable[[Address], Setting]
) -> Endpoint:
    """Listen on both ports of both addresses. Raises OSError when one cannot be had, ConfigError for wrong options."""
    other_address, other_port = _other(config.options)
    if ipaddress.ip_address(other_address).version != ipaddress.ip_address(config.address).version:
        raise ConfigError(f"other_address: {other_address} is of another family than {config.address}")
    if other_address == config.address or (other_port == config.port and other_port != 0):
        raise ConfigError("other_address and other_port must both differ from the endpoint's own")
    loop = asyncio.get_running_loop()
    first = UdpSocket(opened(config.address, config.port, "udp"), loop)
    second = UdpSocket(opened(config.address, other_port, "udp"), loop)
    others = [UdpSocket(opened(other_address, sock.local[1], "udp"), loop) for sock in (first, second)]
    return NatDiscovery((first, second, *others), setting(first.local), AnswerDoor(config.fault, setting(first.local)))


class NatDiscovery:
    """Four sockets, each of which can answer for each other.

    OTHER-ADDRESS is the socket that differs in address and port from the one that was asked, as RFC 5780 has it;
    coturn 4.6.1 shows its second address to those as well who ask there. CHANGE-REQUEST of another size than 4 bytes
    is ignored, as by coturn. RESPONSE-ADDRESS of the classic form is ignored: RFC 5389 took it back.
    """

    def __init__(self, sockets: tuple[UdpSocket, ...], setting: Setting, door: AnswerDoor) -> None:
        self._sockets: dict[Address, UdpSocket] = {sock.local: sock for sock in sockets}
        self._local = sockets[0].local
        self._opposite = sockets[-1].local
        self._setting = setting
        self._door = door
        for sock in sockets:
            self._listen(sock)

    @property
    def local(self) -> Address:
        """The first address with the first port."""
        return self._local

    def close(self) -> None:
        """Free all four."""
        self._door.close()
        for sock in self._sockets.values():
            sock.close()

    def _listen(self, sock: UdpSocket) -> None:
        sock.listen(lambda data, client: self._heard(data, client, sock.local))

    def _heard(self, data: bytes, client: Address, asked: Address) -> None:
        request = wire.parse_stun(data)
        if request is None:
            return
        response_port = request.value(RESPONSE_PORT)
        destination = client
        if response_port is not None and len(response_port) == 4:
            destination = client[0], int.from_bytes(response_port[:2])
        origin = self._origin(request, asked)
        answer = self._answer(request, client, asked, origin)
        if answer is not None:
            # Errors come from where the question went, to where it came from.
            is_error = answer[0] & 1 and answer[1] & 0x10
            sender, to = (asked, client) if is_error else (origin, destination)
            self._door.answer(answer, client, lambda passed: self._sockets[sender].send(passed, to))

    def _answer(self, request: StunMessage, client: Address, asked: Address, origin: Address) -> bytes | None:
        manner = replace(COTURN, other_address=self._changed(asked, _CHANGE_IP | _CHANGE_PORT))
        extra: list[Attribute] = []
        if request.has_cookie and request.value(PADDING) is not None:
            if request.value(RESPONSE_PORT) is not None and request.is_request:
                # Together they would let anyone send large packets to ports that did not ask (RFC 5780 section 6.2).
                return refuse(request, manner, 400, "Bad Request")
            extra.append((PADDING, bytes(_PADDING_BYTES)))
        nonce = self._setting.random.randbytes(8).hex().encode()
        return answer_stun(request, source=client, local=origin, manner=manner, nonce=nonce, extra=extra)

    def _origin(self, request: StunMessage, asked: Address) -> Address:
        """The socket that CHANGE-REQUEST wants the answer from."""
        flags = request.value(CHANGE_REQUEST)
        return asked if flags is None or len(flags) != 4 else self._changed(asked, flags[3])

    def _changed(self, asked: Address, flags: int) -> Address:
        address, port = asked
        if flags & _CHANGE_IP:
            address = self._opposite[0] if address == self._local[0] else self._local[0]
        if flags & _CHANGE_PORT:
            port = self._opposite[1] if port == self._local[1] else self._local[1]
        return address, port
