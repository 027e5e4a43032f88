"""Where packets stop, when something is silent: growing TTL, call-shaped beside neutral beside a control."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_path.probe import Plan, measure
from callcheck_path.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """Call and control are probed `sweeps` times at each TTL up to `max_ttl`; where they differ, every shape
    `repeats` times at the hop in question."""

    sweeps: int = 2
    max_ttl: int = 8
    repeats: int = 6
    timeout_s: float = 0.7


class PathCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="path",
        version="1",
        title="where it stops",
        max_seconds=10,
        max_bytes=80_000,
        discloses="Routers on the way see packets whose time to live runs out, as from traceroute.",
        needs=("link", "dns", "messaging", "stun", "relay"),
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        await measure(ctx, Plan(params.max_ttl, params.sweeps, params.repeats, params.timeout_s))

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK = PathCheck()
