"""Who takes part in the flows: call endpoints that answered, and neutral hosts that can be asked in the same way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from callcheck.api import Context, Failure, FlowCodec, Target
from callcheck.asking import ask
from callcheck_stream.arms import AllocateQuestions, EchoQuestions, ReflectorLoop, StunQuestions, TurnLoop
from callcheck_stream.arms.reflector import HELLO_EVERY_S
from callcheck_stream.params import TurnAccess
from callcheck_stream.plan import GENTLE_PACKETS_PER_PORT, Endpoint, Pace

_KEY_BYTES: Final = 16
_CONTROLS: Final = 4
_FORM_TIMEOUT_S: Final = 0.6


@dataclass(frozen=True, slots=True)
class _Kind:
    """How endpoints of one protocol take part: at most so many of a service, at this pace."""

    most: int
    pace: Pace


# In the order of preference: a service streams to the first kind of which an endpoint answered.
_SUBJECT_KINDS: Final = {
    "reflector": _Kind(2, "call"),
    "turn": _Kind(3, "gentle"),
    "whatsapp_relay": _Kind(3, "gentle"),
}
# Two payloads to Telegram's port 1400: what tells them apart there is in the payload.
_TURN_FORMS: Final = ("padded", "allocate", "padded")


async def subjects(ctx: Context) -> list[Endpoint]:
    """The call endpoints of each service, each in the form that it answers."""
    chosen = list(_chosen(ctx.answered(role="subject", function="calls")))
    return list(await asyncio.gather(*(_subject(ctx, target, kind, place) for target, kind, place in chosen)))


async def controls(ctx: Context, paces: set[Pace], access: TurnAccess | None) -> list[Endpoint]:
    """Neutral hosts for each pace that subjects have: four of it where there are so many, network by network."""
    hosts = await _hosts(ctx)
    large = list(_by_turns((target, address) for target, address in hosts if target.large))
    others = list(_by_turns((target, address) for target, address in hosts if not target.large))
    few_large = len(large) < _CONTROLS
    found: list[Endpoint] = []
    if "call" in paces:
        found += [_control(ctx, target, address, "call") for target, address in large[:_CONTROLS]]
    if "gentle" in paces or few_large:
        found += [_control(ctx, target, address, "gentle") for target, address in others[:_CONTROLS]]
    if "call" not in paces and len(others) < _CONTROLS:
        found += [_control(ctx, target, address, "gentle") for target, address in large[: _CONTROLS - len(others)]]
    return [*found, *await _special(ctx, paces), *(await _turn_loop(ctx, access) if access else [])]


def _chosen(answered: Sequence[Target]) -> Iterator[tuple[Target, _Kind, int]]:
    """Call endpoints of the kind that each service prefers, at different addresses."""
    for service in dict.fromkeys(target.service for target in answered):
        for protocol, kind in _SUBJECT_KINDS.items():
            own = [target for target in answered if target.service == service and target.protocol == protocol]
            chosen = list({target.address or target.host: target for target in reversed(own)}.values())[::-1]
            yield from ((target, kind, place) for place, target in enumerate(chosen[: kind.most]))
            if chosen:
                break


async def _subject(ctx: Context, target: Target, kind: _Kind, place: int) -> Endpoint:
    if target.protocol == "reflector":
        return Endpoint(target, target.address, "loop", kind.pace, lambda rate_pps: _loop(ctx, rate_pps))
    if target.protocol == "whatsapp_relay" and await _speaks(ctx, target, _dtls_questions()):
        return Endpoint(target, target.address, "dtls", kind.pace, lambda _: _dtls_questions())
    if target.protocol == "turn" and _TURN_FORMS[place] == "allocate":
        return Endpoint(target, target.address, "allocate", kind.pace, lambda _: _allocates(ctx))
    return Endpoint(target, target.address, "padded", kind.pace, lambda _: _questions(ctx, GENTLE_PACKETS_PER_PORT))


async def _hosts(ctx: Context) -> list[tuple[Target, str]]:
    """Neutral STUN hosts that answered and their addresses, no address twice."""
    answered = [target for target in ctx.answered(role="control", protocol="stun") if target.transport == "udp"]
    addresses = await asyncio.gather(*(_address(ctx, target) for target in answered))
    by_address = {address: target for target, address in zip(answered, addresses, strict=True) if address}
    return [(target, address) for address, target in by_address.items()]


def _control(ctx: Context, target: Target, address: str, pace: Pace) -> Endpoint:
    packets_per_port = 0 if pace == "call" else GENTLE_PACKETS_PER_PORT
    return Endpoint(target, address, "padded", pace, lambda _: _questions(ctx, packets_per_port))


async def _special(ctx: Context, paces: set[Pace]) -> list[Endpoint]:
    """Neutral hosts that speak something other than STUN, where the catalogue knows one and it answers: an echo of the
    user's own, and DTLS, which is what a WhatsApp relay is asked."""
    kinds: list[tuple[str, str, Pace, Callable[[float], FlowCodec]]] = [
        ("echo", "echo", "call", lambda _: _echoes(ctx)),
        ("dtls", "dtls", "gentle", lambda _: _dtls_questions()),
    ]
    return [
        Endpoint(target, address, form, pace, codec)
        for protocol, form, pace, codec in kinds
        for target in ctx.targets(role="control", protocol=protocol)[:1]
        if pace in paces and (address := await _address(ctx, target)) and await _speaks(ctx, target, codec(0.0))
    ]


