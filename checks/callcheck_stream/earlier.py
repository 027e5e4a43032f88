"""What of the stream was played before a run was continued, and which of its rounds are read together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from callcheck.api import FlowSecond
from callcheck_stream.looks import is_time_to_look
from callcheck_stream.series import PLAN_OP, SECOND_OP, Observed

if TYPE_CHECKING:
    from callcheck_stream.plan import Round

_QUICK: Final = "quick"


class Played(msgspec.Struct, frozen=True):
    """A round that was played: its number, what it was, for how many whole seconds, and when its last packet left
    (run time). `kind` is None where it was broken off; a quick one is shorter than a round of a longer run."""

    number: int
    kind: Round | None
    is_quick: bool
    seconds: int
    ended_us: int


def rounds_played(observations: Iterable[Observed]) -> list[Played]:
    """The rounds in the order in which they began."""
    plan: Mapping[str, Any] = {}
    plans: dict[int, Mapping[str, Any]] = {}
    heard: dict[int, list[tuple[str, FlowSecond]]] = {}
    for one in observations:
        if one.value.op == PLAN_OP:
            plan = one.value.data
        elif one.value.op == SECOND_OP:
            number = int(one.value.data.get("round", 0))
            plans.setdefault(number, plan)
            part = str(one.value.data.get("part", "stream"))
            heard.setdefault(number, []).append((part, msgspec.convert(one.value.data, FlowSecond)))
    return [_played(number, seconds, plans[number]) for number, seconds in heard.items()]


def together(observations: Sequence[Observed]) -> Sequence[Observed]:
    """The observations without quick rounds where a longer one was played since: a few seconds beside half a minute
    have another shape, and would only widen every interval."""
    if not any(one.value.op == PLAN_OP and one.value.data.get("depth") == _QUICK for one in observations):
        return observations
    rounds = rounds_played(observations)
    longest = max((one.seconds for one in rounds if not one.is_quick), default=0)
    short = {one.number for one in rounds if one.is_quick and one.seconds < longest}
    if not short:
        return observations
    return [one for one in observations if one.value.op != SECOND_OP or one.value.data.get("round", 0) not in short]


def _played(number: int, heard: Sequence[tuple[str, FlowSecond]], plan: Mapping[str, Any]) -> Played:
    seconds = _whole_seconds(heard)
    usual_s = plan.get("seconds")
    times_us = [at_us for _, second in heard for at_us in second.sent_us]
    kind = _kind({part for part, _ in heard})
    is_whole = isinstance(usual_s, int | float) and is_time_to_look(seconds, usual_s)
    return Played(
        number=number,
        kind=kind if is_whole or kind == "ladder" else None,
        is_quick=plan.get("depth") == _QUICK,
        seconds=seconds,
        ended_us=max(times_us, default=0),
    )


def _whole_seconds(heard: Iterable[tuple[str, FlowSecond]]) -> int:
    """How many seconds are known of every flow that ran from the start; what ends a round early is looked for then."""
    last: dict[str, int] = {}
    from_start = set()
    for _, second in heard:
        last[second.arm] = max(second.second, last.get(second.arm, 0))
        if second.second == 0:
            from_start.add(second.arm)
    return min((last[arm] + 1 for arm in from_start), default=0)


def _kind(parts: set[str]) -> Round:
    if "ladder" in parts:
        return "ladder"
    return "twins" if parts & {"single", "twins"} else "whole"
