"""QUIC: does the web's newer way pass, and does a messenger's name in its first packet matter?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import Budget, Check, CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_quic.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """`neutral_name` is shown to a messenger's server in the place of its own; RFC 2606 sets it aside for such use."""

    neutral_name: str = "example.com"


class QuicCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="quic",
        version="1",
        title="QUIC, the web's newer way",
        max_seconds=6,
        max_bytes=500_000,
        discloses=(
            "Some web sites and WhatsApp's web server see QUIC connections from your address that are closed at once;"
            " the name of WhatsApp's web server stands in clear in some of them."
        ),
        needs=("link",),
        at_depth={"quick": Budget(5, 400_000)},
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        from callcheck_quic.probe import measure  # noqa: PLC0415 - reading a saved run needs no probe

        await measure(ctx, neutral_name=params.neutral_name)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK: Check[Params] = QuicCheck()
