"""A sweep of growing TTL finds how far call and control come; where they differ, that one hop is asked again, by all.

Every probe has a 5-tuple of its own and is never followed by one of full TTL on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callcheck.api import Context, IcmpError, Observation, Packet
from callcheck.words import Failure
from callcheck_path.aftermath import look_after_flows
from callcheck_path.arms import PathArm, arms_for, silent_functions, version_of
from callcheck_path.common import compare_at_common_hop

# Spread over this time and in random order, so that a router's limit on ICMP errors meets all arms alike.
_SWEEP_S = 0.2
_CONFIRM_S = 0.9


@dataclass(frozen=True, slots=True)
class Plan:
    """`sweeps` probes at each TTL up to `max_ttl`, then `repeats` of every arm at the TTL in question."""

    max_ttl: int
    sweeps: int
    repeats: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class _Probe:
    arm: PathArm
    ttl: int
    stage: str


async def measure(ctx: Context, plan: Plan, *, relays: int) -> None:
    """Silence first, at every depth, and beside it the flows of so many relays that die; then loss at a common hop,
    where there is the time."""
    await asyncio.gather(_explore_silent(ctx, plan), *([look_after_flows(ctx, relays)] if relays else []))
    if ctx.depth == "deep":
        await compare_at_common_hop(ctx)


async def _explore_silent(ctx: Context, plan: Plan) -> None:
    """One observation a probe, for each service and function that has stayed silent, by each IP version."""
    await asyncio.gather(
        *(_explore(ctx, about, version, plan) for about in silent_functions(ctx) for version in (4, 6))
    )


async def _explore(ctx: Context, about: tuple[str, str], version: int, plan: Plan) -> None:
    arms = await arms_for(ctx, about, version)
    if not arms:
        return
    call = arms[0]
    control = next(arm for arm in arms if arm.shape == "control")
    ttls = range(1, plan.max_ttl + 1)
    sweep = [_Probe(arm, ttl, "sweep") for _ in range(plan.sweeps) for arm in (call, control) for ttl in ttls]
    expired = await _sent(ctx, sweep, _SWEEP_S, plan.timeout_s)
    last_hop = {
        arm.shape: max((probe.ttl for probe in expired if probe.arm is arm), default=0) for arm in (call, control)
    }
    if last_hop["control"] > last_hop["call"]:
        ttl = last_hop["call"] + 1
        await _sent(
            ctx, [_Probe(arm, ttl, "confirm") for _ in range(plan.repeats) for arm in arms], _CONFIRM_S, plan.timeout_s
        )


async def _sent(ctx: Context, probes: Sequence[_Probe], spread_s: float, timeout_s: float) -> Iterable[_Probe]:
    """Send all probes at random moments within `spread_s`; those that expired at a hop."""
    phases = ctx.random_bytes(len(probes))
    expired = await asyncio.gather(
        *(_send(ctx, probe, phase / 255 * spread_s, timeout_s) for probe, phase in zip(probes, phases, strict=True))
    )
    return [probe for probe, did in zip(probes, expired, strict=True) if did]


async def _send(ctx: Context, probe: _Probe, start_s: float, timeout_s: float) -> bool:
    await ctx.sleep(start_s)
    arm = probe.arm
    data: dict[str, object] = {
        "about_service": arm.about[0],
        "about_function": arm.about[1],
        "stage": probe.stage,
        "ip_version": version_of(arm.target) or 4,
        "ttl": probe.ttl,
    }
    if arm.payload is None:
        heard: object = await ctx.tcp(arm.destination, ttl=probe.ttl, timeout_s=timeout_s)
        if not isinstance(heard, Failure | IcmpError):
            await heard.close()  # type: ignore[attr-defined]  # what is left of the union is a Stream
    else:
        heard, data["local_address"] = await _datagram(ctx, arm, probe.ttl, timeout_s)
    failure = _failure_of(heard)
    if isinstance(heard, IcmpError):
        data |= {"hop": heard.hop, "icmp_type": heard.icmp_type, "icmp_code": heard.icmp_code}
    ctx.emit(Observation(op="path.probe", target=arm.target, form=arm.shape, failure=failure, data=data))
    return failure is Failure.expired


def _failure_of(heard: object) -> Failure | None:
    if heard is None:
        return Failure.timeout
    if isinstance(heard, IcmpError):
        return heard.failure
    return heard if isinstance(heard, Failure) else None


async def _datagram(
    ctx: Context, arm: PathArm, ttl: int, timeout_s: float
) -> tuple[Packet | IcmpError | Failure | None, str]:
    """What came back, and the address that the packet left from: another one is another way out."""
    sock = await ctx.udp(arm.destination)
    if isinstance(sock, Failure):
        return sock, ""
    try:
        sent = sock.send(arm.payload() if arm.payload else b"", ttl=ttl)
        heard = sent if isinstance(sent, Failure) else await sock.receive(timeout_s=timeout_s)
        return heard, sock.local[0]
    finally:
        sock.close()
