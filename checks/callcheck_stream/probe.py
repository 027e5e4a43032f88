"""Runs the rounds: flows side by side, second by second into the journal, and an end where enough was seen."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

import msgspec

from callcheck.api import Arm, Context, Failure, FlowSecond, Observation
from callcheck_stream import endpoints
from callcheck_stream.earlier import Played, rounds_played
from callcheck_stream.looks import Seen, TimedLoss, is_enough, is_time_to_look
from callcheck_stream.params import Lengths, TurnAccess
from callcheck_stream.plan import PACKETS_NEEDED, Flow, flows, rounds_left
from callcheck_stream.series import PLAN_OP, SECOND_OP

_LADDER_S: Final = 8.0
# DESIGN 6: rounds of a deep run stand at least 20 s apart; what congests a line for some seconds is not in two of them.
_PAUSE_S: Final = 20.0


async def measure(ctx: Context, *, lengths: Lengths, access: TurnAccess | None = None) -> None:
    """One `flow.plan`, then one `flow.second` an arm and second; `flow.none` where no call endpoint answered. Where a
    run is continued, only the rounds that it still lacks, numbered on."""
    earlier = rounds_played(ctx.earlier())
    left = rounds_left(ctx.depth, (one.kind for one in earlier if one.kind and not one.is_quick))
    if not left:
        return
    subjects = await endpoints.subjects(ctx)
    if not subjects:
        ctx.emit(Observation(op="flow.none"))
        return
    controls = await endpoints.controls(ctx, {endpoint.pace for endpoint in subjects}, access)
    first = max((one.number + 1 for one in earlier), default=0)
    _emit_plan(ctx, len(subjects), len(controls), lengths, rounds=first + len(left))
    for place, kind in enumerate(left):
        planned = flows([*subjects, *controls], depth=ctx.depth, round_kind=kind, phase=lambda: _share(ctx))
        if not planned:
            continue
        # The ladder asks one relay for seconds: it need not wait, as nothing is compared with the round before.
        pause_s = _PAUSE_S if place else _rest_of_pause_s(earlier, ctx.now_us())
        if pause_s > 0 and kind != "ladder":
            await ctx.sleep(pause_s)
        limits = Lengths(_LADDER_S, _LADDER_S) if kind == "ladder" else lengths
        await _Round(ctx, first + place, (place, len(left)), planned, limits).run()


def _rest_of_pause_s(earlier: Sequence[Played], now_us: int) -> float:
    """How long to wait before the first round, as others may have been played shortly before."""
    if not earlier:
        return 0.0
    return _PAUSE_S - (now_us - max(one.ended_us for one in earlier)) / 1e6


def _share(ctx: Context) -> float:
    return int.from_bytes(ctx.random_bytes(2), "big") / 0x10000


def _emit_plan(ctx: Context, subjects: int, controls: int, lengths: Lengths, *, rounds: int) -> None:
    data = {
        "depth": ctx.depth,
        "seconds": lengths.usual_s,
        "packets_needed": PACKETS_NEEDED[ctx.depth],
        "rounds": rounds,
        "subjects": subjects,
        "controls": controls,
    }
    ctx.emit(Observation(op=PLAN_OP, data=data))


@dataclass(slots=True)
class _Round:
    """One round at work: writes each second down and remembers what the looks need. `place` is which of how many."""

    ctx: Context
    number: int
    place: tuple[int, int]
    planned: Sequence[Flow]
    lengths: Lengths
    heard: dict[str, list[FlowSecond]] = field(default_factory=lambda: defaultdict(list))

    async def run(self) -> None:
        by_name = {flow.arm.name: flow for flow in self.planned}
        arms = [_placed(flow) for flow in self.planned]
        looked = 0
        async with aclosing(self.ctx.flows(arms, seconds=self.lengths.longest_s)) as running:
            async for second in running:
                _emit_second(self.ctx, by_name[second.arm], second, self.number)
                self.heard[second.arm].append(second)
                seen_s = self._whole_seconds()
                if seen_s > looked:
                    looked = seen_s
                    self._tell_progress(min(1.0, seen_s / self.lengths.usual_s))
                    if self._is_over(seen_s):
                        break
        self._tell_progress(1.0)

    def _whole_seconds(self) -> int:
        """How many seconds are known of every flow that runs from the start."""
        names = [flow.arm.name for flow in self.planned if not flow.arm.after_death_of and flow.arm.start_s < 1]
        return min((self.heard[name][-1].second + 1 if name in self.heard else 0 for name in names), default=0)

    def _tell_progress(self, done: float) -> None:
        place, rounds = self.place
        self.ctx.progress((place + done) / rounds)

    def _is_over(self, seen_s: int) -> bool:
        # At its longest a round ends by itself, and the last answers of its slow flows are waited for.
        if not is_time_to_look(seen_s, self.lengths.usual_s) or seen_s >= self.lengths.longest_s:
            return False
        services: dict[str, list[TimedLoss]] = defaultdict(list)
        controls: list[TimedLoss] = []
        revival_s: int | None = None
        for flow in self.planned:
            seconds = self.heard.get(flow.arm.name, [])
            if flow.part == "revival":
                revival_s = max(revival_s or 0, len(seconds)) if self._has_died(flow) else revival_s
            elif flow.endpoint.target.role == "subject":
                services[flow.endpoint.target.service].append(_timed_loss(seconds))
            else:
                controls.append(_timed_loss(seconds))
        origin_us = min(second.scheduled_us[0] for first in self.heard.values() for second in first[:1])
        seen = Seen(origin_us, services, controls, revival_s)
        return is_enough(seen_s, self.lengths.usual_s, self.lengths.longest_s, seen, random.Random(self.number))

    def _has_died(self, revival: Flow) -> bool:
        return revival.endpoint.target.role == "subject" and revival.arm.name in self.heard


def _timed_loss(seconds: Sequence[FlowSecond]) -> TimedLoss:
    times = [at_us for second in seconds for at_us in second.sent_us]
    return times, [at_us is None for second in seconds for at_us in second.received_us]


def _placed(flow: Flow) -> Arm:
    return msgspec.structs.replace(
        flow.arm, target=msgspec.structs.replace(flow.endpoint.target, address=flow.endpoint.address)
    )


def _emit_second(ctx: Context, flow: Flow, second: FlowSecond, round_number: int) -> None:
    silent = all(at_us is None for at_us in second.received_us)
    ctx.emit(
        Observation(
            op=SECOND_OP,
            target=flow.endpoint.target,
            form=flow.endpoint.form,
            failure=Failure.timeout if silent else None,
            data={**msgspec.to_builtins(second), "part": flow.part, "round": round_number},
        )
    )
