"""Telegram's own list of its call relays, read strictly: lines of address and port, inside Telegram's networks."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence

import msgspec

from callcheck.api import Context, Failure, Fetched, Observation, Target

PATH = "/getReflectorList"
SOURCE = "list of today"
_MOST_LINES = 500
_MOST_BYTES = 64_000

# core.telegram.org/resources/cidr.txt, as in facts 3.1: a list that leads elsewhere is not believed.
_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "91.108.56.0/22",
        "91.108.4.0/22",
        "91.108.8.0/22",
        "91.108.16.0/22",
        "91.108.12.0/22",
        "149.154.160.0/20",
        "91.105.192.0/23",
        "91.108.20.0/22",
        "185.76.151.0/24",
        "2001:b28:f23d::/48",
        "2001:b28:f23f::/48",
        "2001:67c:4e8::/48",
        "2001:b28:f23c::/48",
        "2a0a:f280::/32",
    )
)


def parse(body: bytes) -> tuple[tuple[str, int], ...]:
    """Addresses and ports of the list, without duplicates; lines that are none, or lie elsewhere, are left out."""
    lines = body[:_MOST_BYTES].decode("ascii", errors="replace").splitlines()[:_MOST_LINES]
    return tuple(dict.fromkeys(place for line in lines if (place := _place(line.strip())) is not None))


def _place(line: str) -> tuple[str, int] | None:
    host, _, port = line.rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        return None
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    inside = any(address.version == network.version and address in network for network in _NETWORKS)
    return (str(address), int(port)) if inside else None


async def fetch_list(ctx: Context, relays: Sequence[Target], *, timeout_s: float) -> tuple[tuple[str, int], ...]:
    """Ask Telegram's site for the list, say how much of the catalogue's still stands there, and give it back.

    Data: `listed`, `catalogued`, `known` (catalogue endpoints that are listed), `age_days` of the catalogue, `took_ms`.
    The observation names no function: that a web site answers says nothing about messages or calls.
    """
    site = next(iter(ctx.targets(service="telegram", protocol="media")), None)
    if site is None:
        return ()
    fetched = await ctx.fetch(site, PATH, timeout_s=timeout_s)
    listed = parse(fetched.body) if isinstance(fetched, Fetched) and fetched.status == 200 else ()
    data: dict[str, object] = {"catalogued": len(relays), **_age(relays)}
    failure: Failure | None = None
    if isinstance(fetched, Failure):
        failure = fetched
    elif fetched.status != 200:
        failure = Failure.error_answer
    elif not listed:
        failure = Failure.malformed
    else:
        known = [relay for relay in relays if (relay.address, relay.port) in set(listed)]
        data |= {"listed": len(listed), "known": len(known), "took_ms": round(fetched.took_ms, 1)}
    asked = msgspec.structs.replace(site, function="")
    ctx.emit(Observation(op="relay.list", target=asked, form="relay_list", failure=failure, data=data))
    return listed


def unknown_relays(listed: Sequence[tuple[str, int]], relays: Sequence[Target], *, ipv6: bool) -> tuple[Target, ...]:
    """Listed endpoints that the catalogue does not have, as targets of the same kind."""
    if not relays:
        return ()
    known = {(relay.address, relay.port) for relay in relays}
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return tuple(
        msgspec.structs.replace(relays[0], host="", address=address, port=port, source=SOURCE, as_of=today)
        for address, port in listed
        if (address, port) not in known and (ipv6 or ":" not in address)
    )


def _age(relays: Sequence[Target]) -> dict[str, object]:
    """Days since the youngest entry was noted down; nothing where no entry has a date, or one of the future."""
    try:
        noted = max(dt.date.fromisoformat(relay.as_of) for relay in relays)
    except ValueError:
        return {}
    days = (dt.datetime.now(dt.UTC).date() - noted).days
    return {"age_days": days} if days >= 0 else {}
