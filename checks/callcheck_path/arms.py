"""What is sent along the path: a silent endpoint in several shapes, and places whose packets might share its fate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from callcheck.api import Context, Target
from callcheck.asking import site_of
from callcheck.codec import stun
from callcheck.codec.questions import FORMS

Random = Callable[[int], bytes]

# Far from every port that a call, a game or a resolver uses.
_OTHER_PORT = 40_321
_NEUTRAL_BYTES = 40
_CONTROLS = 3
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
    """Services and functions whose every endpoint has stayed silent in this run."""
    subjects = dict.fromkeys((target.service, str(target.function)) for target in ctx.targets(role="subject"))
    answered = {(target.service, str(target.function)) for target in ctx.answered(role="subject")}
    return tuple(pair for pair in subjects if pair not in answered)


def arms_for(ctx: Context, about: tuple[str, str]) -> tuple[PathArm, ...]:
    """The arms that tell where packets to one silent function stop; none where no control of its kind answered.

    The first arm is the call, the last ones are the controls.
    """
    endpoints = _of_different_sites(
        target
        for target in ctx.targets(role="subject", service=about[0])
        if target.function == about[1] and target.address
    )
    if not endpoints:
        return ()
    protocol = "tcp" if endpoints[0].transport == "tcp" else "stun"
    controls = _of_different_networks(ctx.answered(role="control", protocol=protocol))
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


def _of_different_networks(targets: Iterable[Target]) -> Sequence[Target]:
    by_network: dict[str, Target] = {}
    for target in targets:
        by_network.setdefault(target.network, target)
    return tuple(by_network.values())[:_CONTROLS]
