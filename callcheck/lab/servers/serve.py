"""Brings all endpoints of one configuration up in one loop, and down again."""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import ModuleType
from typing import TYPE_CHECKING, Final

from callcheck.lab.servers.config import ConfigError, EndpointConfig, ServersConfig
from callcheck.lab.servers.faults import Outlet, limited_datagrams, limited_streams
from callcheck.lab.servers.responder import Address, DatagramFactory, Endpoint, Setting, StreamFactory
from callcheck.lab.servers.sockets import open_socket
from callcheck.lab.servers.tcp import serve_tcp
from callcheck.lab.servers.tls import behind_tls
from callcheck.lab.servers.udp import serve_udp

if TYPE_CHECKING:
    from callcheck.lab.servers.certificates import Certificates  # cryptography is slow to import


Sockets = dict[tuple[str | None, str, int, bool], socket.socket]
"""Bound sockets by namespace, address, port, and whether they are UDP."""
_HOME: Final = "callcheck.lab.servers"


class BindError(RuntimeError):
    """An endpoint's socket could not be had; the text is one line for a person."""


@dataclass(frozen=True, slots=True)
class RunningServers:
    """Endpoints that listen, and where, by the endpoint's name in the order of the configuration."""

    endpoints: tuple[Endpoint, ...]
    bound: dict[str, list[Address]]

    def close(self) -> None:
        """Free every port and end every connection."""
        for endpoint in self.endpoints:
            endpoint.close()


def open_sockets(config: ServersConfig) -> Sockets:
    """The sockets of everything but the refusing endpoints, bound. Raises BindError."""
    sockets: Sockets = {}
    for endpoint in config.endpoints:
        place = (endpoint.namespace, endpoint.address, endpoint.port, endpoint.transport == "udp")
        if endpoint.fault == "refusing":
            continue
        try:
            sockets[place] = open_socket(endpoint.address, endpoint.port, endpoint.transport, endpoint.namespace)
        except OSError as error:
            for sock in sockets.values():
                sock.close()
            raise BindError(_unbound(endpoint, error)) from error
    return sockets


async def start_servers(config: ServersConfig, sockets: Sockets | None = None) -> RunningServers:
    """Write the certificates, then bind everything but the refusing endpoints, or take their sockets from `sockets`.

    With nothing left bound it raises BindError when something cannot be had, and ConfigError for an option that the
    endpoint's kind does not understand.
    """
    names = config.resolver_answers()
    certificates = _make_certificates(config)
    endpoints: list[Endpoint] = []
    bound: dict[str, list[Address]] = {}
    for endpoint_config in config.endpoints:
        places = bound.setdefault(endpoint_config.name, [])
        if endpoint_config.fault == "refusing":
            continue
        try:
            opened = _Opener(endpoint_config.namespace, sockets or {})
            endpoint = await _start(endpoint_config, config.seed, names, certificates, opened)
        except OSError as error:
            RunningServers(tuple(endpoints), bound).close()
            raise BindError(_unbound(endpoint_config, error)) from error
        except ConfigError as error:
            RunningServers(tuple(endpoints), bound).close()
            raise ConfigError(f"endpoint {endpoint_config.name} options: {error}") from error
        endpoints.append(endpoint)
        places.append(endpoint.local)
    return RunningServers(tuple(endpoints), bound)


def _unbound(endpoint: EndpointConfig, error: OSError) -> str:
    place = f"{endpoint.transport} {endpoint.address} port {endpoint.port}"
    return f"endpoint {endpoint.name}: cannot bind {place}: {error}"


def load_kinds(config: ServersConfig) -> None:
    """Load beforehand what `start_servers` will need."""
    for endpoint in config.endpoints:
        importlib.import_module(f"{_HOME}.{endpoint.kind}")
    if config.certificates is not None:
        importlib.import_module(f"{_HOME}.certificates")


def _make_certificates(config: ServersConfig) -> Certificates | None:
    """The lab's own authority, written for clients to trust; None where nobody asked for one."""
    if config.certificates is None:
        return None
    module = importlib.import_module(f"{_HOME}.certificates")
    names = config.zone.keys() | config.forged.keys()
    try:
        certificates: Certificates = module.make_certificates(
            config.certificates, names=names, addresses={endpoint.address for endpoint in config.endpoints}
        )
    except OSError as error:
        raise BindError(f"cannot write certificates into {config.certificates}: {error}") from error
    return certificates


