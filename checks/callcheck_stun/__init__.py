"""Neutral hosts abroad and at home: does UDP pass, in which shapes, on which ports, and under which address?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import Budget, CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_stun.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """`asks` questions a host, each on a source port of its own; 0: as many as the depth has time for."""

    asks: int = 0
    timeout_s: float = 1.5


class StunCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="stun",
        version="2",
        title="neutral hosts",
        max_seconds=12,
        max_bytes=250_000,
        discloses="Neutral STUN and DTLS servers learn your public address, as they do in any video call.",
        needs=("link",),
        essential=True,
        first_look=True,
        symptoms=("connects_forever", "one_way"),
        at_depth={"quick": Budget(5, 90_000), "standard": Budget(10, 150_000), "deep": Budget(14, 250_000)},
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        from callcheck_stun.plan import plan_for  # noqa: PLC0415 - reading a saved run needs no plan
        from callcheck_stun.probe import measure  # noqa: PLC0415 - reading a saved run needs no probe

        await measure(ctx, plan_for(ctx.depth, asks=params.asks, timeout_s=params.timeout_s))

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK = StunCheck()
