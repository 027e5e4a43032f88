"""What a rule of a wire's middlebox says (DESIGN 5.6): which packets it means, from when on, and what it does."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from callcheck.lab.wire.spec_entry import ALWAYS, When, read_when
from callcheck.lab.wire.strict import Network, RefusedError, Table, listed

PROTOCOLS: Final = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}
PAYLOADS: Final = ("stun", "reflector", "dtls", "dtls_hello", "dns", "quic_initial", "sni", "noise", "mtproto")
NAMED_PAYLOADS: Final = ("dns", "sni", "quic_initial")
DIRECTIONS: Final = ("up", "down")
BUCKETS: Final = ("flow", "destination", "client", "rule")
FLOW_EXPIRY_S: Final = 120.0
_OF_UDP_ALONE: Final = ("reflector", "dtls", "dtls_hello", "quic_initial")
_OF_TCP_ALONE: Final = ("sni", "noise", "mtproto")


@dataclass(frozen=True, slots=True)
class Match:
    """Which packets a rule speaks about; what is absent matches everything. `min_len` counts IP bytes.

    `names` are what a DNS question, a TLS ClientHello or a QUIC Initial (decrypted) asks for, or end with it.
    `fingerprints` are of DTLS hellos (`hello.dtls_fingerprint`). `flow_share` picks a share of the flows, by the seed.
    """

    proto: str | None = None
    prefixes: tuple[Network, ...] = ()
    ports: tuple[int, ...] = ()
    payload: str | None = None
    names: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    min_len: int = 0
    min_ttl: int = 0  # packets that would not live for so many more hops are not looked at
    flow_share: float = 1.0
    direction: str = "both"


@dataclass(frozen=True, slots=True)
class After:
    """What a flow may do before the rule acts, counted from its first packet. At most one limit is set.

    Each direction matched counts by itself, unless `both_ways`.
    """

    packets: int | None = None
    seconds: float | None = None
    bytes: int | None = None
    both_ways: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """What is done to a packet that is hit. Exactly one of these is set, or none where only a penalty follows.

    `rst` ends a TCP connection with a forged reset to both ends. `stall` silences the connection both ways for good.
    `forge` answers a DNS question with this address: instead of the server, or in a `race` with it.
    """

    drop: float | None = None
    police_kbps: float | None = None
    burst_bytes: int = 0
    per: str = "flow"  # what has a bucket of its own: a flow and direction, a remote address, a client, the rule
    delay_ms: float | None = None
    rst: bool = False
    stall: bool = False
    forge: str | None = None
    race: bool = False


@dataclass(frozen=True, slots=True)
class Penalty:
    """For `seconds` after each hit, every packet of that client that matches `match` is dropped."""

    seconds: float
    match: Match


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that the middlebox does."""

    match: Match = field(default_factory=Match)
    after: After = field(default_factory=After)
    action: Action = field(default_factory=Action)
    penalty: Penalty | None = None
    when: When = ALWAYS
    expiry_s: float = FLOW_EXPIRY_S  # a flow that was silent for so long starts anew


def read_rule(table: Table) -> Rule:
    """Raises RefusedError."""
    match, after, action = table.table("match"), table.table("after"), table.table("action")
    penalty = table.table("penalty")
    if after is not None and match is None:
        raise table.refuse("after", "after needs a match that says what it counts")
    if action is None and penalty is None:
        raise table.refuse("action", "is missing")
    rule = Rule(
        match=_read_match(match) if match else Match(),
        after=_read_after(after) if after else After(),
        action=_read_action(action) if action else Action(),
        penalty=_read_penalty(penalty) if penalty else None,
        when=read_when(table.table("when")),
        expiry_s=table.number("expiry_s", low=0.1, high=86_400) or FLOW_EXPIRY_S,
    )
    table.close()
    _check_together(table, rule)
    return rule


def _check_together(table: Table, rule: Rule) -> None:
    if rule.action.forge and (rule.match.payload != "dns" or rule.match.proto != "udp"):
        raise table.refuse("action", 'forge needs match.payload = "dns" and match.proto = "udp"')
    if rule.action.rst and rule.match.proto != "tcp":
        raise table.refuse("action", 'rst needs match.proto = "tcp"')


