"""A Context without a network and without a clock: scripted peers, virtual time, and a record of what a check did."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from callcheck.api import (
    Arm,
    BudgetExceededError,
    CheckInfo,
    Depth,
    DeviceState,
    Failure,
    Fetched,
    FlowSecond,
    Function,
    IcmpError,
    LinkState,
    Meter,
    Numbered,
    Observation,
    Role,
    Route,
    Target,
)
from callcheck.testing.flows import FakeFlows, FlowAnswers
from callcheck.testing.sites import Site, exchanged
from callcheck.testing.sockets import (
    IP_TCP_BYTES,
    ROUND_TRIP_S,
    Answers,
    DatagramHandler,
    FakeDatagram,
    FakeStream,
    HopHandler,
    StreamPeer,
    Wiring,
)
from callcheck.testing.tables import HEALTHY_DEVICE, HEALTHY_LINK, FakeMeter, first, matches, silence, silent_hops

_SILENT_RESOLVER_S = 3.0
_FIRST_LOCAL_PORT = 40000


class FakeContext:
    """`api.Context` over scripted peers. Use it in one run of one check.

    Peers are looked up by `Target.endpoint`, first with the address, then with the host; `icmp/ADDRESS` stands for a
    host that is pinged. A peer that nobody scripted is silent, a name that nobody scripted is missing. `info`
    switches the byte budget on: sending more than `max_bytes` raises, as in a real run. Bytes are counted with
    their IP and UDP or TCP headers. `earlier` are the check's observations of a run that is continued.
    """

    def __init__(
        self,
        targets: Sequence[Target] = (),
        *,
        depth: Depth = "quick",
        seed: int = 0,
        answers: Mapping[str, DatagramHandler] | None = None,
        names: Mapping[str, Sequence[str] | Failure] | None = None,
        link: LinkState = HEALTHY_LINK,
        answered: Sequence[Target] = (),
        info: CheckInfo | None = None,
        earlier: Sequence[Numbered[Observation]] = (),
    ) -> None:
        self.depth: Depth = depth
        self.link_state = link
        self.names = dict(names or {})
        self.names_v6: dict[str, Sequence[str] | Failure] = {}
        self.routes: dict[str, Route | Failure] = {}
        self.device_state = HEALTHY_DEVICE
        self.answered_targets = list(answered)
        # What takes part where no peer or name of its own was scripted.
        self.other_datagrams: DatagramHandler = silence
        self.other_hops: HopHandler = silent_hops
        self.other_streams: StreamPeer | Failure = Failure.timeout
        self.other_sites: Site = lambda _method, _path, _body: Failure.timeout
        self.other_names: Sequence[str] | Failure = Failure.name_missing
        # Why no UDP or ICMP socket can be opened at all (no route, no permission).
        self.udp_failure: Failure | None = None
        self.icmp_failure: Failure | None = None
        # Every packet of a flow is lost until another rule stands here.
        self.flow_answers: FlowAnswers = lambda _arm, _number: None
        # Called before each await with how many came before: conformance cancels a check there.
        self.on_await: Callable[[int], None] = lambda _count: None
        self.observations: list[Numbered[Observation]] = []
        self.sent: list[tuple[str, bytes]] = []
        self.progress_calls: list[tuple[float, str]] = []
        self.open_sockets: dict[int, str] = {}
        self.bytes_moved = 0
        self.awaits = 0
        self._targets = tuple(targets)
        self._earlier = tuple(earlier)
        self._max_bytes = info.budget(depth).max_bytes if info else None
        self._random = random.Random(seed)
        self._datagrams = dict(answers or {})
        self._hops: dict[str, HopHandler] = {}
        self._streams: dict[str, StreamPeer | Failure] = {}
        self._sites: dict[str, Site] = {}
        self._sockets_made = 0

    def peer(self, endpoint: str, handler: DatagramHandler) -> None:
        """Script the UDP peer at `udp/ADDRESS:PORT`, or the pinged host at `icmp/ADDRESS`.

        The handler gets the payload and returns [(delay in seconds, answer)], or a Failure (it could not be sent), or
        an IcmpError (its time is filled in).
        """
        self._datagrams[endpoint] = handler

    def hops(self, endpoint: str, handler: HopHandler) -> None:
        """Script what comes back when something is sent towards `endpoint` with a TTL of its own."""
        self._hops[endpoint] = handler

    def stream_peer(self, endpoint: str, peer: StreamPeer | Failure) -> None:
        """Script the TCP server at `tcp/ADDRESS:PORT`, or why a connection to it fails."""
        self._streams[endpoint] = peer

    def site(self, endpoint: str, site: Site) -> None:
        """Script the web site at `tcp/ADDRESS:PORT`: method, path and body go in, what comes back or why not out."""
        self._sites[endpoint] = site

    def targets(
        self,
        *,
        role: Role | None = None,
        service: str | None = None,
        function: Function | None = None,
        protocol: str | None = None,
    ) -> Sequence[Target]:
        return [target for target in self._targets if matches(target, role, service, function, protocol)]

    def answered(
        self,
        *,
        role: Role | None = None,
        service: str | None = None,
        function: Function | None = None,
        protocol: str | None = None,
    ) -> Sequence[Target]:
        return [target for target in self.answered_targets if matches(target, role, service, function, protocol)]

    def now_us(self) -> int:
        return round(asyncio.get_running_loop().time() * 1_000_000)

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    async def sleep(self, seconds: float) -> None:
        await self._pause()
        await asyncio.sleep(seconds)

    async def link(self) -> LinkState:
        await self._pause()
        return self.link_state

    async def route(self, address: str) -> Route | Failure:
        await self._pause()
        return self.routes.get(address, Route(self.link_state.interface, self.link_state.tunnel))

    async def device(self) -> DeviceState:
        await self._pause()
        return self.device_state

    async def fetch(
        self,
        target: Target,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - a script sees method, path and body
        content: bytes | AsyncIterable[bytes] = b"",
        timeout_s: float = 3.0,
        on_bytes: Callable[[int], None] | None = None,
    ) -> Fetched | Failure:
        await self._pause()
        address = await self._address(target)
        if isinstance(address, Failure):
            return address
        site = first(self._sites, self._keys(target, address), self.other_sites)
        return await exchanged(
            site,
            method,
            path,
            content,
            timeout_s=timeout_s,
            on_bytes=on_bytes,
            spend=self._spend,
            note=self._note,
        )

    async def resolve(self, host: str, *, ipv6: bool = False) -> Sequence[str] | Failure:
        await self._pause()
        found = self.names_v6.get(host, Failure.name_empty) if ipv6 else self.names.get(host, self.other_names)
        await asyncio.sleep(_SILENT_RESOLVER_S if found is Failure.resolver_timeout else ROUND_TRIP_S)
        return found if isinstance(found, Failure) else list(found)

    async def udp(self, target: Target) -> FakeDatagram | Failure:
        await self._pause()
        if self.udp_failure is not None:
            return self.udp_failure
        address = await self._address(target)
        if isinstance(address, Failure):
            return address
        return self._open_datagram(self._keys(target, address))

    async def icmp(self, address: str) -> FakeDatagram | Failure:
        await self._pause()
        if self.icmp_failure is not None:
            return self.icmp_failure
        return self._open_datagram([f"icmp/{address}"])

    async def tcp(
        self,
        target: Target,
        *,
        tls: str | None = None,  # noqa: ARG002 - TLS is not imitated, see FakeStream
        ttl: int | None = None,
        timeout_s: float = 2.5,
    ) -> FakeStream | Failure | IcmpError:
        await self._pause()
        address = await self._address(target)
        if isinstance(address, Failure):
            return address
        keys = self._keys(target, address)
        self._spend(IP_TCP_BYTES)
        if ttl is not None:
            peer: StreamPeer | Answers = first(self._hops, keys, self.other_hops)(b"", ttl)
        else:
            peer = first(self._streams, keys, self.other_streams)
        if isinstance(peer, StreamPeer) and peer.connect_s < timeout_s:
            await asyncio.sleep(peer.connect_s)
            return FakeStream(peer, self._wiring(keys[0]))
        if isinstance(peer, Failure | IcmpError) and peer is not Failure.timeout:
            await asyncio.sleep(ROUND_TRIP_S)
            return peer
        await asyncio.sleep(timeout_s)
        return Failure.timeout

    async def flows(self, arms: Sequence[Arm], *, seconds: float) -> AsyncGenerator[FlowSecond, None]:
        playing = FakeFlows(arms, self.now_us(), seconds, self.flow_answers, self.random_bytes)
        for second in range(math.ceil(seconds)):
            await self.sleep(1.0)
            for row in playing.rows(second):
                self._spend(row.ip_bytes * len(row.sent_us))
                yield row

    def external(self, host: str, max_bytes: int) -> AbstractContextManager[Meter]:
        return self._metered(host, max_bytes)

    @contextmanager
    def _metered(self, host: str, max_bytes: int) -> Iterator[Meter]:
        wiring = self._wiring(f"external/{host}")
        try:
            yield FakeMeter(max_bytes, wiring.spend)
        finally:
            wiring.closed()

    def emit(self, observation: Observation) -> int:
        seq = len(self.observations) + (self._earlier[-1].seq + 1 if self._earlier else 0)
        self.observations.append(Numbered(seq, observation))
        target = observation.target
        if observation.failure is None and target is not None and target not in self.answered_targets:
            self.answered_targets.append(target)
        return seq

    def earlier(self) -> Sequence[Numbered[Observation]]:
        return self._earlier

    def progress(self, fraction: float, note: str = "") -> None:
        self.progress_calls.append((fraction, note))

    async def _pause(self) -> None:
        self.on_await(self.awaits)
        self.awaits += 1
        await asyncio.sleep(0)

    def _spend(self, count_bytes: int) -> None:
        if self._max_bytes is not None and self.bytes_moved + count_bytes > self._max_bytes:
            raise BudgetExceededError(f"more than {self._max_bytes} bytes")
        self.bytes_moved += count_bytes

    def _note(self, count_bytes: int) -> None:
        self.bytes_moved += count_bytes

    async def _address(self, target: Target) -> str | Failure:
        if target.address:
            return target.address
        found = await self.resolve(target.host)
        return found if isinstance(found, Failure) else next(iter(found), Failure.name_empty)

    def _keys(self, target: Target, address: str) -> list[str]:
        return [f"{target.transport}/{name}:{target.port}" for name in (address, target.host)]

    def _wiring(self, endpoint: str) -> Wiring:
        number = self._sockets_made
        self._sockets_made += 1
        self.open_sockets[number] = endpoint

        def closed() -> None:
            self.open_sockets.pop(number, None)

        return Wiring(pause=self._pause, spend=self._spend, note=self._note, closed=closed)

    def _open_datagram(self, keys: Sequence[str]) -> FakeDatagram:
        handler = first(self._datagrams, keys, self.other_datagrams)
        hops = first(self._hops, keys, self.other_hops)

        def route(payload: bytes, ttl: int | None) -> Answers:
            self.sent.append((keys[0], payload))
            return handler(payload) if ttl is None else hops(payload, ttl)

        local = ("192.168.1.2", _FIRST_LOCAL_PORT + self._sockets_made)
        return FakeDatagram(route, self._wiring(keys[0]), local)
