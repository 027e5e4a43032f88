"""What the neutral hosts' answers say about UDP on this line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from callcheck.api import NEVER_LEFT, Claim, Evidence, Numbered, Observation, Target

Asked = Sequence[Numbered[Observation]]


def read(observations: Asked) -> Iterable[Evidence]:
    """controls_answer, domestic_answers and cookie_ignored; see each claim's rule in the code."""
    asked = [one for one in observations if one.value.op == "stun.ask" and one.value.failure not in NEVER_LEFT]
    evidence = [_controls(asked), _domestic(asked), _cookie(asked)]
    return [item for item in evidence if item is not None]


def _of(asked: Asked, role: str, form: str) -> Asked:
    return [one for one in asked if one.value.form == form and one.value.target and one.value.target.role == role]


def _endpoints(asked: Asked, *, answered: bool) -> dict[str, Target]:
    return {
        one.value.target.endpoint: one.value.target
        for one in asked
        if one.value.target and (one.value.failure is None or not answered)
    }


def _controls(asked: Asked) -> Evidence | None:
    """Firm support: three hosts in two networks answered. Firm denial: none of three did, each asked on several source
    ports; two in two networks deny less firmly. `slowest_rtt_ms` is the slowest host's median."""
    cookie = _of(asked, "control", "cookie")
    hosts, alive = _endpoints(cookie, answered=False), _endpoints(cookie, answered=True)
    if not hosts:
        return None
    networks, asked_networks = _networks(alive), _networks(hosts)
    strength = 0
    if len(alive) >= 3 and networks >= 2:
        strength = 3
    elif alive:
        strength = 1
    elif len(hosts) >= 2 and asked_networks >= 2:
        strength = -3 if len(hosts) >= 3 else -2
    return Evidence(
        claim=Claim.controls_answer,
        facts={
            "asked": len(hosts),
            "answered": len(alive),
            "networks": networks,
            "asked_networks": asked_networks,
            **_slowest(cookie),
        },
        strength=strength,
        group="controls",
        seqs=tuple(one.seq for one in cookie),
    )


def _domestic(asked: Asked) -> Evidence | None:
    cookie = _of(asked, "domestic", "cookie")
    hosts, alive = _endpoints(cookie, answered=False), _endpoints(cookie, answered=True)
    if not hosts:
        return None
    return Evidence(
        claim=Claim.domestic_answers,
        facts={"asked": len(hosts), "answered": len(alive)},
        strength=2 if alive else -2,
        group="domestic",
        seqs=tuple(one.seq for one in cookie),
    )


def _cookie(asked: Asked) -> Evidence | None:
    """Hosts that answer the classic form show a rule that drops the cookie: same host, port and moment."""
    classic_alive = _endpoints(_of(asked, "control", "classic"), answered=True)
    cookie_alive = _endpoints(_of(asked, "control", "cookie"), answered=True)
    both = [endpoint for endpoint in classic_alive if endpoint in cookie_alive]
    silent = len(classic_alive) - len(both)
    if not classic_alive:
        return None
    return Evidence(
        claim=Claim.cookie_ignored,
        facts={"with_cookie": len(both), "without_cookie": len(classic_alive)},
        strength=-3 if silent >= 2 else 2 if not silent else 0,
        group="cookie",
        seqs=tuple(one.seq for one in asked if one.value.target and one.value.target.endpoint in classic_alive),
    )


def _slowest(asked: Asked) -> dict[str, float]:
    by_host: dict[str, list[float]] = {}
    for one in asked:
        rtt_ms = one.value.data.get("rtt_ms")
        if one.value.target and isinstance(rtt_ms, int | float):
            by_host.setdefault(one.value.target.endpoint, []).append(rtt_ms)
    return {"slowest_rtt_ms": round(max(map(median, by_host.values())), 1)} if by_host else {}


def _networks(targets: dict[str, Target]) -> int:
    return len({target.network for target in targets.values()})
