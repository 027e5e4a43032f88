"""speed, and delay under load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import Check, CheckInfo, Context, Evidence, Numbered, Observation


@dataclass(frozen=True, slots=True)
class Params:
    """Nothing to choose yet."""


class ThroughputCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="throughput",
        version="1",
        title="speed, and delay under load",
        max_seconds=4,
        max_bytes=10_000,
        discloses="Nothing yet.",
        needs=("link",),
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        del ctx, params

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        del observations
        return ()


CHECK: Check[Params] = ThroughputCheck()
