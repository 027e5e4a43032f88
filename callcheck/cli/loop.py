"""The event loop of a run: Ctrl-C and SIGTERM end it in order, and nothing that will not stop can hold the exit."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

_LET_GO_S = 1.0
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def run_until_told(main: Coroutine[Any, Any, T]) -> T:
    """Run `main`, which is cancelled by the first signal; a second one falls on the system's own handling.

    Unlike `asyncio.run`, this does not wait for tasks that refuse to be cancelled: a plugin may be one.
    """
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, _context: None)
    try:
        task = loop.create_task(main)
        _cancel_on_signals(loop, task)
        return loop.run_until_complete(task)
    finally:
        left = asyncio.all_tasks(loop)
        for one in left:
            one.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=_LET_GO_S))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _cancel_on_signals(loop: asyncio.AbstractEventLoop, task: asyncio.Task[T]) -> None:
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is None:
            continue

        def told(number: int = number) -> None:
            task.cancel()
            loop.remove_signal_handler(number)

        with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
            loop.add_signal_handler(number, told)
