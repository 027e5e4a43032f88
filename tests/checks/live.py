"""Runs one check on the real engine against servers on loopback; names come from a table, never from a resolver."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from callcheck.api import Check, Evidence, LinkState, Numbered, Observation, Target
from callcheck.engine.context import RunState
from callcheck.engine.events import Bus
from callcheck.engine.run import run_plan
from callcheck.net.clock import Clock
from callcheck.words import Depth, Failure

HERE = LinkState(True, "", "lo", False, False, (), ipv6=False)


def observed(
    check: Check[Any],
    targets: Sequence[Target],
    monkeypatch: pytest.MonkeyPatch,
    *,
    depth: Depth = "quick",
    names: Mapping[str, str] | None = None,
    answered: Sequence[Target] = (),
) -> list[Numbered[Observation]]:
    """What the check observed, numbered as in its journal. The run must complete."""
    known = dict(names or {})

    async def resolve(host: str, *, ipv6: bool = False) -> Sequence[str] | Failure:
        return Failure.name_empty if ipv6 else (known[host],) if host in known else Failure.name_missing

    monkeypatch.setattr("callcheck.net.resolve.resolve", resolve)
    clock = Clock()
    bus = Bus(clock.now_us)
    state = RunState(targets, depth, clock, bus, link=HERE)
    state.answered.update({(target.endpoint, target.protocol): target for target in answered})
    asyncio.run(run_plan(((check.info.name,),), {check.info.name: check}, state, {}))
    (ending,) = (event.data for event in bus.events if event.kind == "check_finished")
    assert ending["outcome"] == "completed", ending
    return [Numbered(event.seq, _observation(event.data)) for event in bus.events if event.kind == "observed"]


def _observation(data: dict[str, Any]) -> Observation:
    return msgspec.convert(data, type=Observation)


def by_claim(check: Check[Any], seen: Sequence[Numbered[Observation]]) -> dict[tuple[str, str], Evidence]:
    """The evidence by claim and service."""
    return {(item.claim.value, item.service): item for item in check.read(seen)}
