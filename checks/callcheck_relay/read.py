"""Which call endpoints answered, and whether the silence of the others means anything."""

from __future__ import annotations

import ipaddress
import statistics
from collections.abc import Iterable, Sequence

from callcheck.api import NEVER_LEFT, Claim, Evidence, Failure, Json, Numbered, Observation
from callcheck.asking import site_of
from callcheck.codec.questions import FORMS
from callcheck.way_out import Seen, way_out
from callcheck_relay.alike import forms_alike, went_silent
from callcheck_relay.fallback import by_tcp, list_fresh

# Blocks are claimed from exact counts: at least this many endpoints and source ports each (DESIGN 7).
_ENDPOINTS, _SOURCE_PORTS = 2, 3
# `works` needs most of the endpoints that the app would try first, not a lucky one: OONI missed a partial block so.
_MOST = 0.5
# No wait is as long: what is more stands in a damaged file.
_SLOWEST_MS = 60_000

Asked = Sequence[Numbered[Observation]]


def read(observations: Asked) -> Iterable[Evidence]:
    """For each service relays_answer and call_forms_alike; relays_refuse where relays themselves sent port
    unreachable; one_way_out where its relays saw us under several addresses; relays_answer_by_tcp and
    relay_list_fresh where that was asked."""
    evidence: list[Evidence] = []
    for service in dict.fromkeys(one.value.target.service for one in observations if one.value.target):
        own = [one for one in observations if one.value.target and one.value.target.service == service]
        asked, after = _left(own, "relay.ask"), _left(own, "relay.after")
        if asked:
            evidence += [_answers(service, asked, after), forms_alike(service, asked, after)]
        found = [
            _refusals(service, asked),
            _ways(service, [*asked, *after]),
            by_tcp(service, _left(own, "relay.tcp")),
            list_fresh(service, [one for one in own if one.value.op == "relay.list"]),
        ]
        evidence += [item for item in found if item is not None]
    return evidence


def _left(observations: Asked, op: str) -> Asked:
    return [one for one in observations if one.value.op == op and one.value.failure not in NEVER_LEFT]


def _answers(service: str, asked: Asked, after: Asked) -> Evidence:
    speaking = {_form_of_kind(one.value) for one in asked if one.value.failure is None}
    informative = [one for one in asked if _is_informative(one.value, speaking)]
    ports: dict[str, set[int]] = {}
    for one in informative:
        ports.setdefault(_endpoint(one.value), set()).add(_port(one.value))
    answered = {_endpoint(one.value) for one in asked if one.value.failure is None}
    fully_asked = [endpoint for endpoint, used in ports.items() if len(used) >= _SOURCE_PORTS]
    strength = 0
    if answered:
        strength = 3 if _most_of_the_first_kind(informative, answered) else 1
    elif len(fully_asked) >= _ENDPOINTS:
        strength = -3
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
            **_times(asked),
            **_loss(asked),
            **({"penalty": silenced} if (silenced := went_silent(asked, after)) else {}),
        },
        strength=strength,
        group=f"relay:{service}",
        seqs=tuple(one.seq for one in asked),
    )


def _times(asked: Asked) -> dict[str, Json]:
    """`rtt_ms`, the median of all answers, and `nearest_rtt_ms`, that of the endpoint which an app would choose."""
    by_endpoint: dict[str, list[float]] = {}
    for one in asked:
        rtt_ms = one.value.data.get("rtt_ms")
        if one.value.failure is None and isinstance(rtt_ms, int | float) and 0 <= rtt_ms <= _SLOWEST_MS:
            by_endpoint.setdefault(_endpoint(one.value), []).append(rtt_ms)
    if not by_endpoint:
        return {}
    every = statistics.median(rtt_ms for times in by_endpoint.values() for rtt_ms in times)
    return {"rtt_ms": round(every, 1), "nearest_rtt_ms": round(min(map(statistics.median, by_endpoint.values())), 1)}


def _loss(asked: Asked) -> dict[str, Json]:
    """`loss_ratio` over endpoints and forms that were answered at all: the others measure no loss."""
    alive = {(_endpoint(one.value), one.value.form) for one in asked if one.value.failure is None}
    sent = [one for one in asked if (_endpoint(one.value), one.value.form) in alive]
    received = sum(one.value.failure is None for one in sent)
    return {"loss_ratio": round(1 - received / len(sent), 3)} if sent else {}


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


def _ways(service: str, asked: Asked) -> Evidence | None:
    """one_way_out, only where this service's own relays disagree: one service seldom has the networks to confirm it."""
    seen = [
        Seen(one.seq, _endpoint(one.value), site_of(one.value.target), address)
        for one in asked
        if one.value.failure is None and one.value.target and (address := reflexive(one.value))
    ]
    if len({one.address for one in seen}) < 2:
        return None
    return way_out(seen, service=service, function="calls", group=f"way_out:{service}")


def reflexive(observation: Observation) -> str:
    """The IPv4 address under which a relay saw us, "" for none."""
    value = observation.data.get("reflexive_address")
    try:
        return str(ipaddress.IPv4Address(value)) if isinstance(value, str) else ""
    except ValueError:
        return ""


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
