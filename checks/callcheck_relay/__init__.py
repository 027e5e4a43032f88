"""The call endpoints of each service: do they answer what a call begins with?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_relay.probe import measure
from callcheck_relay.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """`asks` questions of each form an endpoint, each on a source port of its own."""

    asks: int = 3
    timeout_s: float = 1.5


class RelayCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="relay",
        version="1",
        title="call relays",
        max_seconds=8,
        max_bytes=60_000,
        discloses="Telegram's and WhatsApp's call relays learn that somebody at your address tests a call.",
        needs=("link",),
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        await measure(ctx, asks=params.asks, timeout_s=params.timeout_s)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK = RelayCheck()
