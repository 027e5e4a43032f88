"""Common-hop loss: packets of a call and the same packets to other places, which expire at one and the same router.

What is lost before that router cannot be the fault of anything behind it: not of the messenger's servers, nor of the
way to its network. Every probe has a 5-tuple of its own, which balancers hash anew and which full TTL never follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from callcheck.api import Context, IcmpError, Observation, Packet, Target
from callcheck.codec.questions import FORMS
from callcheck.words import Failure
from callcheck_path.arms import controls_of, version_of
from callcheck_path.hops import HopSeen, candidates
from callcheck_path.read_common import Batch, batch_of

_MAX_TTL = 6
# Spread so that no host is asked more than ten times a second where it stands nearer than the farthest hop asked for.
_SWEEPS = 2
_SWEEP_S = 1.2
_SUBJECTS = 4
_FEWEST_CONTROLS = 2
_PILOT_ROUNDS = 8
_ROUNDS = 60
# Under eight probes a second for each arm.
_ROUND_S = 0.13
_PILOTS = 2
_BATCHES = 2
_TIMEOUT_S = 0.7
_VARIANTS = 4


@dataclass(frozen=True, slots=True)
class _Arms:
    """One service's call endpoints, at several addresses so that no single link decides, and controls of other
    networks; all are sent `payloads` at the port of the call."""

    service: str
    subjects: Sequence[Target]
    controls: Sequence[Target]
    payloads: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class _Probe:
    target: Target
    shape: str
    ttl: int
    batch: int
    payload: bytes


async def compare_at_common_hop(ctx: Context) -> None:
    """One observation a probe, for each service whose call endpoints answered."""
    services = dict.fromkeys(target.service for target in ctx.answered(role="subject", function="calls"))
    await asyncio.gather(*(_compare(ctx, service) for service in services))


async def _compare(ctx: Context, service: str) -> None:
    arms = await _arms(ctx, service)
    if arms is None:
        return
    for ttl in candidates(await _sweep(ctx, arms))[:_PILOTS]:
        pilot = await _batch(ctx, arms, ttl, 0, _PILOT_ROUNDS)
        if not pilot.controls_come_back:
            continue
        for batch in range(1, _BATCHES + 1):
            if not (await _batch(ctx, arms, ttl, batch, _ROUNDS)).subject_loses_more:
                break
        return


async def _arms(ctx: Context, service: str) -> _Arms | None:
    endpoints = [one for one in ctx.answered(role="subject", service=service, function="calls") if one.address]
    endpoints = [one for one in endpoints if one.transport == "udp" and one.protocol in FORMS]
    if not endpoints:
        return None
    first = min(endpoints, key=version_of)
    alike = [one for one in endpoints if (version_of(one), one.protocol) == (version_of(first), first.protocol)]
    subjects = tuple({one.address: one for one in alike}.values())[:_SUBJECTS]
    controls = await controls_of(ctx, "stun", version_of(first))
    if len(controls) < _FEWEST_CONTROLS:
        return None
    form = next(iter(FORMS[first.protocol].values()))
    payloads = [form(ctx.random_bytes).payload for _ in range(_VARIANTS)]
    return _Arms(service, subjects, controls, payloads)


async def _sweep(ctx: Context, arms: _Arms) -> list[HopSeen]:
    """Which routers each arm's packets expire at; two of the subject's addresses are asked, as their packets may be
    the ones that are lost."""
    places = [(one, "call") for one in arms.subjects[:2]] + [(one, "call_elsewhere") for one in arms.controls]
    probes = [
        _Probe(target, shape, ttl, 0, arms.payloads[0])
        for _ in range(_SWEEPS)
        for target, shape in places
        for ttl in range(1, _MAX_TTL + 1)
    ]
    phases = ctx.random_bytes(len(probes))
    seen = await asyncio.gather(
        *(
            _send(ctx, arms, probe, "common_sweep", phase / 255 * _SWEEP_S)
            for probe, phase in zip(probes, phases, strict=True)
        )
    )
    return [
        HopSeen("" if one.form == "call" else probe.target.network, probe.ttl, str(one.data.get("hop", "")))
        for probe, one in zip(probes, seen, strict=True)
        if one.failure is Failure.expired
    ]


async def _batch(ctx: Context, arms: _Arms, ttl: int, batch: int, rounds: int) -> Batch:
    """In each round one packet to every arm, in random order in the same instant; the next address of the subject."""
    probes = []
    for turn in range(rounds):
        places = [(arms.subjects[turn % len(arms.subjects)], "call")]
        places += [(one, "call_elsewhere") for one in arms.controls]
        order = ctx.random_bytes(len(places))
        shuffled = [place for _, place in sorted(zip(order, places, strict=True), key=lambda pair: pair[0])]
        payload = arms.payloads[turn % len(arms.payloads)]
        probes += [(turn * _ROUND_S, _Probe(target, shape, ttl, batch, payload)) for target, shape in shuffled]
    seen = await asyncio.gather(*(_send(ctx, arms, probe, "common", start_s) for start_s, probe in probes))
    return batch_of(seen)


async def _send(ctx: Context, arms: _Arms, probe: _Probe, stage: str, start_s: float) -> Observation:
    await ctx.sleep(start_s)
    destination = msgspec.structs.replace(probe.target, port=arms.subjects[0].port)
    if probe.shape == "call":
        destination = probe.target
    data: dict[str, object] = {
        "about_service": arms.service,
        "about_function": "calls",
        "stage": stage,
        "batch": probe.batch,
        "ip_version": version_of(probe.target) or 4,
        "ttl": probe.ttl,
    }
    heard = await _heard(ctx, destination, probe, data)
    failure = Failure.timeout if heard is None else heard if isinstance(heard, Failure) else None
    if isinstance(heard, IcmpError):
        failure = heard.failure
        data |= {"hop": heard.hop, "icmp_type": heard.icmp_type, "icmp_code": heard.icmp_code}
    observation = Observation(op="path.probe", target=probe.target, form=probe.shape, failure=failure, data=data)
    ctx.emit(observation)
    return observation


async def _heard(
    ctx: Context, destination: Target, probe: _Probe, data: dict[str, object]
) -> Packet | IcmpError | Failure | None:
    sock = await ctx.udp(destination)
    if isinstance(sock, Failure):
        return sock
    try:
        data["local_address"] = sock.local[0]
        sent = sock.send(probe.payload, ttl=probe.ttl)
        return sent if isinstance(sent, Failure) else await sock.receive(timeout_s=_TIMEOUT_S)
    finally:
        sock.close()
