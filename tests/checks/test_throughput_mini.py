"""speedtest-cli as a library, live on loopback against the lab's web server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcheck.api import BudgetExceededError, Failure, Target
from callcheck.testing import FakeContext
from callcheck_throughput import backend
from callcheck_throughput.mini import MiniTest
from callcheck_throughput.moved import Moved
from tests.lab_servers.harness import endpoint, serving

ROOT = Path(__file__).parents[2]
IMPORT_IN_TEXTUAL = """
import asyncio, sys
from textual.app import App
from callcheck_throughput.mini import load

async def main():
    async with App().run_test():
        out = sys.stdout
        assert load().Speedtest
        assert sys.stdout is out
asyncio.run(main())
print("imported")
"""
IMPORT_WHILE_ANOTHER_WRITES = """
import sys, threading
from callcheck_throughput.mini import load

problems, written, done = [], 0, threading.Event()

def write():
    global written
    try:
        while not done.is_set():
            written += sys.stdout.buffer.write(b".")
    except Exception as error:
        problems.append(error)

writer = threading.Thread(target=write)
writer.start()
load()
done.set()
writer.join()
sys.stdout.flush()
assert not problems, problems
sys.stderr.write(str(written))
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Target]]:
    servers = [
        endpoint("http", transport="tcp", name="well"),
        endpoint("http", transport="tcp", fault="silent", name="silent"),
        endpoint("http", transport="tcp", fault="garbage", name="garbage"),
    ]
    with serving(tmp_path_factory.mktemp("web"), servers) as running:
        yield {
            name: Target(role="control", address=host, port=port, transport="tcp", protocol="speedtest")
            for name in ("well", "silent", "garbage")
            for host, port in [running.place(name)]
        }


async def prepared(ctx: FakeContext, target: Target) -> MiniTest:
    test = await backend.prepare(ctx, target, 5.0)
    assert isinstance(test, MiniTest)
    return test


def test_it_moves_bytes_both_ways_and_books_them(places: dict[str, Target]) -> None:
    ctx = FakeContext()

    async def both() -> list[Moved]:
        test = await prepared(ctx, places["well"])
        books = []
        for way in ("down", "up"):
            moved = Moved(ctx.now_us, 1_500_000)
            until_us = ctx.now_us() + 10_000_000
            await backend.transfer(ctx, places["well"], test, way, moved=moved, until_us=until_us)
            books.append(moved)
        return books

    down, up = asyncio.run(both())
    assert down.confirmed_bytes == 6 * 245_000
    # Four small posts and eleven large ones, with the heads of the requests.
    assert up.confirmed_bytes == up.offered_bytes
    assert 4 * 16_384 + 11 * 131_072 <= up.confirmed_bytes <= 1_600_000
    assert ctx.bytes_moved >= down.confirmed_bytes + up.confirmed_bytes
    assert not ctx.open_sockets


def test_a_cancellation_ends_every_thread(places: dict[str, Target]) -> None:
    ctx = FakeContext()

    async def cancelled() -> int:
        test = await prepared(ctx, places["well"])
        moved = Moved(ctx.now_us, 300_000_000)
        running = asyncio.create_task(
            backend.transfer(ctx, places["well"], test, "down", moved=moved, until_us=ctx.now_us() + 60_000_000)
        )
        await asyncio.sleep(0.2)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return moved.confirmed_bytes

    moved_bytes = asyncio.run(cancelled())
    assert moved_bytes < 300_000_000
    assert not [one for one in threading.enumerate() if one.name.startswith("asyncio")]


@pytest.mark.parametrize(
    ("name", "failures"), [("silent", {Failure.timeout}), ("garbage", {Failure.malformed, Failure.timeout})]
)
def test_what_is_no_mini_server_has_a_name(places: dict[str, Target], name: str, failures: set[Failure]) -> None:
    ctx = FakeContext()
    assert asyncio.run(backend.prepare(ctx, places[name], 1.0)) in failures
    assert not ctx.open_sockets


def test_nobody_listening_has_a_name_too() -> None:
    nobody = Target(role="control", address="127.0.0.1", port=1, transport="tcp", protocol="speedtest")
    assert asyncio.run(backend.prepare(FakeContext(), nobody, 1.0)) is Failure.timeout


def test_a_budget_that_is_used_up_ends_the_transfer(places: dict[str, Target]) -> None:
    from callcheck_throughput import CHECK

    ctx = FakeContext(info=CHECK.info)

    async def too_much() -> None:
        test = await prepared(ctx, places["well"])
        moved = Moved(ctx.now_us, 400_000_000)
        until_us = ctx.now_us() + 60_000_000
        await backend.transfer(ctx, places["well"], test, "down", moved=moved, until_us=until_us)

    with pytest.raises(BudgetExceededError):
        asyncio.run(too_much())
    assert not ctx.open_sockets


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'checks'}"},
    )


def test_what_other_threads_write_while_it_is_imported_is_not_lost() -> None:
    done = python(IMPORT_WHILE_ANOTHER_WRITES)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) == int(done.stderr) > 0


def test_it_is_imported_inside_a_running_textual_app() -> None:
    done = python(IMPORT_IN_TEXTUAL)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "imported", "")
