"""Where packets stop, when something is silent: growing TTL, call-shaped beside neutral beside a control."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_path.probe import measure
from callcheck_path.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """`rounds` probes of each shape at each TTL from 1 to `max_ttl`."""

    rounds: int = 2
    max_ttl: int = 8
    timeout_s: float = 0.9


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
        await measure(ctx, rounds=params.rounds, max_ttl=params.max_ttl, timeout_s=params.timeout_s)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK = PathCheck()
