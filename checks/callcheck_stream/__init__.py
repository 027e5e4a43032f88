"""The call itself: numbered packets at a call's rate to call endpoints and, in the same ticks, to neutral hosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from callcheck.api import Budget, CheckInfo, Context, Depth, Evidence, Numbered, Observation
from callcheck_stream.endpoints import TurnAccess
from callcheck_stream.probe import Lengths, measure
from callcheck_stream.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """How long the flows of a round last at each depth, and how long they may where losses come in runs.

    The TURN server, where one is given, bears a loop of its own beside the others: a neutral way out and back that is
    built like the way through a call relay.
    """

    quick_s: float = 5.2
    standard_s: float = 30.0
    standard_longest_s: float = 42.0
    deep_s: float = 30.0
    deep_longest_s: float = 45.0
    turn_host: str = ""
    turn_port: int = 3478
    turn_username: str = ""
    turn_password: str = field(default="", repr=False)

    def lengths(self, depth: Depth) -> Lengths:
        return {
            "quick": Lengths(self.quick_s, self.quick_s),
            "standard": Lengths(self.standard_s, self.standard_longest_s),
            "deep": Lengths(self.deep_s, self.deep_longest_s),
        }[depth]

    @property
    def turn_access(self) -> TurnAccess | None:
        if not self.turn_host:
            return None
        return TurnAccess(self.turn_host, self.turn_port, self.turn_username, self.turn_password)


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
        await measure(ctx, lengths=params.lengths(ctx.depth), access=params.turn_access)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK = StreamCheck()
