"""Reads from expired packets whether those of a call stop short of others, and what the others have that they lack.

Silence of one hop proves nothing: routers limit their ICMP errors, paths part, and balancers hash every port anew. A
stop is claimed only where, at one hop, none of six or more call-shaped packets expired while at least five of six
others did (Fisher's exact test, one-sided: p < 0.01), and never for the first hop. It localises; it never clears.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence

import msgspec

from callcheck.api import Claim, Evidence, Mechanism, Numbered, Observation, Target, Where
from callcheck.asking import site_of
from callcheck.words import Failure, Function

_REPEATS = 6
# A call that stops this far out has left the access provider: hops are counted from this machine.
_PROVIDER_HOPS = 5
# Packets that came at least this far have left the home and its access line.
_BEYOND_ACCESS_HOPS = 3
# RFC 1918, which home routers use; a hop there stands between this machine and the provider.
# RFC 4193 and RFC 4291 2.5.6 say the same for IPv6.
_HOME_NETWORKS = tuple(
    ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")
)
# IPv6 needs no private addresses: a home router is known by standing in the network of this machine's own address.
_LAN_BITS = 64
_SIGNATURES: dict[str, Mechanism] = {"turn": "stun_signature", "whatsapp_relay": "dtls_signature"}

Probes = Sequence[Numbered[Observation]]
Judged = tuple[int, Where, Mechanism]
_UNTOLD: Judged = (0, "unknown", "unknown")


class Arm(msgspec.Struct, frozen=True):
    """What came of one shape at the hop in question: packets sent, how many expired there, and at which routers."""

    sent: int
    expired: int
    routers: frozenset[str]

    @property
    def passes(self) -> bool:
        return self.sent >= _REPEATS and self.expired >= self.sent - 1

    @property
    def stops(self) -> bool:
        return self.sent >= _REPEATS and self.expired == 0


def read(observations: Probes) -> Iterable[Evidence]:
    """path_open for every service and function that was silent and probed, by each IP version."""
    probes = [one for one in observations if one.value.op == "path.probe" and _is_of_silence(one.value)]
    about = dict.fromkeys(_about(one.value) for one in probes)
    return [
        _evidence(service, function, [one for one in probes if _about(one.value) == (service, function, version)])
        for service, function, version in about
        if service and function in {"messaging", "calls"}
    ]


def _evidence(service: str, function: str, probes: Probes) -> Evidence:
    observations = [one.value for one in probes]
    call_hops, control_hops = _hops(observations, "call"), _hops(observations, "control")
    last_call, last_control = max(call_hops, default=0), max(control_hops, default=0)
    strength, where, mechanism = _judged(observations, call_hops, control_hops)
    named: Function = "calls" if function == "calls" else "messaging"
    return Evidence(
        service=service,
        function=named,
        claim=Claim.path_open,
        facts={
            "last_hop_call": last_call,
            "last_hop_neutral": max(_hops(observations, "neutral"), default=0),
            "last_hop_other_port": max(_hops(observations, "other_port"), default=0),
            "last_hop_control": last_control,
            "where": where,
            "mechanism": mechanism,
        },
        strength=strength,
        group=f"path:{service}",
        seqs=tuple(one.seq for one in probes),
    )


def _judged(observations: Sequence[Observation], call_hops: dict[int, str], control_hops: dict[int, str]) -> Judged:
    last_call, last_control = max(call_hops, default=0), max(control_hops, default=0)
    if last_control <= last_call:
        came_far = last_call >= _BEYOND_ACCESS_HOPS
        return (2, "beyond", "unknown") if came_far else _UNTOLD
    if last_call == 0 or _told_by_a_router(observations) or _leaves_elsewhere(observations):
        return _UNTOLD
    at_hop = [one for one in observations if one.data.get("stage") == "confirm"]
    # Two addresses of one site share its fate and count once.
    calls = _by_owner(at_hop, "call", site_of)
    if not calls or not all(arm.stops for arm in calls.values()):
        return _UNTOLD
    strength, mechanism = _contrast(at_hop, calls, shared=call_hops[last_call] == control_hops.get(last_call))
    where = stretch(last_call, call_hops, _own_address(observations))
    return (strength, where, mechanism) if strength else _UNTOLD


def _contrast(at_hop: Sequence[Observation], calls: dict[str, Arm], *, shared: bool) -> tuple[int, Mechanism]:
    """What else goes on where the call stops, and so what the stop goes by.

    Packets to the same address settle it, unless everybody's packets to that port stop there. Packets to other
    addresses do so only together: several sites of the service stop, several controls go on, all through one router
    behind a hop that the call's packets were seen at.
    """
    protocol = next((one.target.protocol for one in at_hop if one.form == "call" and one.target), "")
    if _arm(at_hop, "neutral").passes:
        return -3, _SIGNATURES.get(protocol, "payload")
    by_datagrams = any(one.form == "call" and one.target and one.target.transport == "udp" for one in at_hop)
    if by_datagrams and not _arm(at_hop, "call_port").passes:
        return 0, "unknown"
    if _arm(at_hop, "other_port").passes:
        return -3, "port"
    controls = _by_owner(at_hop, "control", lambda target: target.network)
    passing = [arm for arm in controls.values() if arm.passes]
    routers = frozenset[str]().union(*(arm.routers for arm in passing))
    together = shared and len(calls) >= 2 and len(passing) >= 2 and len(passing) == len(controls) and len(routers) == 1
    return (-2, "address") if together else (0, "unknown")


def _by_owner(at_hop: Sequence[Observation], shape: str, owner: Callable[[Target], str]) -> dict[str, Arm]:
    owners = dict.fromkeys(owner(one.target) for one in at_hop if one.form == shape and one.target)
    return {name: _arm([one for one in at_hop if one.target and owner(one.target) == name], shape) for name in owners}


def _arm(at_hop: Sequence[Observation], shape: str) -> Arm:
    own = [one for one in at_hop if one.form == shape]
    expired = [one for one in own if one.failure is Failure.expired]
    return Arm(len(own), len(expired), frozenset(_text(one, "hop") for one in expired))


def _told_by_a_router(observations: Sequence[Observation]) -> bool:
    """A router that says "unreachable" to a call's packet has no route or a policy, and says so: that is no silence."""
    told = {Failure.host_unreachable, Failure.refused, Failure.network_unreachable, Failure.permission}
    return any(one.form in {"call", "neutral", "other_port"} and one.failure in told for one in observations)


