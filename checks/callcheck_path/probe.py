"""Sends each arm's packets with growing TTL and notes which hop lets them expire."""

from __future__ import annotations

import asyncio

from callcheck.api import Context, IcmpError, Observation, Packet
from callcheck.words import Failure
from callcheck_path.arms import PathArm, arms_for, silent_functions

_ROUND_S = 0.8
_STAGGER_S = 0.3


async def measure(ctx: Context, *, rounds: int, max_ttl: int, timeout_s: float) -> None:
    """Every probe on a 5-tuple of its own, in random order, never followed by one of full TTL on the same 5-tuple.

    Rounds are spread, since routers that count their ICMP errors refill about one a second.
    """
    arms = [arm for about in silent_functions(ctx) for arm in arms_for(ctx, about)]
    probes = [
        (arm, ttl, turn * _ROUND_S)
        for turn in range(rounds)
        for arm in arms
        for ttl in range(1, max_ttl + 1)
        # A SYN holds its connection attempt open for the whole time limit: one round of them is enough.
        if turn == 0 or arm.payload is not None
    ]
    phases = ctx.random_bytes(len(probes))
    await asyncio.gather(
        *(
            _probe(ctx, arm, ttl, start_s + phase / 255 * _STAGGER_S, timeout_s)
            for (arm, ttl, start_s), phase in zip(probes, phases, strict=True)
        )
    )


async def _probe(ctx: Context, arm: PathArm, ttl: int, start_s: float, timeout_s: float) -> None:
    await ctx.sleep(start_s)
    heard = await (_datagram(ctx, arm, ttl, timeout_s) if arm.payload else _syn(ctx, arm, ttl, timeout_s))
    data: dict[str, object] = {"about_service": arm.about[0], "about_function": arm.about[1], "ttl": ttl}
    failure: Failure | None = Failure.timeout
    if isinstance(heard, IcmpError):
        failure = heard.failure
        data |= {"hop": heard.hop, "icmp_type": heard.icmp_type, "icmp_code": heard.icmp_code}
    elif isinstance(heard, Failure):
        failure = heard
    elif heard is not None:
        failure = None
    ctx.emit(Observation(op="path.probe", target=arm.target, form=arm.shape, failure=failure, data=data))


async def _datagram(ctx: Context, arm: PathArm, ttl: int, timeout_s: float) -> Packet | IcmpError | Failure | None:
    sock = await ctx.udp(arm.destination)
    if isinstance(sock, Failure):
        return sock
    try:
        sent = sock.send(arm.payload() if arm.payload else b"", ttl=ttl)
        return sent if isinstance(sent, Failure) else await sock.receive(timeout_s=timeout_s)
    finally:
        sock.close()


async def _syn(ctx: Context, arm: PathArm, ttl: int, timeout_s: float) -> Packet | IcmpError | Failure | None:
    opened = await ctx.tcp(arm.destination, ttl=ttl, timeout_s=timeout_s)
    if isinstance(opened, Failure | IcmpError):
        return opened
    await opened.close()
    return Packet(b"", ctx.now_us(), kernel_stamped=False)
