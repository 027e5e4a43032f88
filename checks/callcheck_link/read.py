"""What the route, the device and the router's answers say about the near end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median

from callcheck.api import Claim, Evidence, Numbered, Observation
from callcheck_link.numbers import number_of
from callcheck_link.read_web import read_web
from callcheck_link.stalls import Echo, Stall, find_stalls

ENOUGH_ECHOES = 20
HEALTHY_LOSS_RATIO = 0.02
BAD_LOSS_RATIO = 0.05
# One or two lost echoes happen on a good line too; at 0.5 % loss, three of fifty are lost in one train of 480.
BAD_LOST = 3
# A good wireless home stays below this at the 95th percentile (facts/inference.md 5, first row).
_STEADY_P95_MS = 30.0
# More than this part of the echoes left late: a train like that speaks of this machine.
_TOO_MANY_LATE = 0.3
# One stall may be a radio that looks around once; this long, or this many, is what a call breaks up from.
_FIRM_STALLS, _MANY_STALLS, _FIRM_HELD_MS = 2, 3, 600.0
_BUSY, _VERY_BUSY, _IDLE = 1.5, 3.0, 0.8

Seen = Sequence[Numbered[Observation]]


def read(observations: Seen) -> Iterable[Evidence]:
    """The near end: each claim only where the system, the router or a web site told something."""
    pings = [one for one in observations if one.value.op == "link.ping"]
    gateway = _gateway(pings)
    found = [
        _yes_or_no(observations, "default_route", Claim.route_exists),
        _yes_or_no(observations, "tunnel", Claim.tunnel_in_use),
        gateway,
        _steady(pings),
        _filters(observations),
        _busy(observations),
    ]
    lossy = gateway is not None and gateway.strength < 0
    told = [evidence for evidence in found if evidence is not None]
    return [*told, *_ways_to_calls(observations), *read_web(observations, home_is_lossy=lossy)]


def _yes_or_no(observations: Seen, fact: str, claim: Claim) -> Evidence | None:
    for one in observations:
        told = one.value.data.get(fact)
        if one.value.op == "link.route" and isinstance(told, bool):
            return Evidence(claim=claim, strength=3 if told else -3, group="route", seqs=(one.seq,))
    return None


def _gateway(pings: Seen) -> Evidence | None:
    """Loss counts only for echoes, and only once the router has answered one: many routers answer none."""
    if not pings:
        return None
    sent = [one.value for one in pings if number_of(one.value, "sent_us") is not None]
    received = [one for one in sent if one.failure is None]
    loss_ratio = 1 - len(received) / len(sent) if sent else 0.0
    facts: dict[str, object] = {"sent": len(sent), "received": len(received)}
    if sent:
        facts["loss_ratio"] = round(loss_ratio, 4)
    if rtts_ms := _rtts_ms(received):
        facts["rtt_ms"] = round(median(rtts_ms), 3)
    by_echo = all(one.form == "echo" for one in sent)
    return Evidence(
        claim=Claim.gateway_healthy,
        facts=facts,
        strength=_strength(len(sent), len(received)) if by_echo else 0,
        group="gateway",
        seqs=tuple(one.seq for one in pings),
    )


def _strength(sent: int, received: int) -> int:
    lost = sent - received
    if sent < ENOUGH_ECHOES or received == 0:
        return 0
    if lost <= HEALTHY_LOSS_RATIO * sent:
        return 2
    return -3 if lost >= max(BAD_LOST, BAD_LOSS_RATIO * sent) else 0


def _steady(pings: Seen) -> Evidence | None:
    """Whether the router's answers came in an even stream. Its errors for a closed port are too few to tell."""
    sent = [one.value for one in pings if number_of(one.value, "sent_us") is not None]
    received = [one for one in sent if one.failure is None]
    rtts_ms = sorted(_rtts_ms(received))
    if not sent:
        return None
    facts: dict[str, object] = {"sent": len(sent), "received": len(received)}
    strength = 0
    if rtts_ms:
        p95_ms = rtts_ms[math.ceil(0.95 * len(rtts_ms)) - 1]
        facts |= {"rtt_ms": round(median(rtts_ms), 3), "rtt_p95_ms": round(p95_ms, 3)}
        if all(one.form == "echo" for one in sent):
            echoes = [echo for one in sent if (echo := _echo(one)) is not None]
            stalls = find_stalls(echoes)
            longest_ms = max((stall.lasted_ms for stall in stalls), default=0.0)
            late = sum(not echo.on_time for echo in echoes)
            facts |= {"stalls": len(stalls), "longest_stall_ms": round(longest_ms, 1), "sent_late": late}
            strength = _steadiness(echoes, stalls, p95_ms - rtts_ms[0])
    return Evidence(
        claim=Claim.gateway_steady,
        facts=facts,
        strength=strength,
        group="gateway_steady",
        seqs=tuple(one.seq for one in pings),
    )


