"""Web sites at home and abroad, the page that a portal would replace, and IPv6: one short visit each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import msgspec

from callcheck.api import Context, Failure, Fetched, Observation, Stream, Target
from callcheck.asking import connect

# The part of the time left that a name may take: what remains is enough for a lost SYN to be repeated.
_RESOLVE_PART = 0.55
# The second try at a site that has not answered by then: a lost SYN comes again only after a whole second.
_SECOND_TRY_S = 0.8
_LEAST_WAIT_S = 0.05
_PORTAL_PATH = "/generate_204"
# Longer pages are left alone: that it is a page is known, and a portal's pictures are not ours to load.
_PAGE_BYTES = 32_000
_NO_CONTENT = 204
_MOST_IPV6 = 3


@dataclass(frozen=True, slots=True)
class _Visit:
    """One try at a site: why it ended, what opening and the TLS handshake took, how long the last step was waited for.

    `failure` is None only after a handshake with a certificate that is valid for the site's name."""

    failure: Failure | None
    connect_ms: float | None = None
    handshake_ms: float | None = None
    waited_ms: float = 0.0

    @property
    def worth(self) -> tuple[bool, bool, bool]:
        said_something = self.failure in {Failure.tls_invalid, Failure.tls_failed}
        return (self.failure is None, said_something, self.connect_ms is not None)


async def visit_sites(ctx: Context, deadline_us: int) -> None:
    """One `link.web` (form `page`) for each web site of the catalogue, at home and abroad, all at once."""
    sites = [site for role in ("domestic", "control") for site in ctx.targets(protocol="https") if site.role == role]
    async with asyncio.TaskGroup() as group:
        for site in sites:
            group.create_task(_visit_site(ctx, site, deadline_us))


async def _visit_site(ctx: Context, site: Target, deadline_us: int) -> None:
    address = await _address(ctx, site, deadline_us)
    if isinstance(address, Failure):
        ctx.emit(Observation(op="link.web", target=site, form="page", failure=address))
        return
    there = msgspec.structs.replace(site, address=address)
    visits: list[_Visit] = []

    async def attempt(after_s: float) -> None:
        await ctx.sleep(after_s)
        if not any(visit.failure is None for visit in visits):
            visits.append(await _visit(ctx, there, deadline_us))

    async with asyncio.TaskGroup() as group:
        for after_s in (0.0, _SECOND_TRY_S):
            if _left_s(ctx, deadline_us) > after_s:
                group.create_task(attempt(after_s))
    best = max(visits, key=lambda visit: visit.worth, default=_Visit(Failure.timeout))
    # Patience is that of the try which was waited for longest at the same point.
    waited_ms = max((visit.waited_ms for visit in visits if visit.worth == best.worth), default=0.0)
    ctx.emit(_web_observation(site, replace(best, waited_ms=waited_ms), len(visits)))


async def _visit(ctx: Context, site: Target, deadline_us: int) -> _Visit:
    began_us = ctx.now_us()
    stream = await connect(ctx, site, timeout_s=_left_s(ctx, deadline_us))
    if isinstance(stream, Failure):
        return _Visit(stream, waited_ms=_since_ms(ctx, began_us))
    try:
        return await _shake_hands(ctx, stream, site, deadline_us)
    finally:
        await stream.close()


async def _shake_hands(ctx: Context, stream: Stream, site: Target, deadline_us: int) -> _Visit:
    began_us = ctx.now_us()
    failure = await stream.start_tls(site.host, timeout_s=_left_s(ctx, deadline_us))
    took_ms = _since_ms(ctx, began_us)
    if failure is None:
        return _Visit(None, stream.connect_ms, took_ms)
    return _Visit(failure, stream.connect_ms, waited_ms=took_ms)


def _web_observation(site: Target, visit: _Visit, tries: int) -> Observation:
    data: dict[str, object] = {"tries": tries}
    if visit.connect_ms is not None:
        data["connect_ms"] = round(visit.connect_ms, 1)
    if visit.handshake_ms is not None:
        data["handshake_ms"] = round(visit.handshake_ms, 1)
    else:
        data["waited_ms"] = round(visit.waited_ms, 1)
    return Observation(op="link.web", target=site, form="page", failure=visit.failure, data=data)


class _PageTooLongError(Exception):
    pass


async def look_for_portal(ctx: Context, deadline_us: int) -> None:
    """One `link.portal` (form `empty`) for each page that is known to be empty: data `status`, `body_bytes`, and
    `elsewhere`, which says whether a redirect leads to another host (the address itself is not kept)."""
    for page in ctx.targets(protocol="portal"):
        ctx.emit(await _ask_for_empty_page(ctx, page, deadline_us))


async def _ask_for_empty_page(ctx: Context, page: Target, deadline_us: int) -> Observation:
    so_far_bytes = 0

    def count(piece_bytes: int) -> None:
        nonlocal so_far_bytes
        so_far_bytes += piece_bytes
        if so_far_bytes > _PAGE_BYTES:
            raise _PageTooLongError

    address = await _address(ctx, page, deadline_us)
    if isinstance(address, Failure):
        return Observation(op="link.portal", target=page, form="empty", failure=address)
    there = msgspec.structs.replace(page, address=address)
    try:
        fetched = await ctx.fetch(there, _PORTAL_PATH, timeout_s=_left_s(ctx, deadline_us), on_bytes=count)
    except _PageTooLongError:
        fetched = Failure.malformed
    if isinstance(fetched, Failure):
        return Observation(op="link.portal", target=page, form="empty", failure=fetched)
    return _portal_observation(page, fetched)


