"""Asks neutral hosts for our reflexive address: with and without the magic cookie (RFC 8489, RFC 3489), on each of
their ports, by IPv6, over TCP, and for the first packet of DTLS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from callcheck.api import Context, Failure, Observation, Target
from callcheck.asking import ask
from callcheck.codec import questions, stun
from callcheck.codec.questions import Question
from callcheck.codec.stun_attributes import OtherAddress
from callcheck_stun.by_tcp import ask_by_tcp
from callcheck_stun.pace import Pacer
from callcheck_stun.plan import Plan
from callcheck_stun.together import none_left, together

T = TypeVar("T")

_MAKE: dict[str, Callable[[questions.Random], Question]] = {
    "cookie": questions.binding,
    "classic": questions.classic,
    "hello": questions.dtls_hello,
    "mapping": questions.binding,
}
_IPV6_ASKS, _MAPPING_ASKS, _AFTER = 2, 3, 3


async def measure(ctx: Context, plan: Plan) -> None:
    """All hosts at once, each in its own rhythm with a random phase; one observation a question."""
    await _Probe(ctx, plan).run()


class _Probe:
    """One run: who has answered so far, and whether the last DTLS hello has left."""

    def __init__(self, ctx: Context, plan: Plan) -> None:
        self._ctx = ctx
        self._plan = plan
        self._pacer = Pacer(ctx, spacing_s=plan.spacing_s, ends_s=plan.ends_s)
        # By address: who answered, in the form with the cookie if possible.
        self._answered: dict[str, tuple[Target, str]] = {}
        # DTLS hellos come last: who is punished for one has been asked all the rest before.
        self._hellos_from_us = ctx.now_us() + int(plan.spacing_s * (plan.cookie + plan.classic) * 1e6)

    async def run(self) -> None:
        hosts = self._of("stun", "control") + self._of("stun", "domestic")
        hellos = self._of("dtls", "control")
        plan = self._plan
        over_ipv6 = (await self._ctx.link()).ipv6 is True
        named = [host for host in hosts if host.host and host.role == "control"] if over_ipv6 else []
        asking = [
            self._ask_target(host, "stun.ask", {"cookie": plan.cookie, "classic": plan.classic}) for host in hosts
        ]
        asking += [self._discover(one) for one in self._of("nat_discovery")]
        asking += [self._ask_by_ipv6(host) for host in named]
        asking += [self._ask_over_tcp(host) for host in self._of("stun_tcp", transport="tcp")]
        await together(*asking, self._say_hello(hellos))

    def _of(self, protocol: str, role: str = "control", transport: str = "udp") -> list[Target]:
        """In random order, so that no run asks a host's ports in the order of the catalogue."""
        found = [one for one in self._ctx.targets(protocol=protocol) if one.role == role and one.transport == transport]
        return _shuffled(self._ctx, found)

    async def _place(self, target: Target, *, ipv6: bool = False) -> str | Failure:
        """The target's address; a name is not waited for longer than leaves time for one question."""
        if target.address and not ipv6:
            return target.address
        try:
            async with asyncio.timeout(max(0.0, self._pacer.left_s() - self._plan.timeout_s)):
                found = await self._ctx.resolve(target.host, ipv6=ipv6)
        except TimeoutError:
            return Failure.resolver_timeout
        return found if isinstance(found, Failure) else next(iter(found), Failure.name_empty)

    async def _ask_target(self, target: Target, op: str, asks: dict[str, int], not_before_us: int = 0) -> None:
        """Ask so often in each form, in random order and each from a source port of its own."""
        place = await self._place(target)
        if isinstance(place, Failure):
            self._ctx.emit(Observation(op=op, target=target, form=next(iter(asks)), failure=place))
            return
        forms = _shuffled(self._ctx, [form for form, count in asks.items() for _ in range(count)])
        waiting: list[asyncio.Task[None]] = []
        try:
            for form in forms:
                if not await self._pacer.turn(place, wait_s=self._plan.timeout_s, not_before_us=not_before_us):
                    break
                waiting.append(asyncio.create_task(self._ask_once(target, place, op, form)))
            await asyncio.gather(*waiting)
        finally:
            await none_left(waiting)

    async def _ask_once(self, target: Target, place: str, op: str, form: str) -> None:
        question = _MAKE[form](self._ctx.random_bytes)

        def ours(datagram: bytes) -> bytes | None:
            return datagram if question.answers(datagram) else None

        dialled = msgspec.structs.replace(target, address=place)
        answer = await ask(self._ctx, dialled, question.payload, ours, timeout_s=self._plan.timeout_s)
        data: dict[str, object] = {"source_port": answer.local[1], "limit_ms": round(self._plan.timeout_s * 1000)}
        if answer.rtt_ms is not None:
            data["rtt_ms"] = answer.rtt_ms
        if ":" in place:
            data["family"] = 6
        if answer.value is not None:
            if form == "cookie" or (form == "classic" and place not in self._answered):
                self._answered[place] = (target, form)
            data |= _told(question, answer.value, answer.local)
            if form == "mapping":
                data["other_address_told"] = _has_other_address(answer.value)
        self._ctx.emit(Observation(op=op, target=target, form=form, failure=answer.failure, data=data))

    async def _discover(self, host: Target) -> None:
        """RFC 5780 as far as a socket with one destination gets: filtering needs one that hears whoever answers."""
        await self._ask_target(host, "stun.nat", {"mapping": _MAPPING_ASKS})
        self._ctx.emit(Observation(op="stun.nat", target=host, form="filtering", failure=Failure.unsupported))

    async def _ask_by_ipv6(self, host: Target) -> None:
        """The same host by IPv6, under a protocol name of its own: nobody shall take it for a control by IPv4."""
        target = msgspec.structs.replace(host, address="", protocol="stun_ipv6", answers={})
        place = await self._place(target, ipv6=True)
        if isinstance(place, Failure):
            failed = Observation(op="stun.ask_ipv6", target=target, form="cookie", failure=place, data={"family": 6})
            self._ctx.emit(failed)
            return
        for _ in range(_IPV6_ASKS):
            if await self._pacer.turn(place, wait_s=self._plan.timeout_s):
                await self._ask_once(target, place, "stun.ask_ipv6", "cookie")

    async def _ask_over_tcp(self, host: Target) -> None:
        place = await self._place(host)
        if isinstance(place, Failure):
            self._ctx.emit(Observation(op="stun.tcp", target=host, form="cookie", failure=place))
            return
        dialled = msgspec.structs.replace(host, address=place)
        for _ in range(self._plan.by_tcp):
            if await self._pacer.turn(place, wait_s=self._plan.timeout_s):
                observed = await ask_by_tcp(self._ctx, dialled, timeout_s=self._plan.timeout_s)
                self._ctx.emit(msgspec.structs.replace(observed, target=host))

    async def _say_hello(self, hosts: Sequence[Target]) -> None:
        """DTLS hellos, and then one more question to hosts that answered before: was there a punishment?"""
        asks = {"hello": self._plan.hello}
        hellos = [self._ask_target(host, "stun.dtls", asks, self._hellos_from_us) for host in hosts]
        if hellos:
            await together(*hellos, self._ask_again())

    async def _ask_again(self) -> None:
        spacing_us = int(self._plan.spacing_s * 1e6)
        all_sent_us = self._hellos_from_us + spacing_us * 2 * (self._plan.hello + 1)
        await self._ctx.sleep(max(0, all_sent_us - self._ctx.now_us()) / 1e6)
        for place, (target, form) in self._known_controls()[:_AFTER]:
            if await self._pacer.turn(place, wait_s=self._plan.timeout_s):
                await self._ask_once(target, place, "stun.after", form)

    def _known_controls(self) -> list[tuple[str, tuple[Target, str]]]:
        return [item for item in self._answered.items() if item[1][0].role == "control" and ":" not in item[0]]


def _told(question: Question, datagram: bytes, local: tuple[str, int]) -> dict[str, object]:
    """Our address as the host saw it, beside the socket's own."""
    seen = question.reflexive(datagram)
    if seen is None:
        return {}
    return {
        "reflexive_address": seen[0],
        "reflexive_port": seen[1],
        "local_address": local[0],
        "local_port": local[1],
        "port_kept": seen[1] == local[1],
        "translated": seen[0] != local[0],
    }


def _has_other_address(datagram: bytes) -> bool:
    """Whether the host shows a second address of its own (RFC 5780 section 7.4). It is not asked there: what that
    would tell needs one local port for both, and a socket that hears whoever answers."""
    heard = stun.decode(datagram)
    return isinstance(heard, stun.Message) and any(isinstance(one, OtherAddress) for one in heard.attributes)


def _shuffled(ctx: Context, items: Sequence[T]) -> list[T]:
    keys = ctx.random_bytes(2 * len(items))
    order = sorted(range(len(items)), key=lambda place: (keys[2 * place : 2 * place + 2], place))
    return [items[place] for place in order]
