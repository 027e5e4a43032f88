"""Which call endpoints answered, and whether the silence of the others means anything."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from callcheck.api import NEVER_LEFT, Claim, Evidence, Numbered, Observation
from callcheck.asking import site_of
from callcheck.codec.questions import FORMS
from callcheck.words import Failure

# Blocks are claimed from exact counts: at least this many endpoints and source ports each (DESIGN 7).
_ENDPOINTS, _SOURCE_PORTS = 2, 3
# `works` needs most of the endpoints that the app would try first, not a lucky one: OONI missed a partial block so.
_MOST = 0.5

Asked = Sequence[Numbered[Observation]]


def read(observations: Asked) -> Iterable[Evidence]:
    """relays_answer for each service, and relays_refuse where relays themselves sent port unreachable."""
    asked = [
        one
        for one in observations
        if one.value.op == "relay.ask" and one.value.target is not None and one.value.failure not in NEVER_LEFT
    ]
    services = dict.fromkeys(one.value.target.service for one in asked if one.value.target)
    evidence: list[Evidence] = []
    for service in services:
        own = [one for one in asked if one.value.target and one.value.target.service == service]
        evidence.append(_answers(service, own))
        refusal = _refusals(service, own)
        if refusal:
            evidence.append(refusal)
    return evidence


def _answers(service: str, asked: Asked) -> Evidence:
    speaking = {_form_of_kind(one.value) for one in asked if one.value.failure is None}
    informative = [one for one in asked if _is_informative(one.value, speaking)]
    ports: dict[str, set[int]] = {}
    for one in informative:
        endpoint = _endpoint(one.value)
        ports.setdefault(endpoint, set()).add(_port(one.value))
    answered = {_endpoint(one.value) for one in asked if one.value.failure is None}
    fully_asked = [endpoint for endpoint, used in ports.items() if len(used) >= _SOURCE_PORTS]
    strength = 0
    if answered:
        strength = 3 if _most_of_the_first_kind(informative, answered) else 1
    elif len(fully_asked) >= _ENDPOINTS:
        strength = -3
    rtts = [one.value.data["rtt_ms"] for one in asked if isinstance(one.value.data.get("rtt_ms"), int | float)]
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.relays_answer,
        facts={
            "endpoints": len({_endpoint(one.value) for one in asked}),
            "answered": len(answered),
            "informative": len(ports),
            "source_ports": min((len(used) for used in ports.values()), default=0),
            "sites": len({site_of(one.value.target) for one in informative if one.value.target}),
            **({"rtt_ms": round(statistics.median(rtts), 1)} if rtts else {}),
        },
        strength=strength,
        group=f"relay:{service}",
        seqs=tuple(one.seq for one in asked),
    )


def _most_of_the_first_kind(informative: Asked, answered: set[str]) -> bool:
    """Whether at least half of the endpoints of the kind that the app tries first answered."""
    kinds: dict[str, set[str]] = {}
    for one in informative:
        if one.value.target:
            kinds.setdefault(one.value.target.protocol, set()).add(_endpoint(one.value))
    first = next((kinds[protocol] for protocol in FORMS if protocol in kinds), set())
    return len(first & answered) >= _MOST * len(first)


def _refusals(service: str, asked: Asked) -> Evidence | None:
    refused = [
        one for one in asked if one.value.failure is Failure.refused and one.value.data.get("refused_by_target") is True
    ]
    endpoints = {_endpoint(one.value) for one in refused}
    if not endpoints:
        return None
    return Evidence(
        service=service,
        function="calls",
        claim=Claim.relays_refuse,
        facts={"endpoints": len({_endpoint(one.value) for one in asked}), "refused": len(endpoints)},
        strength=2,
        group=f"relay:{service}",
        seqs=tuple(one.seq for one in refused),
    )


def _is_informative(observation: Observation, speaking: set[tuple[object, str]]) -> bool:
    """Silence counts where the form is confirmed for this kind, or another of its kind answered it in this run."""
    target = observation.target
    confirmed = target is not None and target.answers.get(observation.form) == "confirmed"
    return confirmed or _form_of_kind(observation) in speaking


def _form_of_kind(observation: Observation) -> tuple[object, str]:
    return (observation.target.kind if observation.target else None, observation.form)


def _endpoint(observation: Observation) -> str:
    return observation.target.endpoint if observation.target else ""


def _port(observation: Observation) -> int:
    port = observation.data.get("source_port")
    return port if isinstance(port, int) else 0
