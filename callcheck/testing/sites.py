"""Web sites that exist only in a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable

from callcheck.api import Failure, Fetched
from callcheck.testing.sockets import ROUND_TRIP_S

# What a web site answers to a method, a path and a body.
Site = Callable[[str, str, bytes], Fetched | Failure]

_FETCH_BYTES = 7_000


async def exchanged(
    site: Site,
    method: str,
    path: str,
    content: bytes | AsyncIterable[bytes],
    *,
    timeout_s: float,
    on_bytes: Callable[[int], None] | None,
    spend: Callable[[int], None],
    note: Callable[[int], None],
) -> Fetched | Failure:
    """One request to a site, which takes as long as its answer says, and what came of it within `timeout_s`."""
    body = content if isinstance(content, bytes) else b"".join([piece async for piece in content])
    spend(len(body) + _FETCH_BYTES)
    found = site(method, path, body)
    if isinstance(found, Failure):
        await asyncio.sleep(timeout_s if found is Failure.timeout else ROUND_TRIP_S)
        return found
    if found.took_ms / 1000 > timeout_s:
        await asyncio.sleep(timeout_s)
        return Failure.timeout
    await asyncio.sleep(found.took_ms / 1000)
    note(found.size_bytes)
    if on_bytes is not None:
        on_bytes(found.size_bytes)
    return found
