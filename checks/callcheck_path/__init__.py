"""Where packets stop or are lost on the way: growing TTL, call-shaped beside neutral beside a control."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import Budget, CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_path.read import read
from callcheck_path.read_after import read_after
from callcheck_path.read_common import read_common

_RELAYS_LOOKED_AFTER = {"standard": 1, "deep": 2}


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
        max_seconds=30,
        max_bytes=1_500_000,
        discloses="Routers on the way see packets whose time to live runs out, as from traceroute. Call relays see up"
        " to ten questions in a row.",
        at_depth={"quick": Budget(4, 150_000), "standard": Budget(10, 250_000)},
        needs=("link", "dns", "messaging", "stun", "relay"),
        first_look=True,
        symptoms=("connects_forever", "drops"),
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        from callcheck_path.probe import Plan, measure  # noqa: PLC0415 - reading a saved run needs no probe

        plan = Plan(params.max_ttl, params.sweeps, params.repeats, params.timeout_s)
        await measure(ctx, plan, relays=_RELAYS_LOOKED_AFTER.get(ctx.depth, 0))

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return [*read(observations), *read_after(observations), *read_common(observations)]


CHECK = PathCheck()
