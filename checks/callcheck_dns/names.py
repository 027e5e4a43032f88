"""Which names are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callcheck.api import Context, Target


@dataclass(frozen=True, slots=True)
class Name:
    """A name to look up; `service` is empty for a control. `needed`: the service's apps find no server without names.
    `known` are addresses that the catalogue gives it."""

    name: str
    service: str
    needed: bool = False
    known: tuple[str, ...] = ()


def names_of(ctx: Context, control_names: Sequence[str]) -> list[Name]:
    """The services' names in the catalogue, then the controls."""
    targets = ctx.targets()
    # Telegram's apps know addresses by heart: that its web site has no name costs them nothing.
    by_heart = {t.service for t in targets if t.function == "messaging" and t.address and not t.host}
    served = sorted({(t.service, t.host) for t in targets if t.host and t.service})
    return [
        *(Name(host, service, service not in by_heart, _known(targets, host)) for service, host in served),
        *(Name(name, "") for name in control_names),
    ]


def _known(targets: Sequence[Target], host: str) -> tuple[str, ...]:
    return tuple(sorted({target.address for target in targets if target.host == host and target.address}))
