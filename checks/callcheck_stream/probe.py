"""Who takes part in the flows, at which rate, and what came of each second."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from callcheck.api import Arm, Context, Failure, FlowCodec, FlowSecond, Observation, Target
from callcheck.asking import ask
from callcheck_stream.arms import ReflectorLoop, StunQuestions

# DESIGN 6, politeness: 25 x 188 x 8 is 37.6 kbit/s, and a relay that sends it on as well moves 75.2 kbit/s of 80.
CALL_RATE_PPS = 25.0
# Any other responder gets at most 10 questions a second, and 10 on one 5-tuple.
GENTLE_RATE_PPS = 10.0
GENTLE_PACKETS_PER_PORT = 10
# What `works` needs over all endpoints of a service (DESIGN 5.2).
PACKETS_NEEDED = {"quick": 125, "standard": 500, "deep": 500}

_KEY_BYTES = 16
_CONTROLS = 4
_FORM_TIMEOUT_S = 0.6


@dataclass(frozen=True, slots=True)
class _Kind:
    """How endpoints of one protocol take part: at most so many of a service, each at this rate."""

    most: int
    rate_pps: float


# In the order of preference: a service streams to the first kind of which an endpoint answered.
_SUBJECT_KINDS = {
    "reflector": _Kind(2, CALL_RATE_PPS),
    "turn": _Kind(3, GENTLE_RATE_PPS),
    "whatsapp_relay": _Kind(3, GENTLE_RATE_PPS),
}


@dataclass(frozen=True, slots=True)
class Part:
    """An arm, and the target as the catalogue names it, which is what observations show."""

    arm: Arm
    target: Target
    form: str


async def measure(ctx: Context, *, seconds: float) -> None:
    """One `flow.plan`, then one `flow.second` an arm and second; `flow.none` where no call endpoint answered."""
    subjects = tuple(_subjects(ctx.answered(role="subject", function="calls")))
    if not subjects:
        ctx.emit(Observation(op="flow.none"))
        return
    controls = await _controls(ctx)
    parts = [*await asyncio.gather(*(_subject(ctx, target, kind) for target, kind in subjects))]
    parts += [_control(ctx, target, place) for target, place in controls]
    parts = _named(_in_phase(ctx, parts))
    _emit_plan(ctx, parts, seconds)
    by_name = {part.arm.name: part for part in parts}
    async for second in ctx.flows([part.arm for part in parts], seconds=seconds):
        _emit_second(ctx, by_name[second.arm], second)
        ctx.progress(min(1.0, (second.second + 1) / seconds))


def _subjects(answered: Sequence[Target]) -> Iterator[tuple[Target, _Kind]]:
    """Call endpoints of the kind that each service prefers, at different addresses."""
    for service in dict.fromkeys(target.service for target in answered):
        for protocol, kind in _SUBJECT_KINDS.items():
            own = [target for target in answered if target.service == service and target.protocol == protocol]
            chosen = list({target.address or target.host: target for target in reversed(own)}.values())[::-1]
            yield from ((target, kind) for target in chosen[: kind.most])
            if chosen:
                break


async def _controls(ctx: Context) -> Sequence[tuple[Target, str]]:
    """Neutral STUN hosts that answered and their addresses: network by network, and no address twice."""
    answered = [target for target in ctx.answered(role="control", protocol="stun") if target.transport == "udp"]
    places = await asyncio.gather(*(_place(ctx, target) for target in answered))
    by_place = {place: target for target, place in zip(answered, places, strict=True) if place}
    hosts = [(target, place) for place, target in by_place.items()]
    large = [(target, place) for target, place in hosts if target.large]
    others = [host for host in hosts if host not in large]
    return [*_by_turns(large), *_by_turns(others)][:_CONTROLS]


async def _place(ctx: Context, target: Target) -> str:
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


async def _subject(ctx: Context, target: Target, kind: _Kind) -> Part:
    if target.protocol == "reflector":
        return _part(target, "loop", _loop(ctx), kind.rate_pps)
    if target.protocol == "whatsapp_relay" and await _answers_dtls(ctx, target):
        return _part(target, "dtls", _dtls_questions(), kind.rate_pps)
    return _part(target, "padded", _questions(ctx, GENTLE_PACKETS_PER_PORT), kind.rate_pps)


def _control(ctx: Context, target: Target, place: str) -> Part:
    packets_per_port, rate_pps = (0, CALL_RATE_PPS) if target.large else (GENTLE_PACKETS_PER_PORT, GENTLE_RATE_PPS)
    part = _part(target, "padded", _questions(ctx, packets_per_port), rate_pps)
    return replace(part, arm=replace(part.arm, target=msgspec.structs.replace(target, address=place)))


def _part(target: Target, form: str, codec: FlowCodec, rate_pps: float) -> Part:
    return Part(Arm(name="", target=target, codec=codec, rate_pps=rate_pps), target, form)


def _loop(ctx: Context) -> ReflectorLoop:
    own, peer = (_client_tag(ctx) for _ in range(2))
    return ReflectorLoop(ctx.random_bytes(11), (own, peer), ctx.random_bytes(_KEY_BYTES))


def _client_tag(ctx: Context) -> bytes:
    """Four random bytes that are not all zero."""
    return bytes([ctx.random_bytes(1)[0] | 1]) + ctx.random_bytes(3)


def _questions(ctx: Context, packets_per_port: int) -> StunQuestions:
    return StunQuestions(ctx.random_bytes(_KEY_BYTES), packets_per_port)


def _dtls_questions() -> FlowCodec:
    from callcheck_stream.dtls_arms import DtlsQuestions  # noqa: PLC0415 - OpenSSL is heavy, and few flows need it

    return DtlsQuestions()


async def _answers_dtls(ctx: Context, target: Target) -> bool:
    """Whether a relay that answered in some form answers what a WhatsApp client begins with; asked at most twice."""
    codec = _dtls_questions()
    for _ in range(2):
        _, question = codec.packet(0, b"")
        answer = await ask(ctx, target, question, lambda heard: codec.received(0, heard), timeout_s=_FORM_TIMEOUT_S)
        if answer.value is not None:
            return True
    return False


def _in_phase(ctx: Context, parts: Sequence[Part]) -> list[Part]:
    """One random phase for each rate: arms of one rate share their ticks, and two rates do not beat together."""
    phases = {
        rate_pps: int.from_bytes(ctx.random_bytes(2), "big") / 0x10000 / rate_pps
        for rate_pps in sorted({part.arm.rate_pps for part in parts})
    }
    return [replace(part, arm=replace(part.arm, start_s=phases[part.arm.rate_pps])) for part in parts]


def _named(parts: Sequence[Part]) -> list[Part]:
    return [
        replace(part, arm=replace(part.arm, name=f"{part.target.service or part.target.network}-{number}"))
        for number, part in enumerate(parts, start=1)
    ]


def _emit_plan(ctx: Context, parts: Sequence[Part], seconds: float) -> None:
    data = {
        "depth": ctx.depth,
        "seconds": seconds,
        "packets_needed": PACKETS_NEEDED[ctx.depth],
        "subjects": sum(part.target.role == "subject" for part in parts),
        "controls": sum(part.target.role == "control" for part in parts),
    }
    ctx.emit(Observation(op="flow.plan", data=data))


def _emit_second(ctx: Context, part: Part, second: FlowSecond) -> None:
    silent = all(at_us is None for at_us in second.received_us)
    ctx.emit(
        Observation(
            op="flow.second",
            target=part.target,
            form=part.form,
            failure=Failure.timeout if silent else None,
            data=msgspec.to_builtins(second),
        )
    )
