"""What an entry of a wire's direction says (DESIGN 5.6): how it impairs the packets that it concerns."""

from dataclasses import dataclass
from typing import Final

from callcheck.lab.wire.strict import Network, Table

DEFAULT_QUEUE_KB: Final = 64.0  # the prototype's default queue (facts/lab.md 3)
DEFAULT_REORDER_MS: Final = 50.0  # more than the 40 ms between two packets of a flow, so that the next overtakes it
BUNDLE_KEYS: Final = ("flow", "remote")


@dataclass(frozen=True, slots=True)
class Gilbert:
    """Gilbert-Elliott loss, one step a packet: `p` good to bad, `q` bad to good, `h` the loss in bad, `k` in good."""

    p: float
    q: float
    h: float
    k: float


@dataclass(frozen=True, slots=True)
class Bundle:
    """Limits an entry to one of `members` links of equal right; `by` says what chooses the link of a packet."""

    members: int
    by: str = "flow"


@dataclass(frozen=True, slots=True)
class When:
    """When an entry or a rule is in force, in seconds since the wires came up. `to_s` None is for ever.

    With `on_s` it is in force for so long, then not for `off_s`, again and again.
    """

    from_s: float = 0.0
    to_s: float | None = None
    on_s: float = 0.0
    off_s: float = 0.0

    def holds(self, since_start_ns: int) -> bool:
        since_s = since_start_ns / 1e9 - self.from_s
        if since_s < 0 or (self.to_s is not None and since_s >= self.to_s - self.from_s):
            return False
        return not self.on_s or since_s % (self.on_s + self.off_s) < self.on_s


ALWAYS: Final = When()


@dataclass(frozen=True, slots=True)
class Entry:
    """One impairment of one direction. Rates and sizes at the IP layer; kb is 1000 bytes, kbps 1000 bit/s."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0  # the share of packets lost, each by itself
    ge: Gilbert | None = None
    rate_kbps: float | None = None
    queue_kb: float = DEFAULT_QUEUE_KB
    police_kbps: float | None = None  # a token bucket for all packets of the entry together
    burst_kb: float = 0.0
    stall_ms: float = 0.0  # how long everything is held, once in `stall_every_ms`
    stall_every_ms: float = 0.0
    reorder: float = 0.0  # the share of packets held back by `reorder_ms`, so that others overtake them
    reorder_ms: float = DEFAULT_REORDER_MS
    duplicate: float = 0.0  # the share of packets that come twice
    prefixes: tuple[Network, ...] = ()  # remote addresses that the entry is limited to; () is all
    bundle: Bundle | None = None
    when: When = ALWAYS


def read_entry(table: Table) -> Entry:
    """Raises RefusedError."""
    rate_kbps = table.number("rate_kbps", low=0.1, high=1e7)
    queue_kb = table.number("queue_kb", low=1, high=1e6)
    police_kbps = table.number("police_kbps", low=0.1, high=1e7)
    burst_kb = table.number("burst_kb", low=1.5, high=1e6)
    reorder = table.number("reorder", high=1) or 0.0
    reorder_ms = table.number("reorder_ms", low=0.1, high=60_000)
    if queue_kb is not None and rate_kbps is None:
        raise table.refuse("queue_kb", "a queue without rate_kbps holds nothing")
    if (burst_kb is None) != (police_kbps is None):
        raise table.refuse("burst_kb", "police_kbps and burst_kb belong together")
    if reorder_ms is not None and not reorder:
        raise table.refuse("reorder_ms", "reorder says how many packets are held back")
    entry = Entry(
        delay_ms=table.number("delay_ms", high=60_000) or 0.0,
        jitter_ms=table.number("jitter_ms", high=10_000) or 0.0,
        loss=table.number("loss", high=1) or 0.0,
        ge=_read_gilbert(table.table("ge")),
        rate_kbps=rate_kbps,
        queue_kb=DEFAULT_QUEUE_KB if queue_kb is None else queue_kb,
        police_kbps=police_kbps,
        burst_kb=burst_kb or 0.0,
        stall_ms=table.number("stall_ms", high=60_000) or 0.0,
        stall_every_ms=table.number("stall_every_ms", high=600_000) or 0.0,
        reorder=reorder,
        reorder_ms=DEFAULT_REORDER_MS if reorder_ms is None else reorder_ms,
        duplicate=table.number("duplicate", high=1) or 0.0,
        prefixes=table.networks("prefixes"),
        bundle=_read_bundle(table.table("bundle")),
        when=read_when(table.table("when")),
    )
    table.close()
    _check_stall(table, entry)
    return entry


def _check_stall(table: Table, entry: Entry) -> None:
    if (entry.stall_ms > 0) != (entry.stall_every_ms > 0):
        raise table.refuse("stall_ms", "stall_ms and stall_every_ms belong together")
    if entry.stall_ms > 0 and entry.stall_ms >= entry.stall_every_ms:
        raise table.refuse("stall_ms", "a stall must be shorter than stall_every_ms")


def _read_gilbert(table: Table | None) -> Gilbert | None:
    if table is None:
        return None
    numbers = {key: table.needed(key, table.number(key, high=1)) for key in ("p", "q", "h", "k")}
    table.close()
    if not numbers["q"]:
        raise table.refuse("q", "0 never leaves the bad state")
    return Gilbert(**numbers)


def _read_bundle(table: Table | None) -> Bundle | None:
    if table is None:
        return None
    bundle = Bundle(
        members=table.needed("members", table.whole("members", low=2, high=64)),
        by=table.word("by", BUNDLE_KEYS) or "flow",
    )
    table.close()
    return bundle


def read_when(table: Table | None) -> When:
    """Raises RefusedError."""
    if table is None:
        return ALWAYS
    when = When(
        from_s=table.number("from_s", high=86_400) or 0.0,
        to_s=table.number("to_s", high=86_400),
        on_s=table.number("on_s", low=0.01, high=86_400) or 0.0,
        off_s=table.number("off_s", low=0.01, high=86_400) or 0.0,
    )
    table.close()
    if when.to_s is not None and when.to_s <= when.from_s:
        raise table.refuse("to_s", "it ends before it begins")
    if bool(when.on_s) != bool(when.off_s):
        raise table.refuse("on_s", "on_s and off_s belong together")
    return when
