"""Things done side by side, none of which outlives the others' end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any


async def together(*doing: Coroutine[Any, Any, None]) -> None:
    """Wait for all of them. Where one fails, or this is cancelled, the others are ended before it is told."""
    tasks = [asyncio.create_task(one) for one in doing]
    try:
        await asyncio.gather(*tasks)
    finally:
        await none_left(tasks)


async def none_left(tasks: Sequence[asyncio.Task[None]]) -> None:
    """End what still runs, and wait until it has closed its sockets."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
