"""Brings all endpoints of one configuration up in one loop, and down again."""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass
from random import Random

from callcheck.lab.servers.config import EndpointConfig, ServersConfig
from callcheck.lab.servers.faults import Outlet
from callcheck.lab.servers.responder import Address, DatagramFactory, Setting, StreamFactory
from callcheck.lab.servers.tcp import TcpEndpoint, bind_tcp
from callcheck.lab.servers.udp import UdpEndpoint, bind_udp


class BindError(RuntimeError):
    """An endpoint's socket could not be had; the text is one line for a person."""


@dataclass(frozen=True, slots=True)
class RunningServers:
    """Endpoints that listen, and where, by the endpoint's name in the order of the configuration."""

    endpoints: tuple[UdpEndpoint | TcpEndpoint, ...]
    bound: dict[str, list[Address]]

    def close(self) -> None:
        """Free every port and end every connection."""
        for endpoint in self.endpoints:
            endpoint.close()


async def start_servers(config: ServersConfig) -> RunningServers:
    """Bind everything but the refusing endpoints; BindError, with nothing left bound, when one cannot be."""
    names = config.resolver_answers()
    endpoints: list[UdpEndpoint | TcpEndpoint] = []
    bound: dict[str, list[Address]] = {}
    for endpoint_config in config.endpoints:
        places = bound.setdefault(endpoint_config.name, [])
        if endpoint_config.fault == "refusing":
            continue
        try:
            endpoint = await _start(endpoint_config, config.seed, names)
        except OSError as error:
            RunningServers(tuple(endpoints), bound).close()
            place = f"{endpoint_config.transport} {endpoint_config.address} port {endpoint_config.port}"
            raise BindError(f"endpoint {endpoint_config.name}: cannot bind {place}: {error}") from error
        endpoints.append(endpoint)
        places.append(endpoint.local)
    return RunningServers(tuple(endpoints), bound)


async def _start(config: EndpointConfig, seed: int, names: dict[str, tuple[str, ...]]) -> UdpEndpoint | TcpEndpoint:
    # Modules load only when an endpoint is of their kind: one of them needs cryptography, which is slow to import.
    # A silent stream server is one that only listens: whatever a client says must not make it hang up.
    kind = "tcp_accept" if config.fault == "silent" and config.transport == "tcp" else config.kind
    module = importlib.import_module(f"callcheck.lab.servers.{kind}")
    loop = asyncio.get_running_loop()
    place = f"{seed} {config.name} {config.transport} {config.address} {config.port}"
    random = Random(f"{place} content")
    fault_random = Random(f"{place} fault")

    def make_outlet() -> Outlet:
        return Outlet(config.fault, fault_random, loop)

    if config.transport == "udp":
        make_datagram_responder: DatagramFactory = module.datagram_responder
        endpoint = await bind_udp(config, make_outlet())
        endpoint.attach(make_datagram_responder(Setting(endpoint.local, random, names)))
        return endpoint
    make_stream_responder: StreamFactory = module.stream_responder
    return await bind_tcp(
        config,
        lambda local, peer: make_stream_responder(Setting(local, random, names), peer),
        make_outlet,
    )
