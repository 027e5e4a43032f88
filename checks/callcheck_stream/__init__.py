"""The call itself: numbered packets at a call's rate to call endpoints and, in the same ticks, to neutral hosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_stream.probe import measure
from callcheck_stream.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """How long the flows last at each depth."""

    quick_s: float = 5.2
    standard_s: float = 30.0
    deep_s: float = 30.0


class StreamCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="stream",
        version="1",
        title="a call's worth of packets",
        max_seconds=45,
        max_bytes=3_000_000,
        discloses="Call relays and neutral STUN servers see a steady trickle of packets from your address.",
        needs=("link", "dns", "messaging", "stun", "relay", "path"),
        alone=True,
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        seconds = {"quick": params.quick_s, "standard": params.standard_s, "deep": params.deep_s}[ctx.depth]
        await measure(ctx, seconds=seconds)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK = StreamCheck()
