"""A QUIC server with HTTP/3 behind it: aioquic's, with what RFC 9000 asks of a server's door added."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from random import Random
from typing import Any, Final, cast

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import H3Event, HeadersReceived
from aioquic.quic.configuration import SMALLEST_MAX_DATAGRAM_SIZE, QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, QuicEvent

from callcheck.lab.servers.config import ConfigError, EndpointConfig, Option
from callcheck.lab.servers.config_checks import refuse_unknown_keys, shown
from callcheck.lab.servers.faults import AskerLimit, Outlet
from callcheck.lab.servers.http import PAGE
from callcheck.lab.servers.responder import Address, Setting

_IDLE_S: Final = 30.0
_MOST_CONNECTION_IDS: Final = 4096
_LONG_HEADER: Final = 0x80


def check_options(options: Mapping[str, Option]) -> None:
    """`retry`, true or false: whether a client must prove its address before its handshake (RFC 9000 section 8.1)."""
    refuse_unknown_keys(options, {"retry"}, "quic")
    if not isinstance(options.get("retry", False), bool):
        raise ConfigError(f"retry: expected true or false, got {shown(options['retry'])}")


class _Http3(QuicConnectionProtocol):
    """One connection: a small page for each request, whatever name the client asked for."""

    _http: H3Connection | None = None

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ProtocolNegotiated):
            self._http = H3Connection(self._quic)
        if self._http is not None:
            for http_event in self._http.handle_event(event):
                self._answer(http_event)

    def _answer(self, event: H3Event) -> None:
        # A request begins with a path; headers behind its body, which are the client's right, have none.
        if not isinstance(event, HeadersReceived) or b":path" not in dict(event.headers):
            return
        assert self._http is not None
        asked = dict(event.headers)
        status, body = _respond(asked[b":path"])
        if asked.get(b":method") == b"HEAD":
            body = b""
        # The client may have refused the answer in the packet that asks for it (RFC 9000 section 19.5). aioquic then
        # raises RuntimeError; its older versions assert.
        with suppress(RuntimeError, AssertionError):
            # The length goes unsaid: in HTTP/3 the end of the stream ends the body (RFC 9114 section 4.1).
            self._http.send_headers(event.stream_id, [(b":status", b"%d" % status.value)], end_stream=not body)
            if body:
                self._http.send_data(event.stream_id, body, end_stream=True)


def _respond(target: bytes) -> tuple[HTTPStatus, bytes]:
    path = target.partition(b"?")[0]
    if path == b"/generate_204":
        return HTTPStatus.NO_CONTENT, b""
    return (HTTPStatus.OK, PAGE) if path == b"/" else (HTTPStatus.NOT_FOUND, b"nothing is here\n")


class QuicEndpoint(QuicServer):
    """One socket and its connections, of which there is a bounded number at a time."""

    _transport: asyncio.DatagramTransport | None

    def __init__(
        self, configuration: QuicConfiguration, outlet: Outlet, limit: AskerLimit | None, *, retry: bool
    ) -> None:
        super().__init__(configuration=configuration, create_protocol=_Http3, retry=retry)
        self._supported_versions = frozenset(configuration.supported_versions)
        self._outlet = outlet
        self._limit = limit
        self._sock_name: Address = ("", 0)

    @property
    def local(self) -> Address:
        """The bound address and port."""
        return self._sock_name

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sock_name = transport.get_extra_info("sockname")[:2]
        # aioquic sends through what it was given, and so through the fault.
        super().connection_made(_Outgoing(cast("asyncio.DatagramTransport", transport), self._outlet, self._limit))

    def datagram_received(self, data: bytes | str, addr: Any) -> None:
        datagram = cast("bytes", data)
        if self._may_be_heard(datagram):
            super().datagram_received(datagram, addr)

    def close(self) -> None:
        """End every connection and free the port; answers that still wait are forgotten."""
        super().close()
        self._outlet.close()

    def _may_be_heard(self, datagram: bytes) -> bool:
        if len(datagram) < 5 or not datagram[0] & _LONG_HEADER:
            return True
        if len(self._protocols) >= _MOST_CONNECTION_IDS:
            return False
        # RFC 9000 section 5.2.2: an unknown version is answered only if the datagram could have begun a connection.
        is_known = int.from_bytes(datagram[1:5], "big") in self._supported_versions
        return is_known or len(datagram) >= SMALLEST_MAX_DATAGRAM_SIZE


class _Outgoing(asyncio.DatagramTransport):
    """The socket's transport as aioquic sees it: what is sent passes the limit, if there is one, and the outlet."""

    def __init__(self, transport: asyncio.DatagramTransport, outlet: Outlet, limit: AskerLimit | None) -> None:
        super().__init__()
        self._inner = transport
        self._outlet = outlet
        self._limit = limit

    def sendto(self, data: Any, addr: Any = None) -> None:
        if self._limit is None or self._limit.admits(addr[0]):
            self._outlet.pass_on(bytes(data), partial(self._send, addr))

    def is_closing(self) -> bool:
        return self._inner.is_closing()

    def close(self) -> None:
        self._inner.close()

    def abort(self) -> None:
        self._inner.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def _send(self, addr: Any, data: bytes) -> None:
        if not self._inner.is_closing():
            self._inner.sendto(data, addr)


async def start(
    config: EndpointConfig,
    opened: Callable[[str, int, str], socket.socket],
    setting: Callable[[Address], Setting],
) -> QuicEndpoint:
    """Serve QUIC versions 1 and 2 with HTTP/3; every name of the lab's certificate is served."""
    place = setting((config.address, config.port))
    assert place.certificates is not None, "a configuration with QUIC names a directory for certificates"
    configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN, idle_timeout=_IDLE_S)
    configuration.certificate = place.certificates.certificate
    configuration.private_key = place.certificates.private_key
    # What strangers send wrong is no news; without a handler it would be written to stderr.
    logging.getLogger("quic").addHandler(logging.NullHandler())
    loop = asyncio.get_running_loop()
    outlet = Outlet(config.fault, Random(place.random.random()), loop)
    limit = AskerLimit(place.monotonic_s) if config.fault == "rate_limited" else None
    _, endpoint = await loop.create_datagram_endpoint(
        lambda: QuicEndpoint(configuration, outlet, limit, retry=bool(config.options.get("retry", False))),
        sock=opened(config.address, config.port, "udp"),
    )
    return endpoint
