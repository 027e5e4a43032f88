"""What the system itself tells, without a packet: the way out, the device, the way to each service's calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from callcheck.api import Context, DeviceState, Failure, LinkState, Observation, Route

_ROUTE_PARTS = ("default_route", "tunnel", "wireless", "ipv6")
_DEVICE_PARTS = ("container", "filters", "proxy", "load_ratio")


def emit_route(ctx: Context, state: LinkState) -> None:
    """One `link.route`, and one more with `Failure.unsupported` for each part that this platform does not tell."""
    told = {part: getattr(state, part) for part in _ROUTE_PARTS}
    failure = Failure.network_unreachable if state.default_route is False else None
    data = {**_known(told), "resolvers_count": len(state.resolvers)}
    ctx.emit(Observation(op="link.route", failure=failure, data=data))
    _emit_untold(ctx, "link.route", told)


async def look_at_device(ctx: Context) -> None:
    """One `link.device`, likewise. Programs are counted as there or not there, never named."""
    state: DeviceState = await ctx.device()
    told = {part: getattr(state, part) for part in _DEVICE_PARTS}
    if known := _known(told):
        ctx.emit(Observation(op="link.device", data=known))
    _emit_untold(ctx, "link.device", told)


async def look_at_ways_to_calls(ctx: Context, state: LinkState) -> None:
    """One `link.target_route` for each service whose call endpoints have addresses: how many of them the system would
    reach by a tunnel (`tunnelled`), and by another interface than the default route's (`elsewhere`)."""
    addresses: dict[str, set[str]] = defaultdict(set)
    for target in ctx.targets(role="subject", function="calls"):
        if target.address:
            addresses[target.service].add(target.address)
    for service, of_service in sorted(addresses.items()):
        routes = [await ctx.route(address) for address in sorted(of_service)]
        # No target: the journal would take one without a failure for an endpoint that answered.
        ctx.emit(Observation(op="link.target_route", data={"service": service, **_counts(routes, state)}))


def _counts(routes: list[Route | Failure], state: LinkState) -> dict[str, object]:
    told = [route for route in routes if isinstance(route, Route) and route.tunnel is not None]
    counts: dict[str, object] = {
        "endpoints": len(told),
        "untold": len(routes) - len(told),
        "tunnelled": sum(bool(route.tunnel) for route in told),
        "elsewhere": sum(
            bool(route.interface and state.interface) and route.interface != state.interface for route in told
        ),
    }
    return counts if state.tunnel is None else {**counts, "default_tunnel": state.tunnel}


def _known(told: Mapping[str, object]) -> dict[str, object]:
    return {part: value for part, value in told.items() if value is not None}


def _emit_untold(ctx: Context, op: str, told: Mapping[str, object]) -> None:
    for part, value in told.items():
        if value is None:
            ctx.emit(Observation(op=op, form=part, failure=Failure.unsupported))
