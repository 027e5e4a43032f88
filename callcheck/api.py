"""All that a plugin may import, on one page: the words, the data it makes, and the protocols it meets."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar, Protocol, TypeVar

import msgspec

from callcheck.heard import (
    Datagram,
    DeviceState,
    Fetched,
    IcmpError,
    LinkState,
    Packet,
    Route,
    Stream,
    TcpState,
)
from callcheck.model import (
    Evidence,
    FlowSecond,
    Instrument,
    Json,
    Network,
    Numbered,
    Observation,
    Plugin,
    Report,
    Run,
    SavedObservation,
    Target,
    Tool,
    Verdict,
)
from callcheck.words import (
    NEVER_LEFT,
    NO_ADDRESS,
    Cause,
    Claim,
    Depth,
    Failure,
    FlowEvent,
    Function,
    Knowledge,
    Mechanism,
    Outcome,
    Role,
    Symptom,
    Transport,
    Where,
)

__all__ = [
    "NEVER_LEFT",
    "NO_ADDRESS",
    "Arm",
    "Budget",
    "BudgetExceededError",
    "Cause",
    "Check",
    "CheckInfo",
    "Claim",
    "Context",
    "Datagram",
    "Depth",
    "DeviceState",
    "Evidence",
    "Failure",
    "Fetched",
    "FlowCodec",
    "FlowEvent",
    "FlowSecond",
    "Function",
    "IcmpError",
    "Instrument",
    "Json",
    "Knowledge",
    "LinkState",
    "Mechanism",
    "Meter",
    "Network",
    "Numbered",
    "Observation",
    "Outcome",
    "Packet",
    "Plugin",
    "Report",
    "Reporter",
    "Role",
    "Route",
    "Run",
    "SavedObservation",
    "Stream",
    "Symptom",
    "Target",
    "TcpState",
    "Tool",
    "Transport",
    "Verdict",
    "Where",
]


class FlowCodec(Protocol):
    """How one arm's packets look: sans-IO, picklable, made anew for each port. `legs` sockets are opened for it, and
    opened again after `packets_per_port` packets (0: never). `far_received` is how many packets of the flow the far end
    says it had, where it tells: only that splits a loss into the way there and the way back."""

    legs: int
    packets_per_port: int
    far_received: int | None

    def greet(self, random: bytes) -> Sequence[tuple[int, bytes]]:
        """What to send, on which leg, before the first packet. `random` is 64 bytes.

        Asked every half second until `ready`, and at once after a datagram that moved a greeting on, so a question
        that is repeated must do no harm."""
        ...

    def packet(self, number: int, random: bytes) -> tuple[int, bytes]:
        """The leg and the bytes of numbered packet `number`. `random` is 64 bytes."""
        ...

    def received(self, leg: int, datagram: bytes) -> int | None:
        """The number of the packet that this datagram brings or answers; None for anything else."""
        ...

    @property
    def ready(self) -> bool: ...


class Arm(msgspec.Struct, frozen=True, kw_only=True):
    """One flow of numbered packets to a resolved target, compared with others of the same moment.

    It sends from `start_s` until `stop_s` (None: the end of the run). With `twins_apart_s` each odd packet follows
    the even one before it by that time, and the pairs keep the rate. An arm `after_death_of` others begins only once
    one of those, having been answered, has fallen silent; both times then count from that moment.
    """

    name: str
    target: Target
    codec: FlowCodec
    rate_pps: float
    start_s: float = 0.0
    stop_s: float | None = None
    twins_apart_s: float = 0.0
    after_death_of: tuple[str, ...] = ()


class Meter(Protocol):
    """Counts what a library that dials by itself has moved."""

    def add(self, count_bytes: int) -> None: ...


class BudgetExceededError(Exception):
    """The check has used the bytes its info promised; what it observed until then is kept."""


class Context(Protocol):
    """What a check may do. It stamps times, counts bytes and enforces the budget; network failures are values."""

    @property
    def depth(self) -> Depth: ...
    def targets(
        self,
        *,
        role: Role | None = None,
        service: str | None = None,
        function: Function | None = None,
        protocol: str | None = None,
    ) -> Sequence[Target]: ...
    def answered(
        self,
        *,
        role: Role | None = None,
        service: str | None = None,
        function: Function | None = None,
        protocol: str | None = None,
    ) -> Sequence[Target]:
        """Targets that answered some check earlier in this run."""
        ...

    def now_us(self) -> int: ...
    def random_bytes(self, count: int) -> bytes: ...
    async def sleep(self, seconds: float) -> None: ...
    async def link(self) -> LinkState: ...
    async def route(self, address: str) -> Route | Failure:
        """The way out that the system would take to `address`; nothing is sent."""
        ...

    async def device(self) -> DeviceState: ...
    async def resolve(self, host: str, *, ipv6: bool = False) -> Sequence[str] | Failure:
        """IPv4 (or IPv6) addresses of a name by the system's own resolver."""
        ...

    async def udp(self, target: Target) -> Datagram | Failure: ...
    async def icmp(self, address: str) -> Datagram | Failure: ...
    async def tcp(
        self, target: Target, *, tls: str | None = None, ttl: int | None = None, timeout_s: float = 2.5
    ) -> Stream | Failure | IcmpError:
        """Connect within `timeout_s`; `tls` is the server name to offer and verify; `ttl` may bring an ICMP error."""
        ...

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
        """One HTTP request to the target's own name and place; over TLS except on port 80. No redirect is followed
        and no proxy asked. `on_bytes` is told the size of each piece of the answer as it comes."""
        ...

    def flows(self, arms: Sequence[Arm], *, seconds: float) -> AsyncGenerator[FlowSecond, None]:
        """Each arm's seconds in order, as soon as they are final; closing it ends the flows."""
        ...

    def external(self, host: str, max_bytes: int) -> AbstractContextManager[Meter]: ...
    def emit(self, observation: Observation) -> int: ...
    def earlier(self) -> Sequence[Numbered[Observation]]:
        """What this check observed before this run was continued, in order; nothing in a run that was not."""
        ...

    def progress(self, fraction: float, note: str = "") -> None: ...


