"""What is sent along the path: a silent endpoint in several shapes, and places whose packets might share its fate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from callcheck.api import Context, Failure, Target
from callcheck.asking import site_of
from callcheck.codec import stun
from callcheck.codec.questions import FORMS

Random = Callable[[int], bytes]

# What a service has beside its chat and its calls: these pages and this protocol live where text is dead.
_BESIDE = frozenset({"media", "quic"})

# Far from every port that a call, a game or a resolver uses.
_OTHER_PORT = 40_321
_NEUTRAL_BYTES = 40
_CONTROLS = 3
_LOOKUP_S = 0.4
_ENDPOINTS = 2


@dataclass(frozen=True, slots=True)
class PathArm:
    """One shape to one place. `about` is the silent service and function it belongs to; the observation names
    `target` as it stands in the catalogue, while probes go to `destination`.

    Shapes: `call` (what a call begins with), `neutral` (no protocol's bytes, same address and port), `other_port`
    (the same address, another port), `call_port` (a control's address, the call's port), `control`
    (a control as it is normally asked)."""

    about: tuple[str, str]
    shape: str
    target: Target
    destination: Target
    payload: Callable[[], bytes] | None  # None: a TCP SYN, which has none


def silent_functions(ctx: Context) -> tuple[tuple[str, str], ...]:
    """Services and functions whose every endpoint has stayed silent in this run; a web page is no chat."""
    subjects = dict.fromkeys(
        (target.service, str(target.function))
        for target in ctx.targets(role="subject")
        if target.protocol not in _BESIDE
    )
    answered = {
        (target.service, str(target.function))
        for target in ctx.answered(role="subject")
        if target.protocol not in _BESIDE
    }
    return tuple(pair for pair in subjects if pair not in answered)


async def arms_for(ctx: Context, about: tuple[str, str], version: int) -> tuple[PathArm, ...]:
    """The arms that tell where packets to one silent function stop, all of one IP version; none where no control of
    its kind answered.

    The first arm is the call, the last ones are the controls.
    """
    endpoints = _of_different_sites(
        target
        for target in ctx.targets(role="subject", service=about[0])
        if target.function == about[1] and version_of(target) == version
    )
    if not endpoints:
        return ()
    protocol = "tcp" if endpoints[0].transport == "tcp" else "stun"
    controls = await controls_of(ctx, protocol, version)
    if not controls:
        return ()
    if protocol == "tcp":
        return tuple(PathArm(about, shape, one, one, None) for shape, one in _shaped(endpoints, controls))
    return tuple(_datagram_arms(ctx, about, endpoints, controls))


def _shaped(endpoints: Sequence[Target], controls: Sequence[Target]) -> Iterator[tuple[str, Target]]:
    yield from (("call", endpoint) for endpoint in endpoints)
    yield from (("control", control) for control in controls)


def _datagram_arms(
    ctx: Context, about: tuple[str, str], endpoints: Sequence[Target], controls: Sequence[Target]
) -> Iterator[PathArm]:
    random, first = ctx.random_bytes, endpoints[0]
    form = next(iter(FORMS.get(first.protocol, {}).values()), None)
    if form is None:
        return

    def call() -> bytes:
        return form(random).payload

    def neutral() -> bytes:
        """Random bytes that resemble no protocol asked for here: not STUN, not DTLS, no run of 0xff."""
        return b"\xc5" + random(_NEUTRAL_BYTES - 1)

    yield from (PathArm(about, "call", endpoint, endpoint, call) for endpoint in endpoints)
    yield PathArm(about, "neutral", first, first, neutral)
    yield PathArm(about, "other_port", first, _at_port(first, _OTHER_PORT), neutral)
    yield PathArm(about, "call_port", controls[0], _at_port(controls[0], first.port), neutral)
    yield from (
        PathArm(about, "control", control, control, lambda: stun.binding_request(random(12))) for control in controls
    )


def _at_port(target: Target, port: int) -> Target:
    return msgspec.structs.replace(target, port=port)


def _of_different_sites(targets: Iterable[Target]) -> Sequence[Target]:
    by_site: dict[str, Target] = {}
    for target in targets:
        by_site.setdefault(site_of(target), target)
    return tuple(by_site.values())[:_ENDPOINTS]


def version_of(target: Target) -> int:
    """4 or 6, of the target's address; 0 where it is known by name only."""
    if not target.address:
        return 0
    return 6 if ":" in target.address else 4


async def controls_of(ctx: Context, protocol: str, version: int) -> tuple[Target, ...]:
    """Up to three controls of different networks that answered, with an address of this IP version.

    A control that answered by IPv4 serves for IPv6 too, at its name's address: its packets expire on the way.
    """
    by_network: dict[str, Target] = {}
    answered = ctx.answered(role="control", protocol=protocol)
    for target in sorted(answered, key=lambda one: version_of(one) != version):
        if len(by_network) < _CONTROLS and target.network not in by_network:
            placed = await _placed(ctx, target, version)
            if placed is not None:
                by_network[target.network] = placed
    return tuple(by_network.values())


async def _placed(ctx: Context, target: Target, version: int) -> Target | None:
    if version_of(target) == version or (version == 4 and not target.address):
        return target
    if not target.host or version == 4:
        return None
    try:
        async with asyncio.timeout(_LOOKUP_S):
            found = await ctx.resolve(target.host, ipv6=True)
    except TimeoutError:
        return None
    if isinstance(found, Failure) or not found:
        return None
    return msgspec.structs.replace(target, address=found[0])
