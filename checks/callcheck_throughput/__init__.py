"""How fast this line is both ways, and whether it stays quick while it is busy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import Check, CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_throughput.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """At most so many megabytes and so many seconds each way, whichever is reached first."""

    megabytes: int = 12
    seconds: float = 6.0


class ThroughputCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="throughput",
        version="1",
        title="speed, and delay under load",
        max_seconds=20,
        max_bytes=40_000_000,
        discloses="A public speed test server learns your address and moves up to 24 megabytes; two neutral STUN"
        " servers learn it too.",
        needs=("link", "dns", "messaging", "stun", "relay", "path", "stream"),
        alone=True,
        symptoms=("delay", "metallic"),
        depths=("deep",),
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        from callcheck_throughput.probe import Plan, measure  # noqa: PLC0415 - reading a saved run needs no probe

        await measure(ctx, Plan(params.megabytes * 1_000_000, params.seconds))

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK: Check[Params] = ThroughputCheck()
