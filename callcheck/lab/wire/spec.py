"""What a wire is told to do, as it stands in a scenario (DESIGN 5.6): entries that impair, rules that interfere."""

from dataclasses import asdict, dataclass
from typing import Final

from callcheck.lab.wire.strict import Network, RefusedError, Table, listed, shown

WIRES: Final = ("lan", "access", "core", "far")
DIRECTIONS: Final = ("up", "down")
PROTOCOLS: Final = {"icmp": 1, "tcp": 6, "udp": 17}
PAYLOADS: Final = ("stun", "reflector", "dtls", "dns")
_UNBUILT_PAYLOADS: Final = ("quic_initial", "sni", "noise", "mtproto")
_UNBUILT_ENTRY_KEYS: Final = ("ge", "reorder", "duplicate")
_UNBUILT_ACTIONS: Final = ("police_kbps", "burst_bytes", "delay_ms", "rst", "stall", "forge", "race", "replace")
DEFAULT_QUEUE_KB: Final = 64.0  # the prototype's default queue (facts/lab.md 3)


@dataclass(frozen=True, slots=True)
class Entry:
    """One impairment of one direction. Rates and sizes at the IP layer; kb is 1000 bytes, kbps 1000 bit/s."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0  # the share of packets lost, each by itself
    rate_kbps: float | None = None
    queue_kb: float = DEFAULT_QUEUE_KB
    stall_ms: float = 0.0  # how long everything is held, once in `stall_every_ms`
    stall_every_ms: float = 0.0
    prefixes: tuple[Network, ...] = ()  # remote addresses that the entry is limited to; () is all


@dataclass(frozen=True, slots=True)
class Match:
    """Which packets a rule speaks about; what is absent matches everything. `min_len` counts IP bytes."""

    proto: str | None = None
    prefixes: tuple[Network, ...] = ()
    ports: tuple[int, ...] = ()
    payload: str | None = None
    names: tuple[str, ...] = ()
    min_len: int = 0
    direction: str = "both"


@dataclass(frozen=True, slots=True)
class After:
    """What a flow may do, in each direction matched, before the rule acts. At most one is set."""

    packets: int | None = None
    seconds: float | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that the middlebox does: with probability `drop` it loses a packet that matches."""

    match: Match
    after: After
    drop: float


@dataclass(frozen=True, slots=True)
class Wire:
    """Both directions of one wire, and the rules in the order in which they are asked."""

    up: tuple[Entry, ...] = ()
    down: tuple[Entry, ...] = ()
    rules: tuple[Rule, ...] = ()


def read_wires(table: Table) -> dict[str, Wire]:
    """The wires of a scenario; a wire that it does not mention does nothing.

    Raises RefusedError.
    """
    for name in table.left():
        if name not in WIRES:
            raise table.refuse(name, f"unknown wire {shown(name)} (known: {listed(WIRES)})")
    return {name: read_wire(wire) if (wire := table.table(name)) else Wire() for name in WIRES}


def read_wire(table: Table) -> Wire:
    for key in table.left():
        if key not in (*DIRECTIONS, "rule"):
            raise table.refuse(key, f"unknown direction {shown(key)} (known: {listed(DIRECTIONS)}; or rule)")
    up, down = (tuple(_read_entry(entry) for entry in table.tables(way)) for way in DIRECTIONS)
    return Wire(up, down, tuple(_read_rule(rule) for rule in table.tables("rule")))


def wire_as_table(wire: Wire) -> dict[str, object]:
    """The wire as plain JSON that `read_wire` reads back to an equal wire."""
    return {
        "up": [_plain(entry, ignore_queue=entry.rate_kbps is None) for entry in wire.up],
        "down": [_plain(entry, ignore_queue=entry.rate_kbps is None) for entry in wire.down],
        "rule": [
            {
                "match": _plain(rule.match),
                **({"after": after} if (after := _plain(rule.after)) else {}),
                "action": {"drop": rule.drop},
            }
            for rule in wire.rules
        ],
    }


def _plain(part: Entry | Match | After, *, ignore_queue: bool = False) -> dict[str, object]:
    def kept(key: str, value: object) -> bool:
        return value is not None and value != () and not (ignore_queue and key == "queue_kb")

    table = {key: value for key, value in asdict(part).items() if kept(key, value)}
    for key in ("prefixes", "ports", "names"):
        if key in table:
            table[key] = [item if isinstance(item, int) else str(item) for item in table[key]]
    return table


def _read_entry(table: Table) -> Entry:
    rate_kbps = table.number("rate_kbps", low=0.1, high=1e7)
    queue_kb = table.number("queue_kb", low=1, high=1e6)
    if queue_kb is not None and rate_kbps is None:
        raise table.refuse("queue_kb", "a queue without rate_kbps holds nothing")
    entry = Entry(
        delay_ms=table.number("delay_ms", high=60_000) or 0.0,
        jitter_ms=table.number("jitter_ms", high=10_000) or 0.0,
        loss=table.number("loss", high=1) or 0.0,
        rate_kbps=rate_kbps,
        queue_kb=DEFAULT_QUEUE_KB if queue_kb is None else queue_kb,
        stall_ms=table.number("stall_ms", high=60_000) or 0.0,
        stall_every_ms=table.number("stall_every_ms", high=600_000) or 0.0,
        prefixes=table.networks("prefixes"),
    )
    table.close(_UNBUILT_ENTRY_KEYS)
    if (entry.stall_ms > 0) != (entry.stall_every_ms > 0):
        raise table.refuse("stall_ms", "stall_ms and stall_every_ms belong together")
    if entry.stall_ms > 0 and entry.stall_ms >= entry.stall_every_ms:
        raise table.refuse("stall_ms", "a stall must be shorter than stall_every_ms")
    return entry


def _read_rule(table: Table) -> Rule:
    match, after = table.table("match"), table.table("after")
    if after is not None and match is None:
        raise table.refuse("after", "after needs a match that says what it counts")
    action = table.needed("action", table.table("action"))
    rule = Rule(_read_match(match) if match else Match(), _read_after(after) if after else After(), _read_drop(action))
    table.close()
    return rule


def _read_match(table: Table) -> Match:
    match = Match(
        proto=table.word("proto", PROTOCOLS),
        prefixes=table.networks("prefixes"),
        ports=table.ports("ports"),
        payload=table.word("payload", PAYLOADS, _UNBUILT_PAYLOADS),
        names=tuple(name.lower().rstrip(".") for name in table.texts("names")),
        min_len=table.whole("min_len", high=65535) or 0,
        direction=table.word("direction", (*DIRECTIONS, "both")) or "both",
    )
    table.close()
    if match.names and match.payload != "dns":
        raise table.refuse("names", 'names need payload = "dns"')
    if match.proto == "icmp" and (match.ports or match.payload):
        raise table.refuse("proto", "icmp has neither ports nor a payload class")
    if match.proto == "tcp" and match.payload in ("reflector", "dtls"):
        raise table.refuse("payload", f"{match.payload} is never carried by tcp")
    return match


def _read_after(table: Table) -> After:
    after = After(table.whole("packets"), table.number("seconds", high=86_400), table.whole("bytes"))
    table.close()
    if sum(limit is not None for limit in (after.packets, after.seconds, after.bytes)) != 1:
        raise RefusedError(f"{table.path}: exactly one of packets, seconds, bytes is wanted")
    return after


def _read_drop(table: Table) -> float:
    drop = table.number("drop", high=1)
    table.close(_UNBUILT_ACTIONS)
    if drop == 0:
        raise table.refuse("drop", "0 drops nothing")
    return table.needed("drop", drop)
