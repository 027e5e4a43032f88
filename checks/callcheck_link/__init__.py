"""Your own line: is there a way out, what stands in it, does the router answer steadily, do web sites answer?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import Budget, Check, CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_link.passes import merged, passes_of
from callcheck_link.read import read

_ECHOES = {"quick": 50, "standard": 110, "deep": 110}
_WEB_S = {"quick": 2.2, "standard": 3.3, "deep": 3.3}
_HEAD_S = 0.25
_TAIL_S = {"quick": 0.45, "standard": 0.75, "deep": 0.75}


@dataclass(frozen=True, slots=True)
class Params:
    """`echoes` pings to the router (0: as many as the depth allows time for), `interval_ms` apart. Fewer than 20 prove
    nothing."""

    echoes: int = 0
    interval_ms: int = 25


class LinkCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="link",
        version="2",
        title="your own line",
        max_seconds=4,
        max_bytes=220_000,
        at_depth={"quick": Budget(max_seconds=4, max_bytes=200_000)},
        discloses="Your own router is pinged. A few ordinary web sites at home and abroad see a visit from your"
        " address, as when a browser finds out whether it is online.",
        symptoms=("metallic", "delay"),
        again=True,
        adds_up=True,
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        from callcheck_link.echo import Pace  # noqa: PLC0415 - as below
        from callcheck_link.probe import measure  # noqa: PLC0415 - reading a saved run needs no probe

        pace = Pace(
            echoes=params.echoes or _ECHOES[ctx.depth],
            interval_s=params.interval_ms / 1000,
            head_s=_HEAD_S,
            tail_s=_TAIL_S[ctx.depth],
        )
        await measure(ctx, pace, web_s=_WEB_S[ctx.depth])

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return merged([read(own) for own in passes_of(observations)])


CHECK: Check[Params] = LinkCheck()
