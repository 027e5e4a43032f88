"""Do flows to foreign hosting networks outlive 25 packets? Where they do not, a control that dies explains itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import Check, CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_hoster.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """`questions` on one UDP port to each host, ten a second; `tcp_questions` on one connection, one after another."""

    questions: int = 36
    tcp_questions: int = 24


class HosterCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="hoster",
        version="1",
        title="hosts that are cut short",
        max_seconds=30,
        max_bytes=40_000,
        discloses="A few STUN servers at foreign hosting companies learn your public address; each is asked some forty"
        " small questions from one port, ten a second.",
        # The same servers answer the stun check: one after the other keeps to ten questions a second.
        needs=("link", "stun"),
        depths=("standard", "deep"),
        symptoms=("drops",),
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        from callcheck_hoster.probe import measure  # noqa: PLC0415 - reading a saved run needs no probe

        await measure(ctx, questions=params.questions, tcp_questions=params.tcp_questions)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK: Check[Params] = HosterCheck()
