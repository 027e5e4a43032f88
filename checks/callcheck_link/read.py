"""What the route and the router's answers say about the near end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from callcheck.api import Claim, Evidence, Numbered, Observation

ENOUGH_ECHOES = 20
HEALTHY_LOSS_RATIO = 0.02
BAD_LOSS_RATIO = 0.05
# One or two lost echoes happen on a good line too; at 0.5 % loss, three of fifty are lost in one train of 480.
BAD_LOST = 3

Seen = Sequence[Numbered[Observation]]


def read(observations: Seen) -> Iterable[Evidence]:
    """route_exists, tunnel_in_use and gateway_healthy, each only where the system told."""
    found = [
        _yes_or_no(observations, "default_route", Claim.route_exists),
        _yes_or_no(observations, "tunnel", Claim.tunnel_in_use),
        _gateway([one for one in observations if one.value.op == "link.ping"]),
    ]
    return [evidence for evidence in found if evidence is not None]


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
    sent = [one.value for one in pings if "sent_us" in one.value.data]
    received = [one for one in sent if one.failure is None]
    loss_ratio = 1 - len(received) / len(sent) if sent else 0.0
    facts: dict[str, object] = {"sent": len(sent), "received": len(received)}
    if sent:
        facts["loss_ratio"] = round(loss_ratio, 4)
    rtts_ms = [float(one.data["rtt_ms"]) for one in received if "rtt_ms" in one.data]
    if rtts_ms:
        facts["rtt_ms"] = round(median(rtts_ms), 3)
    by_echo = all(one.form == "echo" for one in sent)
    strength = _strength(len(sent), len(received)) if by_echo else 0
    return Evidence(
        claim=Claim.gateway_healthy,
        facts=facts,
        strength=strength,
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
