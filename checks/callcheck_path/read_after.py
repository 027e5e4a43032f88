"""Reads where a flow that fell silent is cut: its packets are no longer reported from where others' still are.

Claimed only where, behind a router that both flows were seen at, none of six packets of the dead flow came to the next
hop, while at least five of six of a living flow did, and of new flows to the same address, all at one router.
"""

from __future__ import annotations

from collections.abc import Sequence

from callcheck.api import Claim, Evidence, Numbered, Observation, Where
from callcheck.words import Failure
from callcheck_path.read import stretch

_FEWEST_ANSWERED = 3
_FEWEST_SILENT = 4
_LEAST_ANSWERED_RATIO = 0.8
_REPEATS = 6

Probes = Sequence[Numbered[Observation]]
_Cut = tuple[Where, int, int]


def has_died(answered: Sequence[bool]) -> bool:
    """Answered steadily at first, and then not at all: loss by chance looks otherwise."""
    last = max((number + 1 for number, did in enumerate(answered) if did), default=0)
    steady = sum(answered) >= max(_FEWEST_ANSWERED, _LEAST_ANSWERED_RATIO * last)
    return steady and len(answered) - last >= _FEWEST_SILENT


def lives(answered: Sequence[bool]) -> bool:
    return sum(answered) >= max(_FEWEST_ANSWERED, _LEAST_ANSWERED_RATIO * len(answered)) and any(answered[-2:])


def next_hop(seen: Sequence[Observation]) -> int | None:
    """The first hop that reported the living flow and not the dead one, if the dead one was reported before it."""
    dead, live = hops_of(seen, "dead"), hops_of(seen, "live")
    last = max(dead, default=0)
    if not last:
        return None
    return min((ttl for ttl in live if ttl > last), default=None)


def hops_of(observations: Sequence[Observation], shape: str) -> dict[int, str]:
    """The routers that reported packets of one shape, by TTL."""
    hops: dict[int, str] = {}
    for one in observations:
        ttl, hop = one.data.get("ttl"), one.data.get("hop")
        if one.form == shape and one.failure is Failure.expired and isinstance(ttl, int) and isinstance(hop, str):
            hops.setdefault(ttl, hop)
    return hops


def read_after(observations: Probes) -> list[Evidence]:
    """path_open for every service of which a flow died and was looked after."""
    probes = [one for one in observations if one.value.data.get("stage") == "after"]
    services = dict.fromkeys(_text(one.value, "about_service") for one in probes)
    return [
        _evidence(name, [one for one in probes if _text(one.value, "about_service") == name])
        for name in services
        if name
    ]


def _evidence(service: str, probes: Probes) -> Evidence:
    flows = dict.fromkeys(repr(one.value.data.get("flow")) for one in probes)
    each = [[one.value for one in probes if repr(one.value.data.get("flow")) == flow] for flow in flows]
    cuts = [cut for flow in each if (cut := _cut(flow)) is not None]
    agree = len({(where, ttl) for where, ttl, _ in cuts}) == 1
    everything = [one.value for one in probes]
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.path_open,
        facts={
            "last_hop_call": max(hops_of(everything, "dead"), default=0),
            "last_hop_control": max(hops_of(everything, "live"), default=0),
            "flows": len(flows),
            "flows_cut": len(cuts),
            "where": cuts[0][0] if agree else "unknown",
            "mechanism": "unknown",
        },
        strength=(-3 if len(cuts) >= 2 else -2) if agree and len(cuts) == len(flows) else 0,
        group=f"path:{service}",
        seqs=tuple(one.seq for one in probes),
    )


def _cut(observations: Sequence[Observation]) -> _Cut | None:
    """The stretch in which one flow is cut, the last hop of its packets, and the hop that they do not come to."""
    sweep = [one for one in observations if one.data.get("round") == 0]
    confirm = [one for one in observations if one.data.get("round") != 0]
    dead, live = hops_of(sweep, "dead"), hops_of(sweep, "live")
    ttl = next_hop(sweep)
    if ttl is None or any(one.failure in {Failure.refused, Failure.host_unreachable} for one in observations):
        return None
    last = max(dead)
    sent = {shape: [one for one in confirm if one.form == shape] for shape in ("dead", "live", "fresh")}
    back = {shape: [one for one in own if one.failure is Failure.expired] for shape, own in sent.items()}
    passes = all(len(sent[shape]) >= _REPEATS and len(back[shape]) >= _REPEATS - 1 for shape in ("live", "fresh"))
    stops = len(sent["dead"]) >= _REPEATS and not back["dead"]
    routers = {_text(one, "hop") for shape in ("live", "fresh") for one in back[shape]}
    shared = dead[last] == live.get(last) != "" and len(routers) == 1
    return (stretch(last, dead, ""), last, ttl) if passes and stops and shared else None


def _text(observation: Observation, key: str) -> str:
    value = observation.data.get(key)
    return value if isinstance(value, str) else ""
