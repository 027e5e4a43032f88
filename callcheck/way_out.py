"""Under which addresses this line is seen, compared between networks: one way out, several, or one that changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from callcheck.api import Claim, Evidence, Function

# From so many hosts in so many networks on, one address for all of them is the line's.
_HOSTS, _NETWORKS = 3, 2
# An address that one answer alone shows may be that answer's mistake.
_ANSWERS = 2


class Seen(msgspec.Struct, frozen=True):
    """One answer: its place in the journal, who answered (`host`, in `network`), and the address it saw (IPv4)."""

    seq: int
    host: str
    network: str
    address: str


def way_out(
    seen: Sequence[Seen], *, service: str = "", function: Function = "", group: str = "way_out"
) -> Evidence | None:
    """The claim one_way_out, or None without an answer. Facts: `addresses` and `networks` (counts), `changed`.

    +2: three hosts in two networks saw one address. -3: networks saw different addresses in the same seconds, each
    network always the same one: some of them are reached by another way (a tunnel for some prefixes, or a provider
    that balances by destination). 0 where one network saw two addresses, or one address followed the other in time:
    the address changed, or each flow gets one of a pool (`changed`); and where too few answered.
    """
    if not seen:
        return None
    by_network: dict[str, set[str]] = {}
    for one in seen:
        by_network.setdefault(one.network, set()).add(one.address)
    addresses = {one.address for one in seen}
    changed = any(len(found) > 1 for found in by_network.values()) or (len(addresses) > 1 and _in_turn(seen))
    strength = 0
    if len(addresses) == 1:
        strength = 2 if len({one.host for one in seen}) >= _HOSTS and len(by_network) >= _NETWORKS else 0
    elif not changed and all(count >= _ANSWERS for count in _counts(seen).values()):
        strength = -3
    return Evidence(
        service=service,
        function=function,
        claim=Claim.one_way_out,
        facts={"addresses": len(addresses), "networks": len(by_network), "changed": changed},
        strength=strength,
        group=group,
        seqs=tuple(one.seq for one in seen),
    )


def _in_turn(seen: Iterable[Seen]) -> bool:
    """Whether two addresses follow each other in the journal, as they do when one replaces the other."""
    spans: dict[str, tuple[int, int]] = {}
    for one in seen:
        low, high = spans.get(one.address, (one.seq, one.seq))
        spans[one.address] = (min(low, one.seq), max(high, one.seq))
    ordered = sorted(spans.values())
    return any(earlier[1] < later[0] for earlier, later in pairwise(ordered))


def _counts(seen: Iterable[Seen]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in seen:
        counts[one.address] = counts.get(one.address, 0) + 1
    return counts
