"""Runs one endpoint with sockets of its own in a loop on another thread, so that a test can talk to it and wait."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from types import MappingProxyType
from typing import cast

from callcheck.lab.servers.certificates import Certificates
from callcheck.lab.servers.config import EndpointConfig
from callcheck.lab.servers.config_checks import Option
from callcheck.lab.servers.faults import Fault
from callcheck.lab.servers.responder import Address, Endpoint, Setting
from callcheck.lab.servers.sockets import open_socket
from tests.lab_servers.harness import PATIENCE_S


@contextmanager
def started(
    kind: str,
    *,
    transport: str = "udp",
    fault: Fault | None = None,
    options: Mapping[str, Option] = MappingProxyType({}),
    certificates: Certificates | None = None,
) -> Iterator[Address]:
    """Where the endpoint listens on loopback; at the end nothing in its loop may have gone wrong."""
    config = EndpointConfig(kind, kind, "127.0.0.1", 0, transport, fault, options=options)

    def setting(local: Address) -> Setting:
        return Setting(local, Random(1), {}, options=options, certificates=certificates)

    async def start() -> Endpoint:
        module = importlib.import_module(f"callcheck.lab.servers.{kind}")
        return cast("Endpoint", await module.start(config, open_socket, setting))

    async def stop(endpoint: Endpoint) -> None:
        endpoint.close()
        # Aborted transports give their sockets back in the loop's next turns, one just accepted is first made in them.
        for _ in range(10):
            await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    complaints: list[object] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        endpoint = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE_S)
        try:
            yield endpoint.local
        finally:
            asyncio.run_coroutine_threadsafe(stop(endpoint), loop).result(PATIENCE_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_S)
        loop.close()
    assert complaints == []
