"""Climbs the ladder at each QUIC server: Version Negotiation, a hello with one name and with another, the handshake."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from callcheck.api import Context, Depth, Failure, Observation, Target
from callcheck.asking import ask
from callcheck.codec import quic

Sni = Literal["neutral", "service"]

# Each name is shown so often, on a source port of its own each time.
_HELLOS = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """Together no more than the check's own limit: a name's look-up, the last question's start, and its wait."""

    limit_s: float
    spacing_s: float
    lookup_s: float
    versions: int


# With hellos repeated after half a second, a server that says nothing sees ten packets in a second at most.
_QUICK = Pace(limit_s=1.5, spacing_s=0.15, lookup_s=0.8, versions=1)
_PACES: dict[Depth, Pace] = {"quick": _QUICK}
_THOROUGH = Pace(limit_s=2.5, spacing_s=0.2, lookup_s=1.5, versions=2)


@dataclass(frozen=True, slots=True)
class Question:
    """One rung at one server; `name` is empty for Version Negotiation."""

    name: str
    sni: Sni | None
    about_service: str
    number: int


class Shake(Protocol):
    """How `handshake.shake_hands` is called."""

    async def __call__(
        self, ctx: Context, target: Target, name: str, *, limit_s: float, to_the_end: bool
    ) -> Shaken: ...


class Shaken(Protocol):
    """What of `handshake.Shaken` is written down."""

    failure: Failure | None
    rtt_ms: float | None
    initials: int
    retried: bool
    handshake: bool
    error_code: int | None


async def measure(ctx: Context, *, neutral_name: str) -> None:
    """All servers side by side; one `quic.version` or `quic.hello` a question."""
    pace = _PACES.get(ctx.depth, _THOROUGH)
    servers = [target for target in ctx.targets(protocol="quic") if target.transport == "udp"]
    try:
        from callcheck_quic.handshake import shake_hands  # noqa: PLC0415 - slow to import, and missing on some systems
    except ImportError:
        shake: Shake | None = None
        ctx.emit(Observation(op="quic.hello", form="initial", failure=Failure.unsupported))
    else:
        shake = shake_hands
    link = await ctx.link()
    by_ipv6 = [target for target in servers if target.role == "control" and target.host][:1] if link.ipv6 else []
    await asyncio.gather(
        *(_climb(ctx, target, questions(target, servers, neutral_name, pace), shake, pace) for target in servers),
        *(_climb_by_ipv6(ctx, target, shake, pace) for target in by_ipv6),
    )


def questions(target: Target, servers: Sequence[Target], neutral_name: str, pace: Pace) -> list[Question]:
    """The rungs at one server. A stranger's name stands for the neutral one at a messenger's; elsewhere the server's
    own does, and the messenger's is the stranger."""
    rungs = [Question("", None, "", number) for number in range(1, pace.versions + 1)]
    names: list[tuple[str, Sni, str]]
    if target.service:
        names = [(neutral_name, "neutral", target.service)]
        names += [(target.host, "service", target.service)] if target.host else []
    else:
        names = [(target.host or neutral_name, "neutral", "")]
        if target.role == "control":
            hosts = {other.service: other.host for other in servers if other.service and other.host}
            names += [(host, "service", service) for service, host in sorted(hosts.items())]
    hellos = 2 if target.role == "domestic" else _HELLOS
    rungs += [Question(name, sni, about, number) for number in range(1, hellos + 1) for name, sni, about in names]
    return rungs


async def _climb(ctx: Context, target: Target, rungs: list[Question], shake: Shake | None, pace: Pace) -> None:
    found = await _address(ctx, target, pace)
    if isinstance(found, Failure):
        ctx.emit(Observation(op="quic.version", target=target, form="version", failure=found))
        return
    await _ask_all(ctx, target, rungs, shake, pace)


async def _climb_by_ipv6(ctx: Context, target: Target, shake: Shake | None, pace: Pace) -> None:
    """One control by IPv6 too; a name without such an address says nothing."""
    found = await _address(ctx, target, pace, ipv6=True)
    if not isinstance(found, Failure):
        rungs = [Question("", None, "", 1), Question(target.host, "neutral", "", 1)]
        await _ask_all(ctx, msgspec.structs.replace(target, address=found), rungs, shake, pace)


async def _address(ctx: Context, target: Target, pace: Pace, *, ipv6: bool = False) -> str | Failure:
    """Looked up beforehand, so that a slow resolver does not eat the time of the questions."""
    if target.address and not ipv6:
        return target.address
    try:
        async with asyncio.timeout(pace.lookup_s):
            found = await ctx.resolve(target.host, ipv6=ipv6)
    except TimeoutError:
        return Failure.resolver_timeout
    if isinstance(found, Failure):
        return found
    return found[0] if found else Failure.name_empty


async def _ask_all(ctx: Context, target: Target, rungs: list[Question], shake: Shake | None, pace: Pace) -> None:
    """In random order but for the first rung, each question on a source port of its own."""
    order = ctx.random_bytes(len(rungs))
    ordered = [rungs[0], *(rungs[place] for place in sorted(range(1, len(rungs)), key=lambda place: order[place]))]
    phase_s = ctx.random_bytes(1)[0] / 255 * pace.spacing_s
    await asyncio.gather(
        *(
            _ask(ctx, target, rung, shake, start_s=phase_s + turn * pace.spacing_s, limit_s=pace.limit_s)
            for turn, rung in enumerate(ordered)
            if rung.sni is None or shake is not None
        )
    )


async def _ask(
    ctx: Context, target: Target, rung: Question, shake: Shake | None, *, start_s: float, limit_s: float
) -> None:
    await ctx.sleep(start_s)
    if rung.sni is None or shake is None:
        await _ask_versions(ctx, target, rung, limit_s)
    else:
        # One handshake for each name goes to its end; for the rest any answer will do.
        shaken = await shake(ctx, target, rung.name, limit_s=limit_s, to_the_end=rung.number == 1)
        ctx.emit(_hello(target, rung, shaken))


async def _ask_versions(ctx: Context, target: Target, rung: Question, limit_s: float) -> None:
    size = quic.CONNECTION_ID_BYTES
    probe = quic.version_probe(ctx.random_bytes(size), ctx.random_bytes(size))
    answer = await ask(ctx, target, probe, lambda heard: quic.answers_probe(heard, probe), timeout_s=limit_s)
    data: dict[str, object] = {"try": rung.number, "ipv6": ":" in target.address}
    if answer.value is not None:
        data |= {"rtt_ms": answer.rtt_ms, "versions_count": len(answer.value.versions)}
        data["version_1"] = quic.VERSION_1 in answer.value.versions
    ctx.emit(Observation(op="quic.version", target=target, form="version", failure=answer.failure, data=data))


def _hello(target: Target, rung: Question, shaken: Shaken) -> Observation:
    data: dict[str, object] = {
        "sni": rung.sni,
        "about_service": rung.about_service,
        "try": rung.number,
        "ipv6": ":" in target.address,
        "initials": shaken.initials,
        "retried": shaken.retried,
        "handshake": shaken.handshake,
    }
    if shaken.rtt_ms is not None:
        data["rtt_ms"] = shaken.rtt_ms
    if shaken.error_code is not None:
        data["error_code"] = shaken.error_code
    return Observation(op="quic.hello", target=target, form="initial", failure=shaken.failure, data=data)
