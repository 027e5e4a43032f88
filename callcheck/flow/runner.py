"""The parent's side: starts the flow process, hands it the plan, reads its seconds, and ends it without fail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import msgspec

from callcheck.api import Arm
from callcheck.flow.plan import Plan, encode
from callcheck.model import FlowSecond

_LONGEST_LINE_BYTES = 1 << 20
_STDERR_TAIL_BYTES = 4096


class FlowError(RuntimeError):
    """The flow process could not do its work; the message is one line."""


async def run_flows(arms: Sequence[Arm], *, seconds: float, origin_ns: int) -> AsyncGenerator[FlowSecond, None]:
    """Run all arms beside each other for `seconds`; yields each arm's seconds in order, as soon as they are final.

    Every arm's target has an IP address. `origin_ns` is the monotonic clock where run time 0 stands. Closing the
    generator, or cancelling the task in it, ends the process before it returns. Raises FlowError where the process
    fails, with all seconds that were final before already given; ValueError for arms that make no plan.
    """
    _check(arms, seconds)
    if not arms:
        return
    process = await _start()
    errors = asyncio.create_task(_tail_of(process))
    try:
        await _hand_over(process, encode(Plan(tuple(arms), seconds, origin_ns)))
        assert process.stdout is not None
        while line := await process.stdout.readline():
            yield _second(line)
        if await process.wait() != 0:
            raise FlowError(await errors or f"the flow process ended with code {process.returncode}")
    finally:
        await _end(process, errors)


def _check(arms: Sequence[Arm], seconds: float) -> None:
    if len({arm.name for arm in arms}) != len(arms):
        raise ValueError("two arms have the same name")
    if seconds <= 0 or any(arm.rate_pps <= 0 or arm.start_s < 0 for arm in arms):
        raise ValueError("a flow needs a positive rate and length, and starts at 0 s or later")
    if any(not 0 <= arm.twins_apart_s < 2 / arm.rate_pps for arm in arms):
        raise ValueError("the second of two twins leaves before the next pair")
    first = {arm.name for arm in arms if not arm.after_death_of}
    if not all(first.issuperset(arm.after_death_of) for arm in arms):
        raise ValueError("a spare arm waits for an arm that runs from the start")
    if any(not arm.target.address for arm in arms):
        raise ValueError("an arm's target has no address")


async def _start() -> Process:
    # -P keeps the working directory from shadowing modules; a group of its own keeps Ctrl-C from the child, which
    # the parent ends itself after it has taken what is final.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "callcheck.flow",
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=_LONGEST_LINE_BYTES,
        env=os.environ | {"PYTHONPATH": _module_path()},
        process_group=0,
    )


def _module_path() -> str:
    """Where this process finds modules, so that the child imports the same from a bare checkout and from plugins."""
    return os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)


async def _hand_over(process: Process, plan: bytes) -> None:
    assert process.stdin is not None
    # A child that died at once says why on stderr; that it did not read is no news.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(plan)
        await process.stdin.drain()
    process.stdin.close()


def _second(line: bytes) -> FlowSecond:
    try:
        return msgspec.json.decode(line, type=FlowSecond)
    except msgspec.DecodeError as error:
        raise FlowError(f"the flow process wrote what is no second of a flow: {error}") from None


async def _tail_of(process: Process) -> str:
    """The last line that the process wrote to stderr, read to the end so that it never waits for us."""
    assert process.stderr is not None
    tail = b""
    while chunk := await process.stderr.read(_STDERR_TAIL_BYTES):
        tail = (tail + chunk)[-_STDERR_TAIL_BYTES:]
    lines = tail.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


async def _end(process: Process, errors: asyncio.Task[str]) -> None:
    """Kill what still runs, and wait until it is reaped and its pipes are closed."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdin.close()
    await process.stdout.read()
    await errors
    await process.wait()
