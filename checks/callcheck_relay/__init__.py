"""The call endpoints of each service: do they answer what a call begins with, in every form that it may have?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import Budget, CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_relay.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """`asks` questions of each form an endpoint, each on a source port of its own; 0: as many as the depth has time
    for."""

    asks: int = 0
    timeout_s: float = 1.5


class RelayCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="relay",
        version="2",
        title="call relays",
        max_seconds=12,
        max_bytes=300_000,
        discloses=(
            "Telegram's and WhatsApp's call relays learn that somebody at your address tests a call;"
            " Telegram's site, that somebody asked for its list of relays."
        ),
        needs=("link",),
        essential=True,
        first_look=True,
        symptoms=("connects_forever", "key_exchange"),
        at_depth={"quick": Budget(5, 90_000), "standard": Budget(10, 250_000), "deep": Budget(14, 300_000)},
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        from callcheck_relay.plan import plan_for  # noqa: PLC0415 - reading a saved run needs no plan
        from callcheck_relay.probe import measure  # noqa: PLC0415 - reading a saved run needs no probe

        await measure(ctx, plan_for(ctx.depth, asks=params.asks, timeout_s=params.timeout_s))

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK = RelayCheck()
