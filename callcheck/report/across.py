"""Evidence that no single check can read: what the observations of several of them say together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from callcheck.model import Evidence, SavedObservation
from callcheck.way_out import Seen, way_out

# Answers that tell under which address this line is seen.
_TELLING: Final = frozenset({"stun.ask", "stun.nat", "stun.after", "relay.ask", "relay.after"})
_NEUTRAL: Final = ""


def read_across(observations: Iterable[SavedObservation]) -> Iterator[Evidence]:
    """one_way_out for each service whose call endpoints say under which address they see this line, compared with what
    neutral hosts see: another address for a service alone is another way there (facts/inference.md 5, a tunnel)."""
    by_service: dict[str, list[Seen]] = {}
    for one in observations:
        address, target = one.data.get("reflexive_address"), one.target
        if one.op in _TELLING and target is not None and isinstance(address, str) and ":" not in address:
            seen = Seen(one.seq, target.endpoint, target.network, address)
            by_service.setdefault(target.service, []).append(seen)
    neutral: Sequence[Seen] = by_service.pop(_NEUTRAL, [])
    for service, own in by_service.items():
        if neutral and (
            found := way_out([*neutral, *own], service=service, function="calls", group=f"way_out:{service}")
        ):
            yield found