class Budget(msgspec.Struct, frozen=True):
    """What a check may take and move at most; bytes are those of the IP layer, both ways."""

    max_seconds: float
    max_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInfo:
    """`needs` names checks that, where they run at all, run before this one; `alone` keeps others from running beside
    it. At a depth that is not in `depths` it runs only if asked for by name. An `essential` one runs, as at quick,
    even where the run is cut short because nothing abroad can be reached. One with `first_look` also runs as at quick
    when a longer run begins, beside the checks that need nothing, so that a gross block is known within seconds. The
    engine enforces `max_seconds` and `max_bytes`, or what `at_depth` says for a depth. `discloses` is said before
    consent: what the far end learns. Among checks that may start at the same moment, those whose `symptoms` hold what
    the person complains of come first.

    A run may be continued at a greater depth. Then a check runs that was not completed, or whose budget is another at
    that depth, and one with `again` in any case. What it observes takes the place of what it observed before; with
    `adds_up`, both are read together, and `Context.earlier` says what is there already."""

    name: str
    version: str
    title: str
    max_seconds: float
    max_bytes: int
    discloses: str
    needs: tuple[str, ...] = ()
    alone: bool = False
    essential: bool = False
    first_look: bool = False
    depths: tuple[Depth, ...] = ("quick", "standard", "deep")
    at_depth: Mapping[Depth, Budget] = field(default_factory=dict)
    symptoms: tuple[Symptom, ...] = ()
    again: bool = False
    adds_up: bool = False

    def budget(self, depth: Depth) -> Budget:
        return self.at_depth.get(depth, Budget(self.max_seconds, self.max_bytes))


P = TypeVar("P")


class Check(Protocol[P]):
    """A plugin that measures one thing. An exception out of `run` means "could not run" and costs this check alone."""

    info: ClassVar[CheckInfo]

    @property
    def params(self) -> type[P]: ...
    async def run(self, ctx: Context, params: P) -> None: ...
    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]: ...


class Reporter(Protocol):
    """Writes a report in one form; `suffix` is that form's file ending, dot included."""

    name: str
    suffix: str

    def write(self, report: Report, language: str, out: BinaryIO) -> None: ...
