"""What is sent along the path: which endpoint of which silent service, in which shapes, beside which controls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from callcheck.api import Context, Target
from callcheck.codec import stun
from callcheck.codec.questions import FORMS

Random = Callable[[int], bytes]

# Far from every port that a call, a game or a resolver uses.
_OTHER_PORT = 40_321
_NEUTRAL_BYTES = 40
_CONTROLS = 2


@dataclass(frozen=True, slots=True)
class PathArm:
    """One shape to one target. `about` is the silent service and function that the arm belongs to; the observation
    names `target` as it stands in the catalogue, while probes go to `destination`."""

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


def arms_for(ctx: Context, about: tuple[str, str]) -> Iterator[PathArm]:
    """The arms that tell where packets to one silent function stop; none where no control of its kind answered."""
    service, function = about
    endpoint = next(
        (
            target
            for target in ctx.targets(role="subject", service=service)
            if target.function == function and target.address
        ),
        None,
    )
    if endpoint is None:
        return
    if endpoint.transport == "tcp":
        controls = _some(ctx.answered(role="control", protocol="tcp"))
        if controls:
            yield PathArm(about, "call", endpoint, endpoint, None)
            yield from (PathArm(about, "control", control, control, None) for control in controls)
        return
    controls = _some(ctx.answered(role="control", protocol="stun"))
    if controls:
        yield from _datagram_arms(ctx.random_bytes, about, endpoint)
        yield from (
            PathArm(about, "control", control, control, lambda: stun.binding_request(ctx.random_bytes(12)))
            for control in controls
        )


def _datagram_arms(random: Random, about: tuple[str, str], endpoint: Target) -> Iterator[PathArm]:
    """Call-shaped and neutral packets to the same place, and neutral ones to another port beside it."""
    forms = FORMS.get(endpoint.protocol, {})
    if not forms:
        return
    form = next(iter(forms.values()))
    elsewhere = msgspec.structs.replace(endpoint, port=_OTHER_PORT)
    yield PathArm(about, "call", endpoint, endpoint, lambda: form(random).payload)
    yield PathArm(about, "neutral", endpoint, endpoint, lambda: _neutral(random))
    yield PathArm(about, "other_port", endpoint, elsewhere, lambda: _neutral(random))


def _neutral(random: Random) -> bytes:
    """Random bytes that resemble no protocol asked for here: not STUN, not DTLS, no run of 0xff."""
    return b"\xc5" + random(_NEUTRAL_BYTES - 1)


def _some(answered: Sequence[Target]) -> Sequence[Target]:
    """A few controls, of different networks."""
    by_network = {target.network: target for target in reversed(answered)}
    return tuple(by_network.values())[-_CONTROLS:]
