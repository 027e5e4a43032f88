"""Asks the system's resolver, each one it is made of, and others for the same names at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from callcheck.api import Context, Failure, Observation, Target
from callcheck_dns.answers import is_bogon
from callcheck_dns.names import Name, names_of
from callcheck_dns.plain import Asking, ask_plain
from callcheck_dns.trusted import ask_trusted

if TYPE_CHECKING:
    from callcheck_dns.question import Question

_SYSTEM_TIMEOUT_S = 2.5
# Questions to one resolver are this far apart: 20 a second, below the 25 that politeness allows.
_SPACING_S = 0.05
# As many as a resolv.conf may name (resolv.conf(5), MAXNS).
_MOST_CONFIGURED = 3
_DNS_PORT = 53


async def measure(ctx: Context, *, control_names: Sequence[str], timeout_s: float, tries: int) -> None:
    """One `dns.system` a name; one `dns.server` or `dns.configured` a name, resolver and try, with what else came to
    the same question in `dns.again`; `dns.dot` and `dns.doh`; `dns.nowhere` for the address that runs no DNS."""
    from callcheck_dns.question import Question  # noqa: PLC0415 - dnspython is slow to import

    names = names_of(ctx, control_names)
    servers = [target for target in ctx.targets(protocol="dns") if target.address and target.transport == "udp"]
    configured = await _configured(ctx, {server.address for server in servers})

    def question(name: str) -> Question:
        return Question(name, int.from_bytes(ctx.random_bytes(2), "big"))

    places = [*(("dns.server", server) for server in servers), *(("dns.configured", own) for own in configured)]
    await asyncio.gather(
        *(_ask_system(ctx, name) for name in names),
        *(
            ask_plain(ctx, target, name, question, Asking(op, turn * _SPACING_S, timeout_s, tries))
            for op, target in places
            for turn, name in enumerate(names)
        ),
        ask_trusted(ctx, names, question, timeout_s=timeout_s),
        _ask_nowhere(ctx, names[-1:], question, timeout_s),
    )


async def _configured(ctx: Context, known: set[str]) -> list[Target]:
    """The system's resolvers that the catalogue does not hold. Where the system names none that is written down."""
    addresses = (await ctx.link()).resolvers[:_MOST_CONFIGURED]
    if not addresses:
        ctx.emit(Observation(op="dns.configured", form="query", failure=Failure.unsupported))
    others = [address for address in dict.fromkeys(addresses) if address not in known]
    return [Target(role="gateway", address=address, port=_DNS_PORT, protocol="dns") for address in others]


async def _ask_system(ctx: Context, name: Name) -> None:
    started_us = ctx.now_us()
    found = await _addresses(ctx, name.name, _SYSTEM_TIMEOUT_S)
    addresses = [] if isinstance(found, Failure) else list(found)
    failure = found if isinstance(found, Failure) else None if addresses else Failure.name_empty
    data: dict[str, object] = {
        "name": name.name,
        "service": name.service,
        "needed": name.needed,
        "took_ms": round((ctx.now_us() - started_us) / 1000, 3),
        "addresses_count": len(addresses),
        "addresses": addresses,
    }
    if name.known:
        data["known_addresses"] = list(name.known)
    ctx.emit(Observation(op="dns.system", form="a", failure=failure, data=data))


async def _ask_nowhere(
    ctx: Context, names: Sequence[Name], question: Callable[[str], Question], timeout_s: float
) -> None:
    """A web site's address runs no DNS: whoever answers a question sent there is somebody else."""
    site = next(iter(ctx.targets(role="control", protocol="https")), None)
    if site is None or not names:
        return
    found = [site.address] if site.address else await _addresses(ctx, site.host, timeout_s)
    # An address of nobody was put there by the resolver itself, and who put it may run DNS there.
    if isinstance(found, Failure) or not found or is_bogon(found[0]):
        return
    place = msgspec.structs.replace(
        site, role="gateway", address=found[0], port=_DNS_PORT, transport="udp", protocol="dns", answers={}
    )
    await ask_plain(ctx, place, names[0], question, Asking("dns.nowhere", 0.0, timeout_s, 1))


async def _addresses(ctx: Context, host: str, timeout_s: float) -> Sequence[str] | Failure:
    try:
        async with asyncio.timeout(timeout_s):
            return await ctx.resolve(host)
    except TimeoutError:
        return Failure.resolver_timeout
