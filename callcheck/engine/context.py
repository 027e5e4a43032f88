"""What a check may do: the one implementation of `api.Context` that touches a real network."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import TypeVar

import msgspec

from callcheck.api import (
    Arm,
    BudgetExceededError,
    CheckInfo,
    Datagram,
    DeviceState,
    Fetched,
    IcmpError,
    LinkState,
    Meter,
    Numbered,
    Route,
    Stream,
)
from callcheck.engine.state import RunState
from callcheck.engine.traffic import Traffic
from callcheck.flow.runner import FlowError, run_flows
from callcheck.model import FlowSecond, Observation, Target
from callcheck.net import device as net_device
from callcheck.net import http
from callcheck.net import link as net_link
from callcheck.net import resolve as net_resolve
from callcheck.net import route as net_route
from callcheck.net.tcp import TcpStream, open_tcp
from callcheck.net.udp import DatagramSocket, open_icmp, open_udp
from callcheck.words import Depth, Failure, Function, Role

__all__ = ["RealContext", "RunState"]

T = TypeVar("T")

# The largest packet of a flow, a DTLS hello at the IP layer, with some room; each is booked there and back.
_FLOW_PACKET_BYTES = 256
_PLAIN_HTTP_PORT = 80


class RealContext:
    """Meets `api.Context` for one check. `close` ends every socket that the check left open. `depth` is that of the run
    unless another is given."""

    def __init__(self, state: RunState, info: CheckInfo, depth: Depth | None = None) -> None:
        self._state = state
        self._depth = depth
        self._info = info
        self._spent_bytes = 0
        self._traffic = Traffic()
        self._open: list[DatagramSocket | TcpStream] = []
        self._over = False

    @property
    def depth(self) -> Depth:
        return self._depth or self._state.depth

    @property
    def spent_bytes(self) -> int:
        return self._spent_bytes

    def moved(self) -> Mapping[str, tuple[int, int]]:
        """Packets and bytes by endpoint, both ways, at the IP layer."""
        return self._traffic.table()

    def targets(
        self,
        *,
        role: Role | None = None,
        service: str | None = None,
        function: Function | None = None,
        protocol: str | None = None,
    ) -> Sequence[Target]:
        return _matching(self._state.targets, role, service, function, protocol)

    def answered(
        self,
        *,
        role: Role | None = None,
        service: str | None = None,
        function: Function | None = None,
        protocol: str | None = None,
    ) -> Sequence[Target]:
        return _matching(tuple(self._state.answered.values()), role, service, function, protocol)

    def now_us(self) -> int:
        return self._state.clock.now_us()

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def link(self) -> LinkState:
        if self._state.link is None:
            self._state.link = net_link.link_state()
        return self._state.link

    async def route(self, address: str) -> Route | Failure:
        return net_route.route_to(address)

    async def device(self) -> DeviceState:
        return await asyncio.to_thread(net_device.device_state)

    async def resolve(self, host: str, *, ipv6: bool = False) -> Sequence[str] | Failure:
        asked = (host, ipv6)
        if asked not in self._state.names:
            self._state.names[asked] = asyncio.create_task(net_resolve.resolve(host, ipv6=ipv6))
        return await asyncio.shield(self._state.names[asked])

    async def udp(self, target: Target) -> Datagram | Failure:
        place = await self._place(target)
        if isinstance(place, Failure):
            return place
        spend, note = self._counting(target.endpoint)
        return self._keep(open_udp(place, target.port, self._state.clock, spend, note))

    async def icmp(self, address: str) -> Datagram | Failure:
        spend, note = self._counting(f"icmp/{address}")
        return self._keep(open_icmp(address, self._state.clock, spend, note))

    async def tcp(
        self, target: Target, *, tls: str | None = None, ttl: int | None = None, timeout_s: float = 2.5
    ) -> Stream | Failure | IcmpError:
        place = await self._place(target)
        if isinstance(place, Failure):
            return place
        opened = await open_tcp(
            place,
            target.port,
            self._state.clock,
            tls=tls,
            ttl=ttl,
            timeout_s=timeout_s,
            spend=self._spend,
            settle=self._traffic.connection(target.endpoint),
        )
        return self._keep(opened)

    async def fetch(
        self,
        target: Target,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterable[bytes] = b"",
        timeout_s: float = 3.0,
        on_bytes: Callable[[int], None] | None = None,
    ) -> Fetched | Failure:
        place = await self._place(target)
        if isinstance(place, Failure):
            return place
        return await http.fetch(
            place,
            target.port,
            target.host or place,
            path,
            self._state.clock,
            tls=target.port != _PLAIN_HTTP_PORT,
            method=method,
            headers=headers,
            content=content,
            timeout_s=timeout_s,
            spend=self._spend,
            settle=self._traffic.connection(target.endpoint),
            on_bytes=on_bytes,
        )

    async def flows(self, arms: Sequence[Arm], *, seconds: float) -> AsyncGenerator[FlowSecond, None]:
        placed = []
        for arm in arms:
            place = await self._place(arm.target)
            if not isinstance(place, Failure):
                placed.append(msgspec.structs.replace(arm, target=msgspec.structs.replace(arm.target, address=place)))
        if not placed:
            return
        # The worker cannot be stopped within a second that it has not reported: what it may move is booked beforehand.
        packets = sum(arm.rate_pps * max(0.0, min(arm.stop_s or seconds, seconds) - arm.start_s) for arm in placed)
        self._spend(round(packets * 2 * _FLOW_PACKET_BYTES))
        endpoints = {arm.name: arm.target.endpoint for arm in arms}
        running = run_flows(placed, seconds=seconds, origin_ns=self._state.clock.origin_ns)
        try:
            # Closed by name: left to the garbage collector, the flow process would outlive a check that broke off.
            async with aclosing(running):
                async for second in running:
                    moved = self._traffic.of(endpoints[second.arm])
                    moved.add(len(second.sent_us), len(second.sent_us) * second.ip_bytes)
                    heard = sum(stamp is not None for stamp in second.received_us)
                    moved.add(heard, second.answer_bytes)
                    yield second
        except FlowError as error:
            raise RuntimeError(f"the flow process failed: {error}") from error

    @contextmanager
    def external(self, host: str, max_bytes: int) -> Iterator[Meter]:
        """Books what a library moves; more than `max_bytes`, or than the check has left, ends it."""
        yield _ExternalMeter(self, host, max_bytes)

    def emit(self, observation: Observation) -> int:
        """Write it down. What could not be read back out of the journal raises here, in the check that made it."""
        self._refuse_if_over()
        plain = msgspec.json.decode(msgspec.json.encode(observation))
        observation = msgspec.convert(plain, type=Observation)
        event = self._state.bus.publish("observed", self._info.name, plain)
        self._state.note(observation)
        return event.seq

    def earlier(self) -> Sequence[Numbered[Observation]]:
        return tuple(self._state.earlier.get(self._info.name, ()))

    def progress(self, fraction: float, note: str = "") -> None:
        self._refuse_if_over()
        self._state.bus.publish("progress", self._info.name, {"fraction": min(max(fraction, 0.0), 1.0), "note": note})

    def spend_external(self, count_bytes: int) -> None:
        self._spend(count_bytes)

    def close(self) -> None:
        """End every socket, and refuse whatever a check that would not stop still tries."""
        self._over = True
        for resource in self._open:
            if isinstance(resource, TcpStream):
                resource.abort()
            else:
                resource.close()
        self._open.clear()

    def _keep(self, opened: T) -> T:
        """Remember what was opened, so that it ends with the check; a failure is passed on as it is."""
        if isinstance(opened, DatagramSocket | TcpStream):
            self._open.append(opened)
            if self._over:
                self.close()
        return opened

    async def _place(self, target: Target) -> str | Failure:
        if target.address:
            return target.address
        found = await self.resolve(target.host)
        return found if isinstance(found, Failure) else found[0]

    def _counting(self, endpoint: str) -> tuple[Callable[[int], None], Callable[[int], None]]:
        """What a datagram socket tells of bytes to send, and of bytes that came."""
        return self._traffic.counted(endpoint, self._spend), self._traffic.counted(endpoint, self._note)

    def _refuse_if_over(self) -> None:
        if self._over:
            raise BudgetExceededError(f"{self._info.name} is over")

    def _spend(self, count_bytes: int) -> None:
        self._refuse_if_over()
        max_bytes = self._info.budget(self.depth).max_bytes
        if self._spent_bytes + count_bytes > max_bytes:
            raise BudgetExceededError(f"{self._info.name} may move {max_bytes} bytes")
        self._spent_bytes += count_bytes

    def _note(self, count_bytes: int) -> None:
        self._spent_bytes += count_bytes


class _ExternalMeter:
    def __init__(self, context: RealContext, host: str, max_bytes: int) -> None:
        self._context = context
        self._host = host
        self._left_bytes = max_bytes

    def add(self, count_bytes: int) -> None:
        self._left_bytes -= count_bytes
        if self._left_bytes < 0:
            raise BudgetExceededError(f"the exchange with {self._host} moved more than it promised")
        self._context.spend_external(count_bytes)


def _matching(
    targets: Sequence[Target], role: str | None, service: str | None, function: str | None, protocol: str | None
) -> tuple[Target, ...]:
    return tuple(
        target
        for target in targets
        if (role is None or target.role == role)
        and (service is None or target.service == service)
        and (function is None or target.function == function)
        and (protocol is None or target.protocol == protocol)
    )
