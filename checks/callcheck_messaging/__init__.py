"""The text path: do the messengers' own servers answer what their apps say, by name, for long, and in any size?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import Budget, Check, CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_messaging.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """`connect_s` bounds the look-up and the connection together, `answer_s` the wait for an answer."""

    connect_s: float = 2.5
    answer_s: float = 2.4


class MessagingCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="messaging",
        version="1",
        title="text messages",
        max_seconds=6,
        max_bytes=350_000,
        discloses=(
            "Telegram's and WhatsApp's servers and web sites, and neutral web sites, see greetings, short downloads and"
            " uploads of random bytes from your address, without any account. Who watches the line sees their names."
        ),
        needs=("link",),
        essential=True,
        first_look=True,
        symptoms=("text_too",),
        at_depth={"standard": Budget(20, 2_500_000), "deep": Budget(24, 4_000_000)},
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        from callcheck_messaging.probe import measure  # noqa: PLC0415 - reading a saved run needs no probe

        await measure(ctx, connect_s=params.connect_s, answer_s=params.answer_s)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK: Check[Params] = MessagingCheck()
