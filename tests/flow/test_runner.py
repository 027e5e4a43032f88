"""The flow process from the parent's side: its seconds, its death, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from subprocess import PIPE

import pytest

from callcheck.api import Arm, Target
from callcheck.flow.plan import Plan, encode
from callcheck.flow.runner import FlowError, run_flows
from callcheck.model import FlowSecond
from tests.flow.codecs import Dies, Greeted, Numbers
from tests.flow.echo import Echo, Script


def _arm(target: Target, *, name: str = "arm", codec: Numbers | None = None) -> Arm:
    return Arm(name=name, target=target, codec=codec or Numbers(), rate_pps=20)


def _flow(arms: Sequence[Arm], seconds: float) -> AsyncGenerator[FlowSecond, None]:
    return run_flows(arms, seconds=seconds, origin_ns=time.monotonic_ns())


async def _all(arms: Sequence[Arm], seconds: float = 0.3) -> list[FlowSecond]:
    return [second async for second in _flow(arms, seconds)]


def _flow_children() -> list[int]:
    """Process ids of our own children, zombies included."""
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


async def _kill_at_first_second(arms: Sequence[Arm], seen: list[FlowSecond]) -> None:
    async for second in _flow(arms, 30):
        seen.append(second)
        if len(seen) == 1:
            (child,) = _flow_children()
            os.kill(child, signal.SIGKILL)


def test_a_flow_process_gives_the_seconds_of_every_arm_and_ends() -> None:
    with Echo(Script(lost=frozenset({2}))) as lossy, Echo() as echo:
        arms = [_arm(lossy.target, name="lossy"), _arm(echo.target, name="greeted", codec=Greeted())]
        seconds = asyncio.run(_all(arms))
    lost = {s.arm: [at for at, at_us in enumerate(s.received_us) if at_us is None] for s in seconds}
    assert lost == {"lossy": [2], "greeted": []}
    assert _flow_children() == []


def test_a_killed_flow_process_is_a_flow_error_and_what_was_final_is_kept() -> None:
    seen: list[FlowSecond] = []
    with Echo() as echo, pytest.raises(FlowError, match="ended with code -9"):
        asyncio.run(_kill_at_first_second([_arm(echo.target)], seen))
    assert [second.second for second in seen] == list(range(len(seen)))
    assert seen
    assert _flow_children() == []


def test_a_flow_process_that_fails_says_why_in_one_line() -> None:
    with Echo() as echo, pytest.raises(FlowError) as caught:
        asyncio.run(_all([_arm(echo.target, codec=Dies())]))
    assert str(caught.value) == "the worker fell over"


def test_a_fault_in_the_worker_is_told_by_its_exception() -> None:
    with pytest.raises(FlowError, match=r"^ValueError: not an IP address: 'localhost'$"):
        asyncio.run(_all([_arm(Target(address="localhost", port=9))]))


def test_cancelling_the_reader_ends_the_process() -> None:
    async def cancelled() -> None:
        async def read() -> None:
            async for _ in _flow([_arm(echo.target)], 60):
                started.set()

        started = asyncio.Event()
        task = asyncio.create_task(read())
        await started.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert _flow_children() == []

    with Echo() as echo:
        asyncio.run(cancelled())


@pytest.mark.parametrize("steps", range(6))
def test_cancelling_while_the_process_starts_leaves_none_behind(steps: int) -> None:
    async def cancelled() -> None:
        task = asyncio.create_task(_all([_arm(Target(address="127.0.0.1", port=9))], 60))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert _flow_children() == []


def test_closing_the_generator_ends_the_process() -> None:
    async def closed() -> None:
        async with contextlib.aclosing(run_flows([_arm(echo.target)], seconds=60, origin_ns=0)) as flow:
            assert (await anext(flow)).second == 0
            assert len(_flow_children()) == 1
        assert _flow_children() == []

    with Echo() as echo:
        asyncio.run(closed())


def test_a_reader_that_pauses_does_not_hold_packets_up() -> None:
    async def paused() -> list[FlowSecond]:
        seconds: list[FlowSecond] = []
        async for second in _flow([_arm(echo.target)], 2.0):
            if not seconds:
                time.sleep(1.5)  # noqa: ASYNC251 - a parent that hangs is what this is about
            seconds.append(second)
        return seconds

    with Echo() as echo:
        seconds = asyncio.run(paused())
    assert [len(second.sent_us) for second in seconds] == [20, 20]


def test_a_flow_process_whose_parent_is_gone_ends_by_itself() -> None:
    with Echo() as echo:
        plan = encode(Plan((_arm(echo.target),), 600.0, 0))
        command = [sys.executable, "-m", "callcheck.flow"]
        with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, cwd=Path(__file__).parents[2]) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdout.close()
            child.stdin.write(plan)
            child.stdin.close()
            assert child.wait(timeout=60) == 1


@pytest.mark.parametrize(
    ("arms", "seconds", "reason"),
    [
        (("one", "one"), 1.0, "same name"),
        (("one",), 0.0, "positive"),
    ],
)
def test_arms_that_make_no_plan_are_refused(arms: tuple[str, ...], seconds: float, reason: str) -> None:
    target = Target(address="127.0.0.1", port=9)
    with pytest.raises(ValueError, match=reason):
        asyncio.run(_all([_arm(target, name=name) for name in arms], seconds))


def test_a_target_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="no address"):
        asyncio.run(_all([_arm(Target(host="control.example", port=9))]))


def test_no_arms_give_no_seconds() -> None:
    assert asyncio.run(_all([])) == []