def _steadiness(echoes: Sequence[Echo], stalls: Sequence[Stall], p95_above_ms: float) -> int:
    """Held and let go together is a radio's doing. Lost together may be a router that limits echoes: never firm."""
    held = [stall for stall in stalls if not stall.lost]
    late = sum(not echo.on_time for echo in echoes)
    if len(echoes) < ENOUGH_ECHOES or late > _TOO_MANY_LATE * len(echoes):
        return 0
    if len(held) >= _FIRM_STALLS or sum(stall.lasted_ms for stall in held) >= _FIRM_HELD_MS:
        return -3 if len(held) >= _MANY_STALLS else -2
    if stalls:
        return -1
    received = sum(echo.heard_ms is not None for echo in echoes)
    calm = p95_above_ms <= _STEADY_P95_MS and len(echoes) - received <= HEALTHY_LOSS_RATIO * len(echoes)
    return 2 if calm else 0


def _echo(ping: Observation) -> Echo | None:
    number, sent_us = number_of(ping, "number"), number_of(ping, "sent_us")
    if number is None or sent_us is None:
        return None
    rtt_ms = number_of(ping, "rtt_ms") if ping.failure is None else None
    return Echo(
        number=round(number),
        sent_ms=sent_us / 1000,
        late_ms=number_of(ping, "sent_late_ms") or 0.0,
        heard_ms=None if rtt_ms is None else sent_us / 1000 + rtt_ms,
        kernel_stamped=ping.data.get("kernel_stamped") is True,
    )


def _rtts_ms(received: Iterable[Observation]) -> list[float]:
    return [rtt_ms for one in received if (rtt_ms := number_of(one, "rtt_ms")) is not None]


def _filters(observations: Seen) -> Evidence | None:
    """A filter or proxy that is there is told; that there is none only where both were looked for."""
    for one in observations:
        told = {name: one.value.data.get(name) for name in ("filters", "proxy")}
        known = {name: value for name, value in told.items() if isinstance(value, bool)}
        if one.value.op == "link.device" and (any(known.values()) or len(known) == len(told)):
            strength = 3 if any(known.values()) else -3
            return Evidence(
                claim=Claim.filters_in_use, facts=known, strength=strength, group="device_programs", seqs=(one.seq,)
            )
    return None


def _busy(observations: Seen) -> Evidence | None:
    for one in observations:
        load_ratio = number_of(one.value, "load_ratio")
        if one.value.op == "link.device" and load_ratio is not None and load_ratio >= 0:
            strength = 3 if load_ratio > _VERY_BUSY else 2 if load_ratio > _BUSY else -1 if load_ratio < _IDLE else 0
            return Evidence(
                claim=Claim.device_busy,
                facts={"load_ratio": round(load_ratio, 2)},
                strength=strength,
                group="device_load",
                seqs=(one.seq,),
            )
    return None


def _ways_to_calls(observations: Seen) -> Iterable[Evidence]:
    """A tunnel that the whole line goes through is another claim's (tunnel_in_use): here only what differs counts."""
    for one in observations:
        data = one.value.data
        service, default_tunnel = data.get("service"), data.get("default_tunnel")
        counts = [number_of(one.value, name) for name in ("endpoints", "tunnelled", "elsewhere")]
        if one.value.op != "link.target_route" or not isinstance(service, str) or not isinstance(default_tunnel, bool):
            continue
        endpoints, tunnelled, elsewhere = (round(count) if count is not None else 0 for count in counts)
        if not 0 <= tunnelled <= endpoints or endpoints == 0 or (default_tunnel and not elsewhere):
            continue
        yield Evidence(
            service=service,
            function="calls",
            claim=Claim.tunnel_on_the_way,
            facts={"endpoints": endpoints, "tunnelled": tunnelled, "elsewhere": elsewhere},
            strength=(3 if tunnelled == endpoints else 2) if tunnelled else -3,
            group="route",
            seqs=(one.seq,),
        )
