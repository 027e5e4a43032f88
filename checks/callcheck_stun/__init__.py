"""STUN at neutral hosts abroad and at home: does UDP pass at all, and does the magic cookie matter?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_stun.probe import measure
from callcheck_stun.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """`asks` questions a host, each on a source port of its own."""

    asks: int = 3
    timeout_s: float = 1.5


class StunCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="stun",
        version="1",
        title="neutral hosts",
        max_seconds=8,
        max_bytes=60_000,
        discloses="Neutral STUN servers learn your public address, as they do in any video call.",
        needs=("link",),
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        await measure(ctx, asks=params.asks, timeout_s=params.timeout_s)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK = StunCheck()
