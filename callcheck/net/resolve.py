"""Names to addresses by the system's own resolver, as the messenger on the same machine would ask."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Sequence

from callcheck.net.failures import failure_of
from callcheck.words import Failure

TIMEOUT_S = 3.0


async def resolve(host: str, *, ipv6: bool = False, timeout_s: float = TIMEOUT_S) -> Sequence[str] | Failure:
    """IPv4 (or IPv6) addresses in the resolver's order, without duplicates; `Failure.resolver_timeout` after
    `timeout_s`.

    The question runs in a daemon thread: glibc cannot be interrupted, and a dead resolver must not hold the exit.
    """
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ipv6 else socket.AF_INET
    answer: asyncio.Future[Sequence[str] | Failure] = loop.create_future()

    def deliver(result: Sequence[str] | Failure) -> None:
        if not answer.done():
            answer.set_result(result)

    def ask() -> None:
        result: Sequence[str] | Failure
        try:
            found = socket.getaddrinfo(host, None, family, socket.SOCK_DGRAM)
            result = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        except (OSError, UnicodeError) as error:
            result = failure_of(error)
        with contextlib.suppress(RuntimeError):  # the run ended before the resolver answered
            loop.call_soon_threadsafe(deliver, result)

    threading.Thread(target=ask, name="callcheck-resolve", daemon=True).start()
    try:
        async with asyncio.timeout(timeout_s):
            return await answer
    except TimeoutError:
        return Failure.resolver_timeout
