"""Runs the blocking mini test in a thread, and keeps the books for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from callcheck.api import Context, Failure, Meter, Target
from callcheck_throughput.mini import MiniError, MiniTest, Taken
from callcheck_throughput.moved import Moved

_LOOK_S = 0.05
# The library looks at the clock between reads; a read that waits longer is woken.
_GRACE_S = 0.15
_LET_GO_S = 0.08
_PAGES_BYTES = 1_000_000


async def prepare(ctx: Context, target: Target, timeout_s: float) -> MiniTest | Failure:
    """The test of a mini server that answered, or why not; what it moves there is a few pages."""
    address = target.address
    if not address:
        found = await ctx.resolve(target.host)
        if isinstance(found, Failure):
            return found
        address = found[0] if found else ""
    if not address:
        return Failure.name_empty
    place = f"[{address}]" if ":" in address else address
    test = MiniTest(f"http://{place}:{target.port}")
    heard_bytes = 0

    def take(taken: Taken) -> None:
        nonlocal heard_bytes
        heard_bytes += taken.read_bytes

    until_us = ctx.now_us() + round(timeout_s * 1e6)
    with ctx.external(target.host or address, _PAGES_BYTES) as meter:
        try:
            if await _watched(ctx, test, test.prepare, meter=meter, until_us=until_us, take=take):
                return test
        except MiniError:
            return Failure.malformed if heard_bytes else Failure.timeout
    return Failure.timeout


async def transfer(
    ctx: Context, target: Target, test: MiniTest, direction: str, *, moved: Moved, until_us: int
) -> None:
    """One direction, until the time or the bytes are used up. A server that fell silent leaves `moved` short."""

    # The run's clock belongs to the loop; the thread has this one.
    ends_s = time.monotonic() + (until_us - ctx.now_us()) / 1e6

    def left_s() -> float:
        return max(0.0, ends_s - time.monotonic())

    def run() -> None:
        if direction == "down":
            test.download(moved.limit_bytes, left_s())
        else:
            test.upload(moved.limit_bytes, left_s)

    def take(taken: Taken) -> None:
        moved.confirm(taken.read_bytes if direction == "down" else taken.answered_bytes)
        if direction == "up":
            moved.offer(taken.sent_bytes)

    with ctx.external(target.host or target.address, 2 * moved.limit_bytes + _PAGES_BYTES) as meter:
        moved.requests += 1
        await _watched(ctx, test, run, meter=meter, until_us=until_us, take=take)


async def _watched(
    ctx: Context,
    test: MiniTest,
    run: Callable[[], None],
    *,
    meter: Meter,
    until_us: int,
    take: Callable[[Taken], None],
) -> bool:
    """Run it beside the loop and book what it moves; False if it had to be woken. However it ends, its threads end."""
    test.begin()
    running = asyncio.ensure_future(asyncio.to_thread(run))

    def book() -> None:
        taken = test.take()
        meter.add(taken.read_bytes + taken.sent_bytes)
        take(taken)

    try:
        while not running.done() and ctx.now_us() < until_us + _GRACE_S * 1e6:
            await asyncio.wait({running}, timeout=_LOOK_S)
            book()
        if not running.done():
            return False
        book()
        running.result()
        return True
    finally:
        test.interrupt()
        if not running.done():
            # Woken threads end by themselves; what they still say is of no interest.
            running.add_done_callback(lambda done: done.cancelled() or done.exception())
            await asyncio.wait({running}, timeout=_LET_GO_S)
