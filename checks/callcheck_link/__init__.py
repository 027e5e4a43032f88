"""Your own line: is there a way out, does it run through a tunnel, and does the router answer without loss?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import Check, CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_link.probe import measure
from callcheck_link.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """`echoes` pings to the router, `interval_ms` apart. Fewer than 20 prove nothing."""

    echoes: int = 50
    interval_ms: int = 25


class LinkCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="link",
        version="1",
        title="your own line",
        max_seconds=4,
        max_bytes=20_000,
        discloses="Only your own router is asked; nothing goes beyond it.",
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        await measure(ctx, echoes=params.echoes, interval_s=params.interval_ms / 1000)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK: Check[Params] = LinkCheck()
