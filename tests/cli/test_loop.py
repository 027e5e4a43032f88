"""The loop of a run ends when told to, and whatever will not stop."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from callcheck.cli import loop


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_in_order(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    async def run() -> str:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "told"
        return "never"

    try:
        assert loop.run_until_told(run()) == "told"
    finally:
        signal.signal(number, before)


def test_a_task_that_refuses_to_stop_does_not_hold_the_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_LET_GO_S", 0.05)
    refused: list[int] = []

    async def stubborn() -> None:
        while len(refused) < 1000:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                refused.append(1)

    async def run() -> str:
        started = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        return "done" if not started.done() else "gone"

    assert loop.run_until_told(run()) == "done"
    assert refused == [1]
