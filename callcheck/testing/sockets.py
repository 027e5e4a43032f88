"""Sockets that lead to scripted peers: what a check sends goes to a function, what that returns arrives later."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from callcheck.api import Failure, IcmpError, Packet, TcpState

T = TypeVar("T")

# What comes back for one datagram: (delay in seconds, bytes) each; or why it could not be sent; or an ICMP error.
Answers = Sequence[tuple[float, bytes]] | Failure | IcmpError
DatagramHandler = Callable[[bytes], Answers]
# The same for a datagram that was sent with a TTL of its own.
HopHandler = Callable[[bytes, int], Answers]
# Both of them: the TTL is None where the check left it to the system.
Route = Callable[[bytes, int | None], Answers]
# What comes back for what was written to a connection. A Failure ends the connection (`Failure.eof`: in good order).
StreamAnswers = Sequence[tuple[float, bytes | Failure]]
StreamHandler = Callable[[bytes], StreamAnswers]

ROUND_TRIP_S = 0.02
IP_UDP_BYTES = 28
IP_TCP_BYTES = 40
_TLS_BYTES = 6_000


@dataclass(frozen=True, slots=True)
class StreamPeer:
    """A TCP server. `conversation` makes one handler a connection, which is called with b"" when the connection opens
    and then with each piece that the check sends. `connect_s` is how long opening takes. `tls` says what comes of a
    TLS handshake that shows a name (None: it is done); `state` is what the kernel would have counted."""

    conversation: Callable[[], StreamHandler]
    connect_s: float = ROUND_TRIP_S
    tls: Callable[[str], Failure | None] = lambda _name: None
    state: TcpState | None = None


@dataclass(frozen=True, slots=True)
class Wiring:
    """How a fake socket reports to its context: each await, bytes to send, bytes that came, its own end."""

    pause: Callable[[], Awaitable[None]]
    spend: Callable[[int], None]
    note: Callable[[int], None]
    closed: Callable[[], None]


class _Inbox(Generic[T]):
    """Things on their way, in order of arrival."""

    def __init__(self) -> None:
        self._coming: list[tuple[float, int, T]] = []
        self._numbers = itertools.count()
        self._changed = asyncio.Event()

    def put(self, delay_s: float, item: T) -> None:
        arrival_s = asyncio.get_running_loop().time() + delay_s
        heapq.heappush(self._coming, (arrival_s, next(self._numbers), item))
        self._changed.set()

    async def get(self, timeout_s: float) -> tuple[float, T] | None:
        """(time of arrival, thing), or None after `timeout_s`."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + max(timeout_s, 0.0)
        while True:
            next_s = self._coming[0][0] if self._coming else deadline_s
            if self._coming and next_s <= loop.time():
                arrival_s, _, item = heapq.heappop(self._coming)
                return arrival_s, item
            if loop.time() >= deadline_s:
                return None
            self._changed.clear()
            try:
                async with asyncio.timeout_at(min(next_s, deadline_s)):
                    await self._changed.wait()
            except TimeoutError:
                continue


class FakeDatagram:
    """`api.Datagram` before a scripted peer."""

    def __init__(self, route: Route, wiring: Wiring, local: tuple[str, int]) -> None:
        self._route = route
        self._wiring = wiring
        self._inbox: _Inbox[bytes | IcmpError] = _Inbox()
        self._open = True
        self.local = local

    def send(self, payload: bytes, *, ttl: int | None = None) -> int | Failure:
        if not self._open:
            raise RuntimeError("send on a closed socket")
        self._wiring.spend(len(payload) + IP_UDP_BYTES)
        answers = self._route(payload, ttl)
        if isinstance(answers, Failure):
            return answers
        if isinstance(answers, IcmpError):
            self._inbox.put(ROUND_TRIP_S, answers)
        else:
            for delay_s, answer in answers:
                self._inbox.put(delay_s, answer)
        return _microseconds(asyncio.get_running_loop().time())

    async def receive(self, *, timeout_s: float) -> Packet | IcmpError | None:
        await self._wiring.pause()
        arrived = await self._inbox.get(timeout_s)
        if arrived is None:
            return None
        arrival_s, item = arrived
        if isinstance(item, IcmpError):
            return msgspec.structs.replace(item, received_us=_microseconds(arrival_s))
        self._wiring.note(len(item) + IP_UDP_BYTES)
        return Packet(payload=item, received_us=_microseconds(arrival_s), kernel_stamped=False)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._wiring.closed()


class FakeStream:
    """`api.Stream` before a scripted peer. TLS is not imitated: a handshake ends as the peer says, and the peer sees
    what the check wrote."""

    def __init__(self, peer: StreamPeer, wiring: Wiring) -> None:
        self._wiring = wiring
        self._inbox: _Inbox[bytes | Failure] = _Inbox()
        self._handler = peer.conversation()
        self._peer = peer
        self._unread = b""
        self._ended: Failure | None = None
        self._open = True
        self.connect_ms = peer.connect_s * 1000.0
        self._tell(b"")

    def _tell(self, payload: bytes) -> None:
        for delay_s, answer in self._handler(payload):
            self._inbox.put(delay_s, answer)

    async def start_tls(self, name: str, *, timeout_s: float, verify: bool = True) -> Failure | None:
        del verify
        await self._wiring.pause()
        self._wiring.spend(_TLS_BYTES)
        failure = self._peer.tls(name)
        await asyncio.sleep(timeout_s if failure is Failure.timeout else min(timeout_s, 2 * ROUND_TRIP_S))
        return failure

    def state(self) -> TcpState | None:
        return self._peer.state

    async def send(self, payload: bytes) -> Failure | None:
        if not self._open:
            raise RuntimeError("send on a closed connection")
        await self._wiring.pause()
        if self._ended is not None:
            return Failure.reset
        self._wiring.spend(len(payload) + IP_TCP_BYTES)
        self._tell(payload)
        return None

    async def receive(self, *, max_bytes: int, timeout_s: float) -> bytes | Failure:
        await self._wiring.pause()
        if not self._unread and self._ended is None:
            await self._read_more(timeout_s)
        if self._unread:
            taken, self._unread = self._unread[:max_bytes], self._unread[max_bytes:]
            return taken
        return self._ended or Failure.timeout

    async def _read_more(self, timeout_s: float) -> None:
        arrived = await self._inbox.get(timeout_s)
        if arrived is None:
            return
        if isinstance(arrived[1], Failure):
            self._ended = arrived[1]
        else:
            self._wiring.note(len(arrived[1]) + IP_TCP_BYTES)
            self._unread = arrived[1]

    async def close(self) -> None:
        if self._open:
            self._open = False
            self._wiring.closed()
        await self._wiring.pause()


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)