async def _start(
    config: EndpointConfig,
    seed: int,
    names: Mapping[str, tuple[str, ...]],
    certificates: Certificates | None,
    opened: _Opener,
) -> Endpoint:
    # Modules load only when an endpoint is of their kind: some of them need libraries that are slow to import.
    module = importlib.import_module(f"{_HOME}.{config.kind}")
    _check_options(module, config)
    place = f"{seed} {config.name} {config.transport} {config.address} {config.port}"
    random = Random(f"{place} content")

    def setting(local: Address) -> Setting:
        return Setting(local, random, names, options=config.options, certificates=certificates)

    try:
        endpoint = await _listen(module, config, opened, setting, Random(f"{place} fault"))
    except BaseException:
        opened.close_all()
        raise
    opened.hand_over()
    return endpoint


class _Opener:
    """Opens an endpoint's sockets in its namespace. Until the endpoint stands, they can all be closed from here."""

    def __init__(self, namespace: str | None, ready: Sockets) -> None:
        self._namespace = namespace
        self._ready = ready
        self._in_hand: list[socket.socket] | None = []

    def __call__(self, address: str, port: int, transport: str) -> socket.socket:
        sock = self._ready.pop((self._namespace, address, port, transport == "udp"), None)
        if sock is None:
            sock = open_socket(address, port, transport, self._namespace)
        if self._in_hand is not None:
            self._in_hand.append(sock)
        return sock

    def close_all(self) -> None:
        for sock in self._in_hand or ():
            sock.close()

    def hand_over(self) -> None:
        """From here on sockets are for the endpoint to close."""
        self._in_hand = None


def _check_options(module: ModuleType, config: EndpointConfig) -> None:
    """Let the kind judge its options: by `check_options`, or in `start`; a kind with neither has none."""
    check = getattr(module, "check_options", None)
    if check is not None:
        check(config.options)
    elif config.options and not hasattr(module, "start"):
        raise ConfigError(f"kind {config.kind} has none")


async def _listen(
    module: ModuleType,
    config: EndpointConfig,
    opened: Callable[[str, int, str], socket.socket],
    setting: Callable[[Address], Setting],
    fault_random: Random,
) -> Endpoint:
    """Open the endpoint's sockets and serve what its kind says.

    The module of a kind has `datagram_responder` or `stream_responder` or both, or, for a server of several sockets
    or with protocols of its own, `start(config, opened, setting)`. `TLS_PROTOCOLS` are the names that a kind agrees to
    in TLS (ALPN, RFC 7301).
    """
    loop = asyncio.get_running_loop()
    if config.fault == "silent" and config.transport != "udp":
        # A silent stream server is one that only listens: whatever a client says must not make it hang up.
        mute: StreamFactory = importlib.import_module(f"{_HOME}.tcp_accept").stream_responder
        sock = opened(config.address, config.port, "tcp")
        return await serve_tcp(sock, mute, setting, lambda: Outlet(None, fault_random, loop))
    if hasattr(module, "start"):
        endpoint: Endpoint = await module.start(config, opened, setting)
        return endpoint
    sock = opened(config.address, config.port, config.transport)
    if config.transport == "udp":
        make_datagram_responder: DatagramFactory = module.datagram_responder
        if config.fault == "rate_limited":
            make_datagram_responder = limited_datagrams(make_datagram_responder)
        return await serve_udp(sock, make_datagram_responder, setting, Outlet(config.fault, fault_random, loop))
    make_stream_responder: StreamFactory = module.stream_responder
    place = setting((config.address, config.port))
    if config.transport == "tls":
        assert place.certificates is not None, "a configuration with TLS names a directory for certificates"
        context = place.certificates.server_context(getattr(module, "TLS_PROTOCOLS", ()))
        make_stream_responder = behind_tls(make_stream_responder, context)
    if config.fault == "rate_limited":
        make_stream_responder = limited_streams(make_stream_responder, place.monotonic_s)
    return await serve_tcp(sock, make_stream_responder, setting, lambda: Outlet(config.fault, fault_random, loop))
