"""Names: does your resolver answer, does it tell the truth, and does anybody answer in another's name?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from callcheck.api import Budget, Check, CheckInfo, Context, Evidence, Numbered, Observation
from callcheck_dns.read import read


@dataclass(frozen=True, slots=True)
class Params:
    """`control_names` are asked beside the services' names; these two are set aside for such use by RFC 2606.
    `timeout_s` bounds one question to another resolver, which is asked `tries` times (once in a quick run)."""

    control_names: tuple[str, ...] = ("example.com", "example.org")
    timeout_s: float = 1.0
    tries: int = 2


class DnsCheck:
    info: ClassVar[CheckInfo] = CheckInfo(
        name="dns",
        version="2",
        title="names and addresses",
        max_seconds=6,
        max_bytes=500_000,
        discloses="Your resolver and some public resolvers learn that your address asked for the services' names.",
        needs=("link",),
        essential=True,
        symptoms=("text_too",),
        at_depth={"quick": Budget(5, 300_000)},
    )

    @property
    def params(self) -> type[Params]:
        return Params

    async def run(self, ctx: Context, params: Params) -> None:
        from callcheck_dns.probe import measure  # noqa: PLC0415 - reading a saved run needs no probe

        tries = 1 if ctx.depth == "quick" else params.tries
        await measure(ctx, control_names=params.control_names, timeout_s=params.timeout_s, tries=tries)

    def read(self, observations: Sequence[Numbered[Observation]]) -> Iterable[Evidence]:
        return read(observations)


CHECK: Check[Params] = DnsCheck()
