"""The data that flows through a run: targets, observations, evidence, verdicts and the report (DESIGN 5.2)."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from callcheck.words import (
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
    Transport,
    Where,
)

Json = Any  # a JSON value: msgspec cannot decode a recursive alias on Python 3.11


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to talk to: a catalogue entry, or one that a check found (a gateway, a resolver).

    A catalogue gives `host` or `address`, or both, where a name's address is known without asking anybody. `answers`
    says, per probe form, how well it is known that this kind of target answers it. `network` names who runs it, so
    that controls can be counted by network. `large` marks networks that bear a stream.
    """

    service: str = ""
    function: Function = ""
    role: Role = "subject"
    host: str = ""
    address: str = ""
    port: int = 0
    transport: Transport = "udp"
    protocol: str = ""
    network: str = ""
    source: str = ""
    as_of: str = ""
    answers: dict[str, Knowledge] = {}
    large: bool = False

    @property
    def kind(self) -> tuple[str, str, str, str]:
        """Targets of one kind run the same software, so that one speaks for the probe forms of the others."""
        return (self.service, self.function, self.role, self.protocol)

    @property
    def endpoint(self) -> str:
        """`transport/host-or-address:port`, the same text for the same endpoint within a run."""
        return f"{self.transport}/{self.address or self.host}:{self.port}"


class Observation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened, never an opinion. `op` is `check.operation`; `form` is the probe form (a key of
    `Target.answers`); `data` holds numbers with the unit in their name. A packet that did not come back is a failure
    with a name, not a missing record."""

    op: str
    target: Target | None = None
    form: str = ""
    failure: Failure | None = None
    data: dict[str, Json] = {}


T = TypeVar("T")


class Numbered(msgspec.Struct, Generic[T], frozen=True):
    """A value with its sequence number in the journal."""

    seq: int
    value: T


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """A claim read out of observations. `strength` -3..3: how firmly they support (+) or deny (-) it; 0 is "looked, and
    could not tell". Evidence of one `group` shares one source of failure and counts once. `seqs` are the
    observations it rests on. An empty service speaks of the network itself."""

    service: str = ""
    function: Function = ""
    claim: Claim
    facts: dict[str, Json] = {}
    strength: int = 0
    group: str = ""
    seqs: tuple[int, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True, rename={"supporting": "for"}):
    """The judge's answer for one function of one service. `confidence` is the probability of `cause`; `for` and
    `against` are indices into the report's evidence; `would_change` names tests (see verdict/explain)."""

    service: str
    function: Function
    outcome: Outcome
    cause: Cause
    mechanism: Mechanism
    where: Where
    confidence: float
    causes: dict[Cause, float]
    supporting: tuple[int, ...] = ()
    against: tuple[int, ...] = ()
    would_change: tuple[str, ...] = ()
    sentence: str = ""


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: str
    distribution: str
    version: str


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str
    plugins: tuple[Plugin, ...] = ()


class Run(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    started_utc: str
    duration_s: float
    depth: Depth
    complete: bool
    redacted: bool = False


class Network(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of the access network; None is "not measured"."""

    asn: int | None = None
    country: str | None = None
    region: str | None = None
    access: str | None = None
    tunnel: bool | None = None
    nat: bool | None = None
    ipv6: bool | None = None
    filters: bool | None = None


class Instrument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How well callcheck itself kept time; an invalid instrument may accuse nobody. None: no flow was sent.

    `send_lateness_p99_ms` is how far the intervals between packets were off their schedule: a clock that drifts, or a
    start that was late, moves no interval. `events` befell the machine while the flows ran, and make them invalid.
    """

    send_lateness_p99_ms: float | None
    valid: bool | None
    events: tuple[FlowEvent, ...] = ()


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """How a call would sound, by the E-model (G.107): severity only, never why.

    `mos` is 1 to 4.5, with the bounds of what sampling and the unknown codec leave open. `word` is what people would
    call it, `heard` what they would complain of: nothing, gaps or lag. `assumptions` names what the figure rests on.
    """

    service: str
    function: Function
    mos: float
    mos_low: float
    mos_high: float
    word: str
    heard: str
    loss_ratio: float
    late_ratio: float
    delay_ms: float
    packets: int
    seconds: float
    assumptions: tuple[str, ...]


class SavedObservation(Observation, frozen=True, kw_only=True, omit_defaults=True):
    """An observation as a report keeps it: with its number, its time since the start, and the check that made it."""

    seq: int
    t_us: int
    check: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A run, folded from its journal (DESIGN 5.2)."""

    schema: str
    tool: Tool
    run: Run
    network: Network
    instrument: Instrument
    verdicts: tuple[Verdict, ...]
    quality: tuple[Quality, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    observations: tuple[SavedObservation, ...] = ()
    problems: tuple[str, ...] = ()


class FlowSecond(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One second of one arm. Arrays run in step, in microseconds of run time; None is a packet that did not come back
    in time.

    `received_us` is when the kernel had an answer, `taken_us` when the flow process read it. `ip_bytes` is the size of
    one packet at the IP layer. `opened_us` is when the first datagram left the 5-tuple of the second's first packet,
    and `sent_before` how many had left it before that packet, greetings included. `unsent` lists numbers of packets
    that our own system refused to send. `reordered` packets came after one with a higher number. What concerns earlier
    packets counts where it was noticed: `late` answers came when their second was over, `duplicates` were known
    already, `unnumbered` datagrams answered no packet, `icmp_errors` are errors that the network returned, and
    `answer_bytes` is the size at the IP layer of all that came.
    `far_received` is the far end's own count, where it tells.
    """

    arm: str
    second: int
    first_number: int
    ip_bytes: int
    scheduled_us: tuple[int, ...]
    sent_us: tuple[int, ...]
    received_us: tuple[int | None, ...]
    taken_us: tuple[int | None, ...] = ()
    opened_us: int | None = None
    sent_before: int = 0
    unsent: tuple[int, ...] = ()
    reordered: int = 0
    late: int = 0
    duplicates: int = 0
    unnumbered: int = 0
    icmp_errors: int = 0
    answer_bytes: int = 0
    far_received: int | None = None
    events: tuple[FlowEvent, ...] = ()