async def _turn_loop(ctx: Context, access: TurnAccess) -> list[Endpoint]:
    target = Target(role="control", host=access.host, port=access.port, protocol="turn", network=access.host)
    address = await _address(ctx, target)
    if not address:
        return []
    return [Endpoint(target, address, "turn_loop", "call", lambda _: _turn_codec(ctx, access))]


async def _address(ctx: Context, target: Target) -> str:
    if target.address:
        return target.address
    found = await ctx.resolve(target.host)
    return found[0] if not isinstance(found, Failure) and found else ""


def _by_turns(hosts: Iterable[tuple[Target, str]]) -> Iterator[tuple[Target, str]]:
    """One of each network, then a second one of each, and so on."""
    networks: dict[str, list[tuple[Target, str]]] = {}
    for host in hosts:
        networks.setdefault(host[0].network, []).append(host)
    while any(networks.values()):
        yield from (waiting.pop(0) for waiting in networks.values() if waiting)


async def _speaks(ctx: Context, target: Target, codec: FlowCodec) -> bool:
    """Whether a host answers in a form; asked at most twice, each time on a port of its own."""
    for number in range(2):
        _, question = codec.packet(number, ctx.random_bytes(64))
        answer = await ask(ctx, target, question, lambda heard: codec.received(0, heard), timeout_s=_FORM_TIMEOUT_S)
        if answer.value is not None:
            return True
    return False


def _loop(ctx: Context, rate_pps: float) -> ReflectorLoop:
    own, peer = (_client_tag(ctx) for _ in range(2))
    packets_per_hello = max(1, round(rate_pps * HELLO_EVERY_S))
    return ReflectorLoop(
        ctx.random_bytes(11), (own, peer), ctx.random_bytes(_KEY_BYTES), packets_per_hello=packets_per_hello
    )


def _client_tag(ctx: Context) -> bytes:
    """Four random bytes that are not all zero."""
    return bytes([ctx.random_bytes(1)[0] | 1]) + ctx.random_bytes(3)


def _questions(ctx: Context, packets_per_port: int) -> StunQuestions:
    return StunQuestions(ctx.random_bytes(_KEY_BYTES), packets_per_port)


def _allocates(ctx: Context) -> AllocateQuestions:
    return AllocateQuestions(ctx.random_bytes(_KEY_BYTES), GENTLE_PACKETS_PER_PORT)


def _echoes(ctx: Context) -> EchoQuestions:
    return EchoQuestions(ctx.random_bytes(_KEY_BYTES))


def _turn_codec(ctx: Context, access: TurnAccess) -> TurnLoop:
    return TurnLoop(access.username, access.password, ctx.random_bytes(_KEY_BYTES))


def _dtls_questions() -> FlowCodec:
    from callcheck_stream.arms.dtls import DtlsQuestions  # noqa: PLC0415 - OpenSSL is heavy, and few flows need it

    return DtlsQuestions()
