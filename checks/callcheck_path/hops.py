"""Which hop lies on everybody's way: the same router at the same distance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_FEWEST_CONTROLS = 2
# The first hop stands in the home: what is lost before it says nothing about the way out.
_NEAREST_TTL = 2


@dataclass(frozen=True, slots=True)
class HopSeen:
    """A packet expired `ttl` hops out, at `router`; `network` is the control's, "" for the call's."""

    network: str
    ttl: int
    router: str


def candidates(seen: Sequence[HopSeen]) -> tuple[int, ...]:
    """Distances at which controls of two networks meet one router, the farthest first.

    Where the call's packets were seen there at all, it was at that router. That they were not may be the very loss
    that is looked for; who reads the probes asks for it then.
    """
    ttls = sorted({one.ttl for one in seen if one.ttl >= _NEAREST_TTL}, reverse=True)
    return tuple(ttl for ttl in ttls if _is_common([one for one in seen if one.ttl == ttl]))


def _is_common(at_hop: Sequence[HopSeen]) -> bool:
    pairs = {(one.network, one.router) for one in at_hop if one.router}
    networks = Counter(router for network, router in pairs if network)
    if not networks:
        return False
    router, count = networks.most_common(1)[0]
    others = {one.router for one in at_hop if not one.network} - {router, ""}
    return count >= _FEWEST_CONTROLS and not others
