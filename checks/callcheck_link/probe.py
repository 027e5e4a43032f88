"""Asks the system for the way out, the router whether it is there, and a few web sites whether they are."""

from __future__ import annotations

import asyncio

from callcheck.api import Context, Failure, LinkState, Observation
from callcheck_link.echo import Pace, ask_gateway
from callcheck_link.system import emit_route, look_at_device, look_at_ways_to_calls
from callcheck_link.web import look_for_portal, try_ipv6, visit_sites


async def measure(ctx: Context, pace: Pace, *, web_s: float) -> None:
    """Everything side by side; nothing is sent where there is no way out. Web sites are given `web_s` seconds."""
    state = await ctx.link()
    emit_route(ctx, state)
    async with asyncio.TaskGroup() as group:
        group.create_task(look_at_device(ctx))
        if state.default_route is False:
            return
        deadline_us = ctx.now_us() + round(web_s * 1e6)
        group.create_task(visit_sites(ctx, deadline_us))
        group.create_task(look_for_portal(ctx, deadline_us))
        if state.ipv6:
            group.create_task(try_ipv6(ctx, deadline_us))
        group.create_task(look_at_ways_to_calls(ctx, state))
        group.create_task(_ask_router(ctx, state, pace))


async def _ask_router(ctx: Context, state: LinkState, pace: Pace) -> None:
    if state.gateway:
        await ask_gateway(ctx, state.gateway, pace)
    else:
        ctx.emit(Observation(op="link.ping", failure=Failure.unsupported))
