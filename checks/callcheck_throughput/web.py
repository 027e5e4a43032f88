"""Plain HTTP transfers, two at a time, to a server that gives and takes bytes (Cloudflare's `/__down` and `/__up`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from callcheck.api import Context, Fetched, Target
from callcheck.words import Failure
from callcheck_throughput.moved import Moved

_AT_ONCE = 2
# Small first, so that a slow line finishes something; each next request asks for more while that went quickly.
_FIRST_BYTES = {"down": 100_000, "up": 16_000}
_LARGEST_BYTES = 4_000_000
_GROWTH = 4
_QUICK_MS = 500
_PIECE_BYTES = 16_384
_LEAST_S = 0.2
_MOST_FAILURES = 2


async def transfer(ctx: Context, target: Target, direction: str, *, moved: Moved, until_us: int) -> None:
    """Until the time or the bytes are used up, or the server has refused twice. Failures are counted in `moved`."""
    await asyncio.gather(*(_worker(ctx, target, direction, moved=moved, until_us=until_us) for _ in range(_AT_ONCE)))


async def _worker(ctx: Context, target: Target, direction: str, *, moved: Moved, until_us: int) -> None:
    size_bytes = _FIRST_BYTES[direction]
    while moved.failed < _MOST_FAILURES:
        left_s = (until_us - ctx.now_us()) / 1e6
        granted = moved.reserve(size_bytes) if left_s >= _LEAST_S else 0
        if not granted:
            return
        moved.requests += 1
        ask = _down if direction == "down" else _up
        answer = await ask(ctx, target, granted, moved=moved, timeout_s=left_s)
        if answer is Failure.timeout and ctx.now_us() >= until_us - 100_000:
            return  # the time was up in the midst of it, as it should be
        if isinstance(answer, Failure):
            moved.failed += 1
            continue
        if answer.took_ms < _QUICK_MS:
            size_bytes = min(size_bytes * _GROWTH, _LARGEST_BYTES)


async def _down(ctx: Context, target: Target, size_bytes: int, *, moved: Moved, timeout_s: float) -> Fetched | Failure:
    answer = await ctx.fetch(target, f"/__down?bytes={size_bytes}", timeout_s=timeout_s, on_bytes=moved.confirm)
    if isinstance(answer, Failure):
        return answer
    # A refusal is a page too, and its bytes say nothing about the line.
    return answer if answer.status == 200 and answer.size_bytes == size_bytes else Failure.malformed


async def _up(ctx: Context, target: Target, size_bytes: int, *, moved: Moved, timeout_s: float) -> Fetched | Failure:
    async def body() -> AsyncIterator[bytes]:
        piece = ctx.random_bytes(_PIECE_BYTES)
        for offset in range(0, size_bytes, _PIECE_BYTES):
            part = piece[: size_bytes - offset]
            moved.offer(len(part))
            yield part

    headers = {"Content-Length": str(size_bytes), "Content-Type": "application/octet-stream"}
    answer = await ctx.fetch(target, "/__up", method="POST", headers=headers, content=body(), timeout_s=timeout_s)
    if isinstance(answer, Failure):
        return answer
    if not 200 <= answer.status < 300:
        return Failure.malformed
    moved.confirm(size_bytes)
    return answer