def _read_match(table: Table) -> Match:
    match = Match(
        proto=table.word("proto", PROTOCOLS),
        prefixes=table.networks("prefixes"),
        ports=table.ports("ports"),
        payload=table.word("payload", PAYLOADS),
        names=tuple(name.lower().rstrip(".") for name in table.texts("names")),
        fingerprints=tuple(text.lower() for text in table.texts("fingerprints")),
        min_len=table.whole("min_len", high=65535) or 0,
        min_ttl=table.whole("min_ttl", high=255) or 0,
        flow_share=_positive(table, "flow_share"),
        direction=table.word("direction", (*DIRECTIONS, "both")) or "both",
    )
    table.close()
    if match.names and match.payload not in NAMED_PAYLOADS:
        raise table.refuse("names", f"names need payload = one of {listed(NAMED_PAYLOADS)}")
    if match.fingerprints and match.payload != "dtls_hello":
        raise table.refuse("fingerprints", 'fingerprints need payload = "dtls_hello"')
    if match.proto in ("icmp", "icmpv6") and (match.ports or match.payload):
        raise table.refuse("proto", f"{match.proto} has neither ports nor a payload class")
    for proto, others in (("tcp", _OF_UDP_ALONE), ("udp", _OF_TCP_ALONE)):
        if match.proto == proto and match.payload in others:
            raise table.refuse("payload", f"{match.payload} is never carried by {proto}")
    return match


def _positive(table: Table, key: str) -> float:
    share = table.number(key, high=1)
    if share == 0:
        raise table.refuse(key, "0 matches nothing")
    return 1.0 if share is None else share


def _read_after(table: Table) -> After:
    after = After(
        table.whole("packets"),
        table.number("seconds", high=86_400),
        table.whole("bytes"),
        table.flag("both_ways"),
    )
    table.close()
    if sum(limit is not None for limit in (after.packets, after.seconds, after.bytes)) != 1:
        raise RefusedError(f"{table.path}: exactly one of packets, seconds, bytes is wanted")
    return after


def _read_action(table: Table) -> Action:
    action = Action(
        drop=table.number("drop", high=1),
        police_kbps=table.number("police_kbps", low=0.1, high=1e7),
        burst_bytes=table.whole("burst_bytes", low=1, high=10**9) or 0,
        per=table.word("per", BUCKETS) or "flow",
        delay_ms=table.number("delay_ms", high=60_000),
        rst=table.flag("rst"),
        stall=table.flag("stall"),
        forge=_read_address(table, "forge"),
        race=table.flag("race"),
    )
    for key in ("drop", "delay_ms"):
        if getattr(action, key) == 0:
            raise table.refuse(key, "0 does nothing")
    table.close()
    kinds = (action.drop, action.police_kbps, action.delay_ms, action.rst or None, action.stall or None, action.forge)
    if sum(kind is not None for kind in kinds) != 1:
        raise RefusedError(f"{table.path}: exactly one of drop, police_kbps, delay_ms, rst, stall, forge is wanted")
    if (action.police_kbps is None) != (action.burst_bytes == 0):
        raise table.refuse("burst_bytes", "police_kbps and burst_bytes belong together")
    if action.per != "flow" and action.police_kbps is None:
        raise table.refuse("per", "says whose bucket it is; without police_kbps there is none")
    if action.race and action.forge is None:
        raise table.refuse("race", "says when a forged answer comes; without forge there is none")
    return action


def _read_address(table: Table, key: str) -> str | None:
    text = table.text(key)
    if text is None:
        return None
    try:
        return str(ip_address(text))
    except ValueError:
        raise table.refuse(key, "an address is wanted") from None


def _read_penalty(table: Table) -> Penalty:
    seconds = table.needed("seconds", table.number("seconds", low=0.1, high=86_400))
    match = table.table("match")
    penalty = Penalty(seconds, _read_match(match) if match else Match())
    table.close()
    return penalty
