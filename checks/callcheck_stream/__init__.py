"""The call itself: numbered packets at a call's rate to call endpoints and, in the same ticks, to neutral hosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from callcheck.api import Budget, CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_stream.params import Params
from callcheck_stream.read import read

__all__ = ["CHECK", "Params"]


class StreamCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="stream",
        version="2",
        title="a call's worth of packets",
        max_seconds=52,
        max_bytes=6_200_000,
        at_depth={"quick": Budget(15, 1_000_000), "deep": Budget(215, 20_000_000)},
        discloses="Call relays and neutral STUN servers see a steady trickle of packets from your address.",
        needs=("link", "dns", "messaging", "stun", "relay", "path"),
        alone=True,
        symptoms=("metallic", "drops", "one_way", "delay"),
        adds_up=True,
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        from callcheck_stream.probe import measure  # noqa: PLC0415 - reading a saved run needs no probe

        await measure(ctx, lengths=params.lengths(ctx.depth), access=params.turn_access)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK = StreamCheck()
