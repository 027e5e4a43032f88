"""`python -m callcheck.lab.traffic CONFIG.json`: other people's packets on the lab's wires; standard library only.

CONFIG is a list of `traffic_ends.TrafficEnds` as JSON. The near end always asks first, as a home behind a translating
router must. UDP packets are 1200 bytes at the IP layer, sent on a schedule of their own; TCP takes what it gets.
"""

import asyncio
import json
import os
import socket
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

from callcheck.lab.namespaces import inside

_UDP_BYTES: Final = 1200
_UDP_PAYLOAD: Final = bytes(_UDP_BYTES - 28)
_HELLO: Final = b"hello"
_CHUNK: Final = bytes(16_384)
_HELLO_EVERY_S: Final = 0.3
_RETRY_S: Final = 0.5
_SHORTEST_SLEEP_S: Final = 0.001
_PATIENCE_S: Final = 5.0  # a stream that carried nothing by then is no traffic, and the lab that wanted it is void


class Turns:
    """When a stream is on; for ever where `on_s` is 0."""

    def __init__(self, on_s: float, off_s: float) -> None:
        self._on_s, self._period_s = on_s, on_s + off_s
        self._start_s = time.monotonic()

    def pause_s(self) -> float:
        """How long it is off from now on; 0 while it is on."""
        if not self._on_s:
            return 0.0
        phase_s = (time.monotonic() - self._start_s) % self._period_s
        return self._period_s - phase_s if phase_s >= self._on_s else 0.0


class Arrived:
    """How many bytes a stream has carried."""

    def __init__(self) -> None:
        self.bytes = 0


async def main(streams: list[dict[str, Any]]) -> None:
    os.nice(5)  # what is measured comes first on a busy machine
    await asyncio.gather(*(_carry(stream) for stream in streams))


async def _carry(stream: dict[str, Any]) -> None:
    arrived = Arrived()
    carry = _udp if stream["tcp_flows"] is None else _tcp
    await asyncio.gather(carry(stream, arrived), _insist(stream, arrived))


async def _insist(stream: dict[str, Any], arrived: Arrived) -> None:
    await asyncio.sleep(_PATIENCE_S)
    if not arrived.bytes:
        raise SystemExit(f"cross traffic to {stream['far_address']} never got through")


async def _udp(stream: dict[str, Any], arrived: Arrived) -> None:
    far_place = (stream["far_address"], stream["port"])
    far = inside(stream["far_namespace"], partial(_bound, socket.SOCK_DGRAM, far_place))
    near = inside(stream["near_namespace"], partial(_bound, socket.SOCK_DGRAM, None))
    near.connect(far_place)
    turns = Turns(stream["on_s"], stream["off_s"])
    packets_per_s = stream["rate_kbps"] * 1000 / 8 / _UDP_BYTES
    if stream["is_up"]:
        await asyncio.gather(_pace(near.send, packets_per_s, turns), _swallow(far, arrived))
        return
    home: list[tuple[str, int]] = []  # where the near end was last heard from; a home may get another address

    def send_home(data: bytes) -> None:
        if home:
            far.sendto(data, home[-1])

    await asyncio.gather(
        _pace(send_home, packets_per_s, turns), _swallow(near, arrived), _meet(far, home), _greet(near)
    )


async def _pace(send: Any, packets_per_s: float, turns: Turns) -> None:
    """Send on an absolute schedule that starts anew after each pause."""
    while True:
        if pause_s := turns.pause_s():
            await asyncio.sleep(pause_s)
        start_s, sent = time.monotonic(), 0
        while not turns.pause_s():
            due = int((time.monotonic() - start_s) * packets_per_s)
            for _ in range(due - sent):
                _send_quietly(send)
            sent = max(sent, due)
            await asyncio.sleep(max(_SHORTEST_SLEEP_S, start_s + (sent + 1) / packets_per_s - time.monotonic()))


def _send_quietly(send: Any) -> None:
    try:
        send(_UDP_PAYLOAD)
    except OSError:  # a full buffer or an ICMP error is the network's business
        return


async def _swallow(sock: socket.socket, arrived: Arrived) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            arrived.bytes += len(await loop.sock_recv(sock, 65_536))
        except OSError:
            await asyncio.sleep(_SHORTEST_SLEEP_S)


async def _meet(far: socket.socket, home: list[tuple[str, int]]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            _, place = await loop.sock_recvfrom(far, 64)
        except OSError:
            await asyncio.sleep(_SHORTEST_SLEEP_S)
            continue
        home[:] = [place]


async def _greet(near: socket.socket) -> None:
    """Say where the near end is, and keep the translating router's memory of the flow."""
    while True:
        _send_quietly(lambda _data: near.send(_HELLO))
        await asyncio.sleep(_HELLO_EVERY_S)


async def _tcp(stream: dict[str, Any], arrived: Arrived) -> None:
    far_place = (stream["far_address"], stream["port"])
    listener = inside(stream["far_namespace"], partial(_bound, socket.SOCK_STREAM, far_place))
    listener.listen(stream["tcp_flows"])
    turns = Turns(stream["on_s"], stream["off_s"])
    patience_s = stream["off_s"] + _PATIENCE_S
    await asyncio.gather(
        _accept(listener, stream["is_up"], turns, arrived, patience_s),
        *(_tcp_flow(stream, far_place, turns, arrived, patience_s) for _ in range(stream["tcp_flows"])),
    )


async def _accept(listener: socket.socket, is_up: bool, turns: Turns, arrived: Arrived, patience_s: float) -> None:
    loop = asyncio.get_running_loop()
    tasks = set()
    while True:
        connection, _ = await loop.sock_accept(listener)
        task = asyncio.create_task(_drain(connection, arrived, patience_s) if is_up else _fill(connection, turns))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def _tcp_flow(
    stream: dict[str, Any], far_place: tuple[str, int], turns: Turns, arrived: Arrived, patience_s: float
) -> None:
    """Keep one connection going: one that breaks, or carries nothing any more, is opened again."""
    loop = asyncio.get_running_loop()
    while True:
        near = inside(stream["near_namespace"], partial(_bound, socket.SOCK_STREAM, None))
        try:
            async with asyncio.timeout(patience_s):
                await loop.sock_connect(near, far_place)
            await (_fill(near, turns) if stream["is_up"] else _drain(near, arrived, patience_s))
        except OSError:
            near.close()
        await asyncio.sleep(_RETRY_S)


async def _fill(connection: socket.socket, turns: Turns) -> None:
    loop = asyncio.get_running_loop()
    # A peer that does not acknowledge for so long is gone, or has another address.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(_PATIENCE_S * 1000))
    with connection:
        try:
            while True:
                if pause_s := turns.pause_s():
                    await asyncio.sleep(pause_s)
                await loop.sock_sendall(connection, _CHUNK)
        except OSError:
            return


async def _drain(connection: socket.socket, arrived: Arrived, patience_s: float) -> None:
    loop = asyncio.get_running_loop()
    with connection:
        try:
            while True:
                async with asyncio.timeout(patience_s):
                    chunk = await loop.sock_recv(connection, 65_536)
                if not chunk:
                    return
                arrived.bytes += len(chunk)
        except OSError:  # TimeoutError is one too
            return


def _bound(kind: socket.SocketKind, place: tuple[str, int] | None) -> socket.socket:
    sock = socket.socket(socket.AF_INET, kind)
    if place is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(place)
    sock.setblocking(False)
    return sock


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
