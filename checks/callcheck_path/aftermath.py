"""Where a flow that fell silent is cut: its own 5-tuple is asked again with growing TTL, beside a flow that lives.

Here full TTL comes first, which is the point: what cuts a flow after some packets knows it by its 5-tuple. A responder
that lives is asked ten questions on it, as politeness has it; four more follow only where answers have ceased to come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from callcheck.api import Context, Datagram, IcmpError, Observation, Target
from callcheck.asking import site_of
from callcheck.codec import stun
from callcheck.codec.questions import FORMS, Question
from callcheck.words import Failure
from callcheck_path.arms import controls_of, version_of
from callcheck_path.read_after import has_died, lives, next_hop
from callcheck_path.trace import Traced, trace

_TICK_S = 0.125
_MOST_ANSWERED = 10
_MOST_SENT = 14
_LAST_WAIT_S = 0.45
# A question that is asked again on one 5-tuple; a DTLS hello would begin its handshake anew each time.
_FLOW_FORM = {"reflector": "hello", "turn": "binding", "whatsapp_relay": "stun"}
_FLOWS_AT_LARGE = 3
# Farther away, errors to one TTL would come in with those to the next.
_FARTHEST_RTT_S = 0.3
_WAIT_S = (0.2, 0.35)


@dataclass(slots=True)
class _Flow:
    """Questions on one 5-tuple, and after how long each was answered. `limit`: how many it may be sent while it
    lives."""

    shape: str
    target: Target
    sock: Datagram
    ask: Callable[[], Question]
    limit: int
    sent: list[tuple[int, Question]] = field(default_factory=list)
    rtt_ms: dict[int, float] = field(default_factory=dict)

    def may_send(self, now_us: int) -> bool:
        if len(self.sent) < self.limit:
            return True
        patience_us = max(self.rtt_ms.values(), default=0.0) * 1500 + 50_000
        waiting = [number for number, (sent_us, _) in enumerate(self.sent) if now_us - sent_us > patience_us]
        return len(self.sent) < _MOST_SENT and not any(number in self.rtt_ms for number in waiting[-3:])

    async def collect(self, ctx: Context, until_us: int) -> None:
        while (left_us := until_us - ctx.now_us()) > 0:
            heard = await self.sock.receive(timeout_s=left_us / 1e6)
            if heard is None:
                return
            if isinstance(heard, IcmpError):
                continue
            for number, (sent_us, question) in enumerate(self.sent):
                if number not in self.rtt_ms and question.answers(heard.payload):
                    self.rtt_ms[number] = max(heard.received_us - sent_us, 0) / 1000

    @property
    def answered(self) -> list[bool]:
        return [number in self.rtt_ms for number in range(len(self.sent))]


async def look_after_flows(ctx: Context, relays: int) -> None:
    """For each service whose relays answer: up to `relays` flows at different sites, each beside a control's.

    A control bears as many flows at once as politeness allows; where there are not enough, fewer relays are asked.
    """
    services = dict.fromkeys(target.service for target in ctx.answered(role="subject", function="calls"))
    chosen = {service: _relays(ctx, service)[:relays] for service in services}
    free = {version: _slots(await controls_of(ctx, "stun", version)) for version in _versions(chosen.values())}
    pairs = []
    for number in range(relays):
        for service, own in chosen.items():
            slots = free[version_of(own[number])] if number < len(own) else []
            if slots:
                pairs.append(_pair(ctx, service, number, own[number], slots.pop(0)))
    await asyncio.gather(*pairs)


def _relays(ctx: Context, service: str) -> list[Target]:
    """A relay of each site, all of one IP version."""
    answered = [
        one
        for one in ctx.answered(role="subject", service=service, function="calls")
        if one.address and one.transport == "udp" and one.protocol in _FLOW_FORM
    ]
    alike = [one for one in answered if version_of(one) == min(map(version_of, answered))]
    return list({site_of(one): one for one in alike}.values())


def _versions(chosen: Iterable[Sequence[Target]]) -> set[int]:
    return {version_of(one) for relays in chosen for one in relays}


def _slots(controls: Sequence[Target]) -> list[Target]:
    """Each control once, and the large ones again: eight questions a second a flow, 25 or 10 in all."""
    large = sorted(controls, key=lambda one: not one.large)
    return [*large, *[one for one in large if one.large for _ in range(_FLOWS_AT_LARGE - 1)]]


async def _pair(ctx: Context, service: str, number: int, relay: Target, control: Target) -> None:
    """One relay's flow and a control's, until the one is silent and the other is not; then both, hop by hop."""
    flows: list[_Flow] = []
    try:
        for shape, target in (("call", relay), ("control", control)):
            sock = await ctx.udp(target)
            if isinstance(sock, Failure):
                return
            flows.append(_Flow(shape, target, sock, _asker(ctx, target), _limit(target)))
        await _talk(ctx, flows)
        about: dict[str, object] = {"about_service": service, "about_function": "calls", "flow": number}
        for flow in flows:
            _note(ctx, flow, about)
        call, live = flows
        slowest_s = max([*call.rtt_ms.values(), *live.rtt_ms.values()], default=0.0) / 1000
        if has_died(call.answered) and lives(live.answered) and slowest_s <= _FARTHEST_RTT_S:
            wait_s = min(max(1.5 * slowest_s, _WAIT_S[0]), _WAIT_S[1])
            await _look(ctx, call, live, {**about, "ip_version": version_of(relay)}, wait_s)
    finally:
        for flow in flows:
            flow.sock.close()


def _asker(ctx: Context, target: Target) -> Callable[[], Question]:
    form = FORMS.get(target.protocol, {}).get(_FLOW_FORM.get(target.protocol, ""))
    if form is not None:
        return lambda: form(ctx.random_bytes)
    return lambda: _binding(ctx.random_bytes(12))


def _binding(transaction_id: bytes) -> Question:
    def answers(datagram: bytes) -> bool:
        heard = stun.decode(datagram)
        return isinstance(heard, stun.Message) and heard.transaction_id == transaction_id and heard.kind == "success"

    return Question(stun.binding_request(transaction_id), answers)


def _limit(target: Target) -> int:
    return _MOST_SENT if target.large else _MOST_ANSWERED


async def _talk(ctx: Context, flows: Sequence[_Flow]) -> None:
    start_us = ctx.now_us()
    for turn in range(_MOST_SENT):
        now_us = ctx.now_us()
        if not flows[0].may_send(now_us):
            break
        order = flows if ctx.random_bytes(1)[0] % 2 else tuple(reversed(flows))
        for flow in order:
            if len(flow.sent) < flow.limit or flow is flows[0]:
                question = flow.ask()
                sent_us = flow.sock.send(question.payload)
                flow.sent.append((now_us if isinstance(sent_us, Failure) else sent_us, question))
        until_us = start_us + round((turn + 1) * _TICK_S * 1e6)
        await asyncio.gather(*(flow.collect(ctx, until_us) for flow in flows))
    until_us = ctx.now_us() + round(_LAST_WAIT_S * 1e6)
    await asyncio.gather(*(flow.collect(ctx, until_us) for flow in flows))


def _note(ctx: Context, flow: _Flow, about: dict[str, object]) -> None:
    answered = flow.answered
    last = max((number + 1 for number, did in enumerate(answered) if did), default=0)
    data = {
        **about,
        "stage": "live",
        "ip_version": version_of(flow.target) or 4,
        "sent": len(answered),
        "answered": sum(answered),
        "last_answered": last,
        "answered_flags": [int(did) for did in answered],
    }
    if flow.rtt_ms:
        data["rtt_max_ms"] = round(max(flow.rtt_ms.values()), 3)
    failure = None if any(answered) else Failure.timeout
    ctx.emit(Observation(op="path.flow", target=flow.target, form=flow.shape, failure=failure, data=data))


async def _look(ctx: Context, call: _Flow, live: _Flow, about: dict[str, object], wait_s: float) -> None:
    """A sweep on both 5-tuples; where the dead one ends first, that hop again, with new 5-tuples to the same relay."""
    dead = Traced("dead", call.target, call.sock, lambda: call.ask().payload)
    alive = Traced("live", live.target, live.sock, lambda: live.ask().payload)
    seen = await trace(ctx, (dead, alive), about, wait_s)
    ttl = next_hop(seen)
    if ttl is None:
        return
    for turn in range(1, 7):
        sock = await ctx.udp(call.target)
        if isinstance(sock, Failure):
            return
        try:
            fresh = Traced("fresh", call.target, sock, lambda: call.ask().payload)
            await trace(ctx, (dead, alive, fresh), about, wait_s, ttls=(ttl,), turn=turn)
        finally:
            sock.close()
