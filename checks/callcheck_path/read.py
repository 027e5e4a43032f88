"""Reads from expired packets how far each shape came, and whether the call's stopped short.

Silence of one hop proves nothing: a stop is claimed only where a packet of another shape or to another place expired
at a hop further on, and firmly only where that other packet went to the very same address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callcheck.api import Claim, Evidence, Mechanism, Numbered, Observation, Where
from callcheck.words import Failure, Function

# A call that stops this far out has left the access provider: hops are counted from this machine.
_PROVIDER_HOPS = 5
# RFC 1918, which home routers use; a hop there stands between this machine and the provider.
_HOME_NETWORKS = tuple(ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_SIGNATURES: dict[str, Mechanism] = {"turn": "stun_signature", "whatsapp_relay": "dtls_signature"}

Probes = Sequence[Numbered[Observation]]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one shape came: the hops that let it expire, by TTL."""

    hops: dict[int, str]

    @property
    def last(self) -> int:
        return max(self.hops, default=0)


def read(observations: Probes) -> Iterable[Evidence]:
    """path_open for every service and function that was silent and probed."""
    probes = [one for one in observations if one.value.op == "path.probe"]
    about = dict.fromkeys((_text(one, "about_service"), _text(one, "about_function")) for one in probes)
    return [
        _evidence(service, function, [one for one in probes if _about(one) == (service, function)])
        for service, function in about
        if service and function in {"messaging", "calls"}
    ]


def _evidence(service: str, function: str, probes: Probes) -> Evidence:
    call, neutral, other_port = (_reach(probes, shape) for shape in ("call", "neutral", "other_port"))
    control = _reach(probes, "control")
    strength, where, mechanism = _judged(call, neutral, other_port, control, _protocol(probes))
    named: Function = "calls" if function == "calls" else "messaging"
    return Evidence(
        service=service,
        function=named,
        claim=Claim.path_open,
        facts={
            "last_hop_call": call.last,
            "last_hop_neutral": neutral.last,
            "last_hop_other_port": other_port.last,
            "last_hop_control": control.last,
            "where": where,
            "mechanism": mechanism,
        },
        strength=strength,
        group=f"path:{service}",
        seqs=tuple(one.seq for one in probes),
    )


def _judged(
    call: Reach, neutral: Reach, other_port: Reach, control: Reach, protocol: str
) -> tuple[int, Where, Mechanism]:
    if control.last == 0:
        return 0, "unknown", "unknown"
    if neutral.last > call.last:
        return -3, _stretch(call), _SIGNATURES.get(protocol, "payload")
    if other_port.last > call.last:
        return -3, _stretch(call), "port"
    if control.last > call.last:
        # Another destination's path may be longer: only a stop behind a hop that both share, and near, is telling.
        shared = call.last == 0 or control.hops.get(call.last) == call.hops[call.last]
        near = call.last + 1 in control.hops and call.last < _PROVIDER_HOPS
        return (-2, _stretch(call), "address") if shared and near else (0, "unknown", "unknown")
    return 2, "beyond", "unknown"


def _stretch(call: Reach) -> Where:
    """The stretch behind the last hop that the call's packets reached."""
    if call.last == 0:
        return "home"
    if call.last >= _PROVIDER_HOPS:
        return "beyond"
    return "access" if _is_private(call.hops[call.last]) else "provider"


def _is_private(hop: str) -> bool:
    try:
        address = ipaddress.ip_address(hop)
    except ValueError:
        return False
    return any(address in network for network in _HOME_NETWORKS)


def _reach(probes: Probes, shape: str) -> Reach:
    own = [one.value for one in probes if one.value.form == shape]
    hops: dict[int, str] = {}
    for observation in own:
        ttl, hop = observation.data.get("ttl"), observation.data.get("hop")
        if observation.failure is Failure.expired and isinstance(ttl, int) and isinstance(hop, str):
            hops.setdefault(ttl, hop)
    return Reach(hops)


def _protocol(probes: Probes) -> str:
    return next((one.value.target.protocol for one in probes if one.value.form == "call" and one.value.target), "")


def _about(one: Numbered[Observation]) -> tuple[str, str]:
    return _text(one, "about_service"), _text(one, "about_function")


def _text(one: Numbered[Observation], key: str) -> str:
    value = one.value.data.get(key)
    return value if isinstance(value, str) else ""
