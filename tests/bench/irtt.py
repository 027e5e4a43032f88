"""irtt, the sender that callcheck's is measured against: its server, and clients whose send times are read."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import contextmanager

_LISTENS = re.compile(r"listener on 127\.0\.0\.1:(\d+)")


@contextmanager
def server() -> Iterator[int]:
    """The port of an irtt server on loopback; it is gone afterwards."""
    argv = ["irtt", "server", "-b", "127.0.0.1:0"]
    with subprocess.Popen(argv, stdout=PIPE, text=True, process_group=0) as process:
        try:
            assert process.stdout is not None
            found = (_LISTENS.search(line) for line in process.stdout)
            port = next((match[1] for match in found if match), None)
            if port is None:
                raise RuntimeError("the irtt server named no port")
            yield int(port)
        finally:
            process.kill()


async def send_times_ns(
    port: int, *, flows: int, seconds: float, interval_ms: int, payload_bytes: int
) -> list[list[int]]:
    """Per client the moments just before each send call, in nanoseconds of that client's own monotonic clock.

    One process a flow, all at once, with irtt's default timer (comp). A tick that irtt misses it does not send at all.
    """
    argv = ["irtt", "client", "-Q", "-o", "-", "-i", f"{interval_ms}ms", "-d", f"{round(seconds * 1000)}ms"]
    argv += ["-l", str(payload_bytes), f"127.0.0.1:{port}"]  # -l counts irtt's own headers
    async with asyncio.TaskGroup() as group:
        clients = [group.create_task(_output_of(argv)) for _ in range(flows)]
    return [_send_times_of(client.result()) for client in clients]


async def _output_of(argv: list[str]) -> bytes:
    process = await asyncio.create_subprocess_exec(*argv, stdout=PIPE)
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"irtt ended with code {process.returncode}")
    return output


def _send_times_of(output: bytes) -> list[int]:
    return [int(trip["timestamps"]["client"]["send"]["monotonic"]) for trip in json.loads(output)["round_trips"]]
