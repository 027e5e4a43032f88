"""Follows flows to hosts that stand at foreign hosters: the hosts side by side, one host's flows one after another."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from callcheck.api import Context, Target
from callcheck_hoster.tcp import follow_tcp
from callcheck_hoster.udp import follow_udp


async def measure(ctx: Context, *, questions: int, tcp_questions: int) -> None:
    """One `hoster.flow` for each target: over UDP for protocol `hoster`, over TCP for `hoster_tcp`."""
    by_host: dict[str, list[Target]] = defaultdict(list)
    for protocol in ("hoster", "hoster_tcp"):
        for target in ctx.targets(protocol=protocol):
            by_host[target.host or target.address].append(target)

    async def follow(targets: list[Target]) -> None:
        for target in targets:
            if target.transport == "udp":
                await follow_udp(ctx, target, questions)
            else:
                await follow_tcp(ctx, target, tcp_questions)

    async with asyncio.TaskGroup() as group:
        for targets in by_host.values():
            group.create_task(follow(targets))
