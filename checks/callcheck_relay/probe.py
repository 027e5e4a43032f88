"""Asks every call endpoint in every form it might answer, politely and in random order."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence

import msgspec

from callcheck.api import NEVER_LEFT, Context, Failure, Observation, Target
from callcheck.asking import ask
from callcheck.codec.questions import FORMS
from callcheck_relay.by_tcp import hello_by_tcp
from callcheck_relay.listed import fetch_list, unknown_relays
from callcheck_relay.plan import Plan, Schedule, Turn, schedule

_LIST_TIMEOUT_S = 3.0
# So many endpoints of today's list are asked where the catalogue's are silent, if so many of it are new.
_MORE_ENDPOINTS, _NEW_ENDPOINTS = 4, 3
_MORE_ASKS = 3
_BY_TCP = 4
# At quick: how long before the end TCP is tried if nothing answered until then, and how long it may take to open.
_LATE_TCP_S, _LATE_CONNECT_S, _LATE_ANSWER_S = 1.5, 1.0, 0.4


async def measure(ctx: Context, plan: Plan) -> None:
    """All endpoints at once; one observation a question, and one for each endpoint that sums them up."""
    await _Probe(ctx, plan).run()


class _Probe:
    """One run: the answers so far, and its own clock."""

    def __init__(self, ctx: Context, plan: Plan) -> None:
        self._ctx = ctx
        self._plan = plan
        self._began_us = ctx.now_us()
        # By endpoint and form: round-trip times, None for a question that left and brought no answer.
        self._heard: dict[tuple[str, str], list[float | None]] = {}
        self._targets: dict[str, Target] = {}
        self._failures: dict[str, Failure] = {}

    async def run(self) -> None:
        endpoints = [one for one in self._ctx.targets(role="subject", function="calls") if one.protocol in FORMS]
        relays = [one for one in endpoints if one.protocol == "reflector" and one.address]
        planned = schedule(endpoints, self._plan, self._shuffled)
        await asyncio.gather(
            self._ask_all(planned),
            self._by_tcp(relays, planned),
            self._by_list([one for one in relays if one.service == "telegram"], planned),
        )
        self._sum_up()

    def _shuffled(self, items: list[str]) -> list[str]:
        keys = self._ctx.random_bytes(2 * len(items))
        return [items[place] for place in sorted(range(len(items)), key=lambda at: (keys[2 * at : 2 * at + 2], at))]

    def _now_s(self) -> float:
        return (self._ctx.now_us() - self._began_us) / 1e6

    async def _until(self, at_s: float) -> None:
        await self._ctx.sleep(max(0.0, at_s - self._now_s()))

    async def _ask_all(self, planned: Schedule) -> None:
        places = dict.fromkeys(turn.endpoint.address or turn.endpoint.host for turn in planned.turns)
        phases = dict(zip(places, self._ctx.random_bytes(len(places)), strict=True))
        await asyncio.gather(
            *(
                self._ask_once(turn, phases[turn.endpoint.address or turn.endpoint.host] / 255 * self._plan.spacing_s)
                for turn in planned.turns
            )
        )

    async def _ask_once(self, turn: Turn, phase_s: float) -> None:
        await self._until(turn.start_s + phase_s)
        dialled = await self._placed(turn.endpoint)
        if isinstance(dialled, Failure):
            self._ctx.emit(Observation(op="relay.ask", target=turn.endpoint, form=turn.form, failure=dialled))
            return
        if self._now_s() + self._plan.timeout_s > self._plan.ends_s:
            return  # a shortened wait would call a slow relay silent
        question = FORMS[turn.endpoint.protocol][turn.form](self._ctx.random_bytes)

        def read(datagram: bytes) -> bytes | None:
            return datagram if question.answers(datagram) else None

        answer = await ask(self._ctx, dialled, question.payload, read, timeout_s=self._plan.timeout_s)
        data: dict[str, object] = {"source_port": answer.local[1], "limit_ms": round(self._plan.timeout_s * 1000)}
        if answer.rtt_ms is not None:
            data["rtt_ms"] = answer.rtt_ms
        if answer.hop:
            data["refused_by_target"] = answer.hop == dialled.address
        seen = question.reflexive(answer.value) if answer.value is not None else None
        if seen is not None:
            data |= {"reflexive_address": seen[0], "reflexive_port": seen[1], "port_kept": seen[1] == answer.local[1]}
        if turn.after:
            before = self._heard.get((turn.endpoint.endpoint, turn.form), [])
            data["went_silent"] = answer.failure is Failure.timeout and _received(before) > 0
        elif answer.failure not in NEVER_LEFT:
            self._note(turn.endpoint, turn.form, answer.rtt_ms, answer.failure)
        op = "relay.after" if turn.after else "relay.ask"
        self._ctx.emit(Observation(op=op, target=turn.endpoint, form=turn.form, failure=answer.failure, data=data))

    def _note(self, endpoint: Target, form: str, rtt_ms: float | None, failure: Failure | None) -> None:
        self._targets[endpoint.endpoint] = endpoint
        self._heard.setdefault((endpoint.endpoint, form), []).append(rtt_ms)
        if failure is not None:
            self._failures[endpoint.endpoint] = failure

    async def _placed(self, endpoint: Target) -> Target | Failure:
        """The endpoint with an address; a name is not waited for longer than leaves time for a question."""
        if endpoint.address:
            return endpoint
        try:
            async with asyncio.timeout(max(0.0, self._plan.ends_s - self._plan.timeout_s - self._now_s())):
                found = await self._ctx.resolve(endpoint.host)
        except TimeoutError:
            return Failure.resolver_timeout
        if isinstance(found, Failure) or not found:
            return found if isinstance(found, Failure) else Failure.name_empty
        return msgspec.structs.replace(endpoint, address=found[0])

    async def _by_tcp(self, relays: Sequence[Target], planned: Schedule) -> None:
        """A hello by TCP is as much a trigger as one by UDP, and waits as long."""
        connect_s, answer_s = self._plan.timeout_s, self._plan.timeout_s
        if self._plan.full:
            await self._until(planned.triggers_s)
        else:
            await self._until(self._plan.ends_s - _LATE_TCP_S)
            connect_s, answer_s = _LATE_CONNECT_S, _LATE_ANSWER_S
            if self._any_answer():
                return

        async def one(relay: Target) -> None:
            self._ctx.emit(await hello_by_tcp(self._ctx, relay, connect_s=connect_s, answer_s=answer_s))

        await asyncio.gather(*(one(relay) for relay in relays[:_BY_TCP]))

    def _any_answer(self, of: Sequence[Target] | None = None) -> bool:
        wanted = self._targets.keys() if of is None else {target.endpoint for target in of}
        return any(_received(times) for (endpoint, _), times in self._heard.items() if endpoint in wanted)

    async def _by_list(self, relays: Sequence[Target], planned: Schedule) -> None:
        """Ask for today's list; where the catalogue's relays are silent, ask some of those that are new as well."""
        if not self._plan.full or not relays:
            return
        listed = await fetch_list(self._ctx, relays, timeout_s=_LIST_TIMEOUT_S)
        more = unknown_relays(listed, relays, ipv6=(await self._ctx.link()).ipv6 is True)
        if len(more) < _NEW_ENDPOINTS:
            return
        await self._until(planned.triggered_s + self._plan.spacing_s + self._plan.timeout_s)
        if self._any_answer(relays):
            return
        chosen = self._chosen(more)
        now_s = self._now_s()
        turns = [
            Turn(now_s + number * self._plan.spacing_s, relay, "hello")
            for relay in chosen
            for number in range(_MORE_ASKS)
        ]
        await asyncio.gather(*(self._ask_once(turn, 0.0) for turn in turns))

    def _chosen(self, relays: Sequence[Target]) -> list[Target]:
        """A few by chance, one port an address."""
        one_each = {relay.address: relay for relay in relays}
        return [one_each[address] for address in self._shuffled(list(one_each))[:_MORE_ENDPOINTS]]

    def _sum_up(self) -> None:
        """One observation an endpoint, in the form that was answered most; `nearest` is what an app would choose."""
        best: dict[str, str] = {}
        ranks: dict[str, tuple[int, int]] = {}
        for (endpoint, form), times in self._heard.items():
            forms = list(FORMS[self._targets[endpoint].protocol])
            rank = (_received(times), -forms.index(form))
            if rank > ranks.get(endpoint, (-1, 0)):
                best[endpoint], ranks[endpoint] = form, rank
        medians = {
            endpoint: statistics.median(rtt for rtt in self._heard[endpoint, form] if rtt is not None)
            for endpoint, form in best.items()
            if _received(self._heard[endpoint, form])
        }
        nearest = {service: min(times) for service, times in self._by_service(medians).items()}
        for endpoint, form in best.items():
            target, times = self._targets[endpoint], self._heard[endpoint, form]
            sent, received = len(times), _received(times)
            data: dict[str, object] = {"sent": sent, "received": received, "loss_ratio": round(1 - received / sent, 3)}
            if endpoint in medians:
                is_nearest = medians[endpoint] == nearest[target.service]
                data |= {"rtt_ms": round(medians[endpoint], 1), "nearest": is_nearest}
            failure = None if received else self._failures[endpoint]
            self._ctx.emit(Observation(op="relay.endpoint", target=target, form=form, failure=failure, data=data))

    def _by_service(self, medians: dict[str, float]) -> dict[str, list[float]]:
        times: dict[str, list[float]] = {}
        for endpoint, rtt_ms in medians.items():
            times.setdefault(self._targets[endpoint].service, []).append(rtt_ms)
        return times


def _received(times: Sequence[float | None]) -> int:
    return sum(rtt is not None for rtt in times)