def _portal_observation(page: Target, fetched: Fetched) -> Observation:
    data: dict[str, object] = {"status": fetched.status, "body_bytes": fetched.size_bytes}
    if location := fetched.headers.get("location"):
        data["elsewhere"] = _leads_elsewhere(location, page.host)
    as_known = fetched.status == _NO_CONTENT and not fetched.size_bytes
    return Observation(
        op="link.portal", target=page, form="empty", failure=None if as_known else Failure.not_ours, data=data
    )


def _leads_elsewhere(location: str, host: str) -> bool:
    """Whether a Location (RFC 9110 section 10.2.2) names another host than the one that was asked."""
    try:
        named = urlsplit(location).hostname
    except ValueError:
        return False
    return bool(named) and named != host.lower()


async def try_ipv6(ctx: Context, deadline_us: int) -> None:
    """One `link.ipv6` (form `connect`) for each of at most three neutral hosts: a connection by IPv6 and, to tell a
    dead host from a dead protocol, one by IPv4 beside it. Data `connect_ms` or `waited_ms`, `ipv4_connect_ms`."""
    by_host = {
        target.host: target
        for protocol in ("stun_tcp", "https")
        for target in ctx.targets(role="control", protocol=protocol)
        if target.host and target.transport == "tcp"
    }
    found: list[tuple[Target, str]] = []
    for host, looked_up in zip(by_host, await _look_up_ipv6(ctx, list(by_host), deadline_us), strict=True):
        if not isinstance(looked_up, Failure) and looked_up:
            found.append((by_host[host], looked_up[0]))
    found.sort(key=lambda pair: pair[0].protocol)  # web sites first: they are asked by IPv4 anyway
    async with asyncio.TaskGroup() as group:
        for target, address in found[:_MOST_IPV6]:
            group.create_task(_connect_both_ways(ctx, target, address, deadline_us))


async def _look_up_ipv6(ctx: Context, hosts: Sequence[str], deadline_us: int) -> list[Sequence[str] | Failure]:
    return await asyncio.gather(*(_names(ctx, host, deadline_us, ipv6=True) for host in hosts))


async def _connect_both_ways(ctx: Context, target: Target, address: str, deadline_us: int) -> None:
    began_us = ctx.now_us()
    ipv6, ipv4 = await asyncio.gather(
        _connect(ctx, msgspec.structs.replace(target, address=address), deadline_us),
        _connect_by_ipv4(ctx, target, deadline_us),
    )
    data: dict[str, object] = {}
    if not isinstance(ipv6, Failure):
        data["connect_ms"] = round(ipv6, 1)
    elif ipv6 is Failure.timeout:
        data["waited_ms"] = round(_since_ms(ctx, began_us), 1)
    if not isinstance(ipv4, Failure):
        data["ipv4_connect_ms"] = round(ipv4, 1)
    # A target of its own protocol: that it answers this way shall not count as an answer to another check's form.
    asked = msgspec.structs.replace(target, protocol="ipv6", answers={})
    failure = ipv6 if isinstance(ipv6, Failure) else None
    ctx.emit(Observation(op="link.ipv6", target=asked, form="connect", failure=failure, data=data))


async def _connect_by_ipv4(ctx: Context, target: Target, deadline_us: int) -> float | Failure:
    address = await _address(ctx, target, deadline_us)
    if isinstance(address, Failure):
        return address
    return await _connect(ctx, msgspec.structs.replace(target, address=address), deadline_us)


async def _connect(ctx: Context, target: Target, deadline_us: int) -> float | Failure:
    """How many milliseconds opening took; the connection is closed at once."""
    stream = await connect(ctx, target, timeout_s=_left_s(ctx, deadline_us))
    if isinstance(stream, Failure):
        return stream
    await stream.close()
    return stream.connect_ms


async def _address(ctx: Context, target: Target, deadline_us: int) -> str | Failure:
    if target.address:
        return target.address
    found = await _names(ctx, target.host, deadline_us)
    if isinstance(found, Failure):
        return found
    return found[0] if found else Failure.name_empty


async def _names(ctx: Context, host: str, deadline_us: int, *, ipv6: bool = False) -> Sequence[str] | Failure:
    """As the context resolves, but no longer than there is time for: a dead resolver takes three seconds."""
    try:
        async with asyncio.timeout(_RESOLVE_PART * _left_s(ctx, deadline_us)):
            return await ctx.resolve(host, ipv6=ipv6)
    except TimeoutError:
        return Failure.resolver_timeout


def _left_s(ctx: Context, deadline_us: int) -> float:
    return max((deadline_us - ctx.now_us()) / 1e6, _LEAST_WAIT_S)


def _since_ms(ctx: Context, began_us: int) -> float:
    return (ctx.now_us() - began_us) / 1000