def _leaves_elsewhere(observations: Sequence[Observation]) -> bool:
    """Packets to the subject leave from another address than those to controls: a tunnel for some destinations."""
    from_here = {
        shape: {_text(one, "local_address") for one in observations if one.form == shape} - {""}
        for shape in ("call", "control")
    }
    return bool(from_here["call"]) and from_here["call"] != from_here["control"]


def stretch(last_call: int, call_hops: dict[int, str], own_address: str) -> Where:
    """The stretch behind the last hop that the call's packets reached; `own_address` is this machine's, if known."""
    if last_call >= _PROVIDER_HOPS:
        return "beyond"
    return "access" if _is_at_home(call_hops[last_call], own_address) else "provider"


def _is_at_home(hop: str, own_address: str) -> bool:
    try:
        address = ipaddress.ip_address(hop)
    except ValueError:
        return False
    if any(address in network for network in _HOME_NETWORKS):
        return True
    try:
        own = ipaddress.ip_address(own_address)
    except ValueError:
        return False
    return own.version == 6 and address in ipaddress.ip_network((own, _LAN_BITS), strict=False)


def _own_address(observations: Sequence[Observation]) -> str:
    return next((text for one in observations if one.form == "call" and (text := _text(one, "local_address"))), "")


def _hops(observations: Sequence[Observation], shape: str) -> dict[int, str]:
    """The hops that let packets of one shape expire, by TTL."""
    hops: dict[int, str] = {}
    for observation in observations:
        ttl = observation.data.get("ttl")
        if observation.form == shape and observation.failure is Failure.expired and isinstance(ttl, int):
            hops.setdefault(ttl, _text(observation, "hop"))
    return hops


def _is_of_silence(observation: Observation) -> bool:
    return observation.data.get("stage") not in {"common_sweep", "common", "live", "after"}


def _about(observation: Observation) -> tuple[str, str, int]:
    version = 6 if observation.data.get("ip_version") == 6 else 4
    return _text(observation, "about_service"), _text(observation, "about_function"), version


def _text(observation: Observation, key: str) -> str:
    value = observation.data.get(key)
    return value if isinstance(value, str) else ""
